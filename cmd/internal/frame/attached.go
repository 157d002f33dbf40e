package frame

import (
	"context"
	"os"
	"os/exec"
	"syscall"
)

// Attached runs a program on the streams of the command, such as one of git's that pages and
// colours by itself, and returns its exit status. Where nobody reads what it prints any more,
// the error ends this command without a word, too.
func (e *Env) Attached(ctx context.Context, dir, name string, args ...string) (int, error) {
	if err := e.Flush(); err != nil {
		return 0, err
	}
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = dir, os.Stdin, os.Stdout, os.Stderr
	err := cmd.Run()
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	if cmd.ProcessState == nil {
		return 0, err
	}
	if cmd.ProcessState.Exited() {
		return cmd.ProcessState.ExitCode(), nil
	}
	if ended, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && ended.Signaled() && ended.Signal() == syscall.SIGPIPE {
		return 0, errLeft
	}
	return 0, err
}
