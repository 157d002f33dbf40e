// Git-datapact-pull brings what others recorded to all dataset branches.
//
// Usage: git datapact pull [--dry-run] [--json] [REMOTE]
package main

import (
	"context"

	"github.com/git-datapact/git-datapact/cmd/internal/exchanges"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/exchange"
)

type command struct {
	DryRun bool   `short:"n" help:"Fetch, and say what would be done, but change no local branch."`
	JSON   bool   `name:"json" help:"Print a JSON object per branch and line."`
	Remote string `arg:"" optional:"" help:"The remote (default: origin, or the only one)."`
}

func (*command) Help() string {
	return "Bring what others recorded to all dataset branches at once: start those that only the remote has, and put your own receipts on top where both sides recorded some."
}

// Run pulls, and prints a line for each branch that changed.
func (c *command) Run(ctx context.Context, env *frame.Env) error {
	repository := gitcmd.Open("")
	defer repository.Close()
	remote, err := exchanges.Remote(ctx, repository, c.Remote, false)
	if err != nil {
		return err
	}
	outcomes, err := exchange.Pull(ctx, repository, remote, &exchange.Options{DryRun: c.DryRun})
	if err != nil {
		return err
	}
	return exchanges.Print(env, remote, outcomes, c.JSON)
}

func main() { frame.Main("git-datapact-pull", &command{}) }
