//go:build unix

package gitcmd

import (
	"os"
	"os/exec"
	"syscall"
)

// setGroup keeps the terminal's signals from a process.
func setGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// terminate asks a git process to end, which removes its lock files.
func terminate(p *os.Process) error { return p.Signal(syscall.SIGTERM) }

// terminateGroup asks a process and those it started to end.
func terminateGroup(p *os.Process) error { return syscall.Kill(-p.Pid, syscall.SIGTERM) }

// terminalName is the terminal that a process was started at.
const terminalName = "/dev/tty"
