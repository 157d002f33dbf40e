package local

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// ownGroup keeps the console's interrupt from a command.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// askGroup cannot ask: there is no such signal.
func askGroup(*os.Process) error { return errors.ErrUnsupported }

// killGroup ends the process; what it has started is not known.
func killGroup(leader *os.Process) { _ = leader.Kill() }
