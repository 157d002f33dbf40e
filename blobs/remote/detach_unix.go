//go:build unix

package remote

import (
	"os"
	"os/exec"
	"syscall"
)

// detach keeps a terminal's signals from a process: it ends when the command does not need
// it any more.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// killGroup ends a detached process and those that it started.
func killGroup(p *os.Process) { _ = syscall.Kill(-p.Pid, syscall.SIGKILL) }
