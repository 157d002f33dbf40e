// Package show is the command git-datapact-show, which prints one receipt in full.
package show

import (
	"context"

	"github.com/git-datapact/git-datapact/cmd/internal/entries"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/pipeline/plan"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

type command struct {
	Selector string `arg:"" optional:"" help:"Which receipt; the newest of the current branch by default."`
	Signed   bool   `name:"signatures" help:"Say whether the commit that recorded it is signed, and by whom."`
	JSON     bool   `name:"json" help:"Print the receipt as one JSON object on a line."`
}

func (*command) Help() string { return "Print one receipt in full." }

// Run prints the receipt with the commit that recorded it.
func (c *command) Run(ctx context.Context, env *frame.Env) error {
	repository := gitcmd.Open("")
	defer repository.Close()
	entry, err := ledger.Show(ctx, repository, c.Selector, plan.Leave(repository, jobs.Later(repository)))
	if err != nil {
		return err
	}
	if c.Signed {
		if err := ledger.CheckSignatures(ctx, repository, entry); err != nil {
			return err
		}
	}
	if err := env.Page(ctx, repository); err != nil {
		return err
	}
	return entries.Print(env, entry, c.JSON, entries.Full)
}

// New returns the command.
func New() frame.Command { return &command{} }
