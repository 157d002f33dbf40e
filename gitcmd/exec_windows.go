package gitcmd

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// setGroup keeps the console's interrupts from a process.
func setGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// terminate ends a git process; Windows knows no gentler way.
func terminate(p *os.Process) error { return p.Kill() }

// terminateGroup ends a git process; what it started ends with its pipes.
func terminateGroup(p *os.Process) error { return p.Kill() }

// replaceProcess runs the executable and ends this process with its status.
func replaceProcess(path string, args []string) error {
	cmd := &exec.Cmd{Path: path, Args: args, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		return err
	}
	os.Exit(cmd.ProcessState.ExitCode())
	return nil
}
