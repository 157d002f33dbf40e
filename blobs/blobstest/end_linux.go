package blobstest

import (
	"os/exec"
	"syscall"
)

// endWithTest has a command killed when the thread that starts it ends, which threads
// of Go do with their process.
func endWithTest(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
