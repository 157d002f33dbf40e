package frame

import (
	"context"
	"errors"

	"github.com/git-datapact/git-datapact/gitcmd"
)

// The exit statuses of every git-datapact command, beside 0 for done.
const (
	ExitNegative    = 1   // the answer is no: invalid, stale, different, nothing matched
	ExitFailure     = 128 // the command could not do its work
	ExitUsage       = 129 // the command line is not understood
	ExitInterrupted = 130 // a signal ended the command
)

// exitStatus is the status of a command that ended with err.
func exitStatus(err error) int {
	switch {
	case err == nil:
		return 0
	case gitcmd.IsSyncError(err):
		return ExitFailure
	case errors.Is(err, context.Canceled):
		return ExitInterrupted
	case errors.Is(err, gitcmd.ErrNegative):
		return ExitNegative
	case errors.Is(err, gitcmd.ErrUsage):
		return ExitUsage
	default:
		return ExitFailure
	}
}
