// Package diff is the command git-datapact-diff, which says what differs between two
// receipts.
package diff

import (
	"context"
	"fmt"

	"github.com/git-datapact/git-datapact/cmd/internal/entries"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/cmd/internal/storeflag"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/pipeline/plan"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

type command struct {
	storeflag.Flag
	Content string `placeholder:"PATH" xor:"form" help:"Show how one output differs, as 'git diff' does."`
	JSON    bool   `name:"json" xor:"form" help:"Print one JSON object per difference and line."`
	Before  string `arg:"" help:"A receipt."`
	After   string `arg:"" optional:"" help:"Another one; without it, the first is compared with the one recorded before it."`
}

func (*command) Help() string {
	return "Say what differs between two receipts: inputs, metadata, what ran, and outputs with their sizes. The exit status is 1 when they differ."
}

// Run compares. That they differ is a negative answer.
func (c *command) Run(ctx context.Context, env *frame.Env) (err error) {
	defer storeflag.Hint(&err)
	repository := gitcmd.Open("")
	defer repository.Close()
	catalog := jobs.Later(repository)
	before, after, err := c.find(ctx, repository, plan.Leave(repository, catalog))
	if err != nil {
		return err
	}
	if c.Content != "" {
		return c.content(ctx, env, repository, catalog, before, after)
	}
	if err := c.unpack(ctx, env, repository, catalog, []*ledger.Entry{before, after}); err != nil {
		return err
	}
	difference := receipts.Compare(before.Receipt, after.Receipt, entries.Path)
	if err := env.Page(ctx, repository); err != nil {
		return err
	}
	if c.JSON {
		err = printJSON(env, &difference)
	} else {
		err = printText(env, before, after, &difference)
	}
	if err == nil && !difference.Same() {
		return gitcmd.ErrNegative
	}
	return err
}

// find finds both receipts.
func (c *command) find(ctx context.Context, repository *gitcmd.Repository, leave ledger.Leave) (before, after *ledger.Entry, err error) {
	if before, err = ledger.Show(ctx, repository, c.Before, leave); err != nil {
		return nil, nil, err
	}
	if c.After == "" {
		after = before
		before, err = previous(ctx, repository, after)
		return before, after, err
	}
	after, err = ledger.Show(ctx, repository, c.After, leave)
	return before, after, err
}

// previous is the receipt that a branch lists after another one, newest first.
func previous(ctx context.Context, repository *gitcmd.Repository, entry *ledger.Entry) (*ledger.Entry, error) {
	l, err := ledger.Open(ctx, repository, entry.Receipt.Branch)
	if err != nil {
		return nil, err
	}
	found := false
	for other, err := range l.Log(ctx) {
		if err != nil {
			return nil, err
		}
		if found {
			return other, nil
		}
		found = other.ID == entry.ID
	}
	return nil, gitcmd.WithHint(gitcmd.Negative(fmt.Errorf("%s@%s is the first receipt of its branch", entry.Receipt.Branch, entry.ID[:12])),
		"name two receipts to compare them")
}

// New returns the command.
func New() frame.Command { return &command{} }
