package gitcmd

import (
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

// terminalName is the console that a process was started at.
const terminalName = "CONIN$"
