package remote

import (
	"os"
	"os/exec"
	"syscall"
)

// detach keeps a terminal's signals from a process: it ends when the command does not need
// it any more.
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// killGroup ends a detached process.
func killGroup(p *os.Process) { _ = p.Kill() }
