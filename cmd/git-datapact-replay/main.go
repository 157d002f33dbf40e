// Git-datapact-replay announces receipts again, so that what depends on them is
// executed again.
//
// Usage: git datapact replay [--pending BRANCH]… [--stale BRANCH]… [--dry-run] [--json] [SELECTOR…]
package main

import (
	"context"
	"errors"

	"github.com/git-datapact/git-datapact/cmd/internal/entries"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/plan"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

type command struct {
	Pending  []string `sep:"none" placeholder:"BRANCH" help:"Replay what the pending executions of this branch read."`
	Stale    []string `sep:"none" placeholder:"BRANCH" help:"Replay what the stale executions of this branch read."`
	DryRun   bool     `short:"n" help:"Say what would be replayed, commit nothing."`
	JSON     bool     `name:"json" help:"Print each receipt as one JSON object on a line."`
	Selector []string `arg:"" optional:"" help:"The receipts to replay."`
}

func (*command) Help() string {
	return "Announce receipts again: one commit each, with a newer timestamp and the same outputs, so that what depends on them is stale."
}

// Run replays what is chosen; nothing chosen is a negative answer.
func (c *command) Run(ctx context.Context, env *gitcmd.Env) error {
	if len(c.Pending)+len(c.Stale)+len(c.Selector) == 0 {
		return gitcmd.Usage(errors.New("nothing is chosen: want SELECTOR, --pending or --stale"))
	}
	repository := gitcmd.Open("")
	defer repository.Close()
	chosen, err := plan.Chosen(ctx, repository, plan.Choice{Selectors: c.Selector, Pending: c.Pending, Stale: c.Stale})
	if err != nil {
		return err
	}
	if len(chosen) == 0 {
		return gitcmd.ErrNegative
	}
	print := func(entry *ledger.Entry) error { return entries.Print(env, entry, c.JSON, entries.Selector) }
	if c.DryRun {
		for _, entry := range chosen {
			if err := print(entry); err != nil {
				return err
			}
		}
		return nil
	}
	return plan.Replay(ctx, repository, chosen, print)
}

func main() { gitcmd.Main("git-datapact-replay", &command{}) }
