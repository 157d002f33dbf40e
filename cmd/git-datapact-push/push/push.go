// Package push is the command git-datapact-push, which sends what was recorded on all dataset
// branches to a remote.
package push

import (
	"context"

	"github.com/git-datapact/git-datapact/cmd/internal/exchanges"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/cmd/internal/progress"
	"github.com/git-datapact/git-datapact/cmd/internal/storeflag"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/exchange"
)

type command struct {
	storeflag.Flags
	progress.Watch
	DryRun bool   `short:"n" help:"Fetch, look for the blobs, and say what would be pushed, but push nothing."`
	JSON   bool   `name:"json" help:"Print a JSON object per branch and line."`
	Remote string `arg:"" optional:"" help:"The remote (default: remote.pushDefault, origin, or the only one)."`
}

func (*command) Help() string {
	return "Send what was recorded on all dataset branches to a remote, after making sure that the store has its blobs, and on top of what others recorded."
}

// Run pushes, and prints a line for each branch that was pushed.
func (c *command) Run(ctx context.Context, env *frame.Env) (err error) {
	defer storeflag.Hint(&err)
	repository := gitcmd.Open("")
	defer repository.Close()
	remote, err := exchanges.Remote(ctx, repository, c.Remote, true)
	if err != nil {
		return err
	}
	opts := &exchange.Options{DryRun: c.DryRun, Check: func(ctx context.Context, outgoing []exchange.Outgoing) (map[string]error, error) {
		return c.check(ctx, env, repository, outgoing)
	}}
	outcomes, err := exchange.Push(ctx, repository, remote, opts)
	if err != nil {
		return err
	}
	return exchanges.Print(env, remote, outcomes, c.JSON)
}

// New returns the command.
func New() frame.Command { return &command{} }
