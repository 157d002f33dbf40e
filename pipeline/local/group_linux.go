package local

import (
	"os/exec"
	"syscall"
)

// ownGroup starts a command in a process group of its own, and has it killed when the
// thread that starts it ends.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
