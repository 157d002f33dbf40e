//go:build unix

package local

import (
	"os"
	"syscall"
)

// askGroup asks all processes of a group to end.
func askGroup(leader *os.Process) error { return syscall.Kill(-leader.Pid, syscall.SIGTERM) }

// killGroup ends all processes of a group.
func killGroup(leader *os.Process) { _ = syscall.Kill(-leader.Pid, syscall.SIGKILL) }
