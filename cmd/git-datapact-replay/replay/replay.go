// Package replay is the command git-datapact-replay, which announces receipts again, so that
// what depends on them is executed again, or asks for executions of one job alone.
package replay

import (
	"context"
	"errors"

	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/gitcmd"
)

type command struct {
	Pending  []string       `type:"branch" sep:"none" placeholder:"BRANCH" help:"Ask for the pending executions of this branch's job."`
	Stale    []string       `type:"branch" sep:"none" placeholder:"BRANCH" help:"Ask for its stale executions."`
	Outdated []string       `type:"branch" sep:"none" placeholder:"BRANCH" help:"Ask for its outdated executions."`
	Failed   []string       `type:"branch" sep:"none" placeholder:"BRANCH" help:"Ask for its executions that failed here, or that are due for an hour."`
	Push     frame.Optional `placeholder:"REMOTE" help:"Push the branches afterwards (--push=REMOTE chooses where to)."`
	DryRun   bool           `short:"n" help:"Say what would be replayed or asked for, commit nothing."`
	JSON     bool           `name:"json" help:"Print each receipt or execution as one JSON object on a line."`
	Selector []string       `arg:"" optional:"" help:"The receipts to replay."`
}

func (*command) Help() string {
	return "Announce receipts again: one commit each, with a newer timestamp and the same outputs, so that what depends on them is stale. Or ask Concourse for executions of one job, whatever else reads the same."
}

// Run replays, or asks for, what is chosen; nothing chosen is a negative answer.
func (c *command) Run(ctx context.Context, env *frame.Env) error {
	if len(c.Pending)+len(c.Stale)+len(c.Outdated)+len(c.Failed)+len(c.Selector) == 0 {
		return gitcmd.Usage(errors.New("nothing is chosen: want SELECTOR, --pending, --stale, --outdated or --failed"))
	}
	repository := gitcmd.Open("")
	defer repository.Close()
	chosen, err := c.choose(ctx, repository)
	if err != nil {
		return err
	}
	if len(chosen.entries)+len(chosen.requests) == 0 {
		return gitcmd.ErrNegative
	}
	return c.announce(ctx, env, repository, chosen)
}

// New returns the command.
func New() frame.Command { return &command{} }
