package frame

import (
	"errors"
	"os"
	"os/exec"
)

// replaceProcess runs the executable and ends this process with its status.
func replaceProcess(path string, args []string) error {
	cmd := &exec.Cmd{Path: path, Args: args, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}
	err := cmd.Run()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		return err
	}
	os.Exit(cmd.ProcessState.ExitCode())
	return nil
}
