// Package log is the command git-datapact-log, which lists the receipts of a dataset branch,
// newest first.
package log

import (
	"context"
	"errors"
	"iter"

	"github.com/git-datapact/git-datapact/cmd/internal/entries"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

type command struct {
	Selector string               `arg:"" optional:"" help:"The branch, or a selector that narrows it; BRANCH@ID lists every execution of one receipt."`
	Number   int                  `short:"n" placeholder:"NUMBER" default:"-1" help:"List this many at most."`
	Since    ledger.Since         `placeholder:"DATE" help:"List executions that finished at DATE or after (UTC)."`
	Where    []receipts.Condition `sep:"none" placeholder:"CONDITION" help:"List receipts whose metadata, their own or of an input, fulfil this: KEY=VALUE, or with != < <= > >= or ~ for =; several must all hold."`
	Taken    bool                 `name:"retracted" help:"With --json, list retracted receipts too, each with the reason, as lines do in any case."`
	Stat     bool                 `help:"List the outputs of each."`
	Signed   bool                 `name:"signatures" help:"Say of each whether the commit that recorded it is signed, and by whom."`
	JSON     bool                 `name:"json" help:"Print one JSON object per line."`
}

func (*command) Help() string { return "List the receipts of a dataset branch, newest first." }

// Run lists what matches; nothing listed is a negative answer.
func (c *command) Run(ctx context.Context, env *frame.Env) error {
	repository := gitcmd.Open("")
	defer repository.Close()
	found, err := c.find(ctx, repository)
	if err != nil {
		return err
	}
	text := entries.Line
	if c.Stat {
		text = entries.Stat
	}
	listed, damaged, tied := 0, false, false
	for entry, err := range found {
		if bad, ok := errors.AsType[*ledger.ReceiptError](err); ok {
			env.Warnf("%v", bad)
			damaged = true
			continue
		}
		if err != nil {
			return err
		}
		if err := entries.Print(env, entry, c.JSON, text); err != nil {
			return err
		}
		listed++
		tied = tied || entry.Tied
	}
	if tied {
		env.Warnf("this is a shallow clone: the order of receipts of the same second is not known")
	}
	if listed == 0 && c.Number != 0 || damaged {
		return gitcmd.ErrNegative
	}
	return nil
}

func (c *command) find(ctx context.Context, repository *gitcmd.Repository) (iter.Seq2[*ledger.Entry, error], error) {
	query := ledger.Query{Where: c.Where, Since: c.Since.Time, Limit: c.Number, Commits: c.JSON, Taken: c.Taken || !c.JSON, Signed: c.Signed}
	l, selector, err := ledger.OpenSelector(ctx, repository, c.Selector, nil)
	if err != nil {
		return nil, err
	}
	query.Selector = selector
	return l.Search(ctx, query)
}

// New returns the command.
func New() frame.Command { return &command{} }
