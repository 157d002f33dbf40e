// Package log is the command git-datapact-log, which lists the receipts of dataset branches,
// newest first.
package log

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/git-datapact/git-datapact/cmd/internal/entries"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

type command struct {
	Selector []string             `arg:"" optional:"" help:"The branches, or selectors that narrow them; BRANCH@ID lists every execution of one receipt."`
	Number   int                  `short:"n" placeholder:"NUMBER" default:"-1" help:"List this many at most."`
	All      bool                 `help:"List the receipts of all branches."`
	Since    ledger.Since         `placeholder:"DATE" help:"List executions that finished at DATE or after (UTC)."`
	Until    ledger.Until         `placeholder:"DATE" help:"List executions that finished at DATE or before (UTC)."`
	Where    []receipts.Condition `sep:"none" placeholder:"CONDITION" help:"List receipts whose metadata, or else those of what they were made from, the nearest first, fulfil this: KEY=VALUE, or with != < <= > >= or ~ for =; several must all hold."`
	Reverse  bool                 `help:"List the oldest first."`
	Date     dateFormat           `placeholder:"FORMAT" default:"iso" help:"How times are said: iso, relative or short."`
	Oneline  bool                 `help:"Leave out the times."`
	Path     []receipts.Pattern   `sep:"none" placeholder:"GLOB" help:"List receipts with an output whose path matches, as those after a -- do."`
	Columns  columns              `placeholder:"KEY,…" help:"Print a table with these metadata."`
	Sort     string               `placeholder:"KEY" help:"Sort the table by this column: numbers and versions by what they are worth."`
	Graph    bool                 `xor:"form" help:"Draw beside the list what was made from what, and list all that the receipts were made from, each below what was made from it."`
	Taken    bool                 `name:"retracted" help:"With --json, list retracted receipts too, each with the reason, as lines do in any case."`
	Stat     bool                 `xor:"form" help:"List the outputs of each."`
	Signed   bool                 `name:"signatures" help:"Say of each whether the commit that recorded it is signed, and by whom."`
	JSON     bool                 `name:"json" xor:"form" help:"Print one JSON object per line."`
	Offer    bool                 `name:"git-completion-metadata" hidden:"" xor:"form" help:"Print what --where can ask for."`
}

func (*command) Help() string {
	return "List the receipts of dataset branches, newest first."
}

// Run lists what matches; nothing listed is a negative answer.
func (c *command) Run(ctx context.Context, env *frame.Env) error {
	if err := c.check(); err != nil {
		return err
	}
	repository := gitcmd.Open("")
	defer repository.Close()
	l := listing{command: c, env: env}
	l.lineage = entries.Lineage(env, repository, &l.damaged)
	found, err := l.find(ctx, repository)
	if err != nil {
		return err
	}
	if c.Offer {
		return offer(env, found)
	}
	if err := env.Page(ctx, repository); err != nil {
		return err
	}
	if err := l.print(ctx, repository, found); err != nil {
		return err
	}
	if l.tied {
		env.Warnf("this is a shallow clone: the order of receipts of the same second is not known")
	}
	if l.listed == 0 && c.Number != 0 || l.damaged {
		return gitcmd.ErrNegative
	}
	return nil
}

func (c *command) check() error {
	table := len(c.Columns) > 0
	switch {
	case c.All && len(c.Selector) > 0:
		return gitcmd.Usage(errors.New("--all lists all branches: name none"))
	case table && (c.JSON || c.Stat || c.Signed):
		return gitcmd.Usage(errors.New("--columns prints a table, which neither --json, --stat nor --signatures changes"))
	case c.Oneline && (table || c.JSON):
		return gitcmd.Usage(errors.New("--oneline is for lines, not for --columns or --json"))
	case c.Graph && (table || c.Reverse):
		return gitcmd.Usage(errors.New("--graph has an order of its own, without --columns and --reverse"))
	case c.Sort != "" && !table:
		return gitcmd.Usage(errors.New("--sort is for a table: name its --columns"))
	case c.Sort != "" && !slices.Contains(c.Columns, c.Sort):
		return gitcmd.Usage(fmt.Errorf("--sort %s: want one of the columns", c.Sort))
	case c.Sort != "" && c.Reverse:
		return gitcmd.Usage(errors.New("--sort and --reverse: want one of them"))
	}
	return nil
}

// find lists what is asked for, newest first.
func (l *listing) find(ctx context.Context, repository *gitcmd.Repository) (iter.Seq2[*ledger.Entry, error], error) {
	query := ledger.Query{
		Where: l.Where, Since: l.Since.Time, Until: l.Until.Time, Limit: l.Number, Lineage: l.lineage,
		Commits: l.JSON, Taken: l.Taken || !l.JSON && !l.Offer, Signed: l.Signed, Outputs: entries.HaveFiles(l.Path...),
	}
	var lists []iter.Seq2[*ledger.Entry, error]
	add := func(from *ledger.Ledger, selector ledger.Selector) error {
		query.Selector = selector
		found, err := from.Search(ctx, query)
		lists = append(lists, found)
		return err
	}
	if l.All {
		branches, err := repository.ReadableBranches(ctx)
		if err != nil {
			return nil, err
		}
		for _, branch := range branches {
			if err := add(ledger.At(repository, branch), ledger.Selector{}); err != nil {
				return nil, err
			}
		}
	} else if len(l.Selector) == 0 {
		l.Selector = []string{""}
	}
	for _, text := range l.Selector {
		from, selector, err := ledger.OpenSelector(ctx, repository, text, nil)
		if err == nil {
			err = add(from, selector)
		}
		if err != nil {
			return nil, err
		}
	}
	l.several = l.All || len(lists) > 1
	return merge(lists, l.Number), nil
}

// AfterDashes is the flag whose values stand after a --, as paths do in git.
func (*command) AfterDashes() string { return "path" }

// merge joins lists that are newest first to one that is, of so many entries at most where
// that is not negative.
func merge(lists []iter.Seq2[*ledger.Entry, error], limit int) iter.Seq2[*ledger.Entry, error] {
	if len(lists) == 1 {
		return lists[0]
	}
	return func(yield func(*ledger.Entry, error) bool) {
		var heads []*head
		for _, list := range lists {
			next, stop := iter.Pull2(list)
			defer stop()
			heads = append(heads, &head{next: next})
		}
		for limit != 0 {
			var newest *head
			for _, h := range heads {
				if h.advance(); !h.there {
					continue
				}
				if h.err != nil || newest == nil || newest.err == nil && newest.entry.Receipt.Timestamp.Before(h.entry.Receipt.Timestamp) {
					newest = h
				}
			}
			if newest == nil || !yield(newest.entry, newest.err) {
				return
			}
			if newest.err == nil {
				limit--
			}
			newest.taken()
		}
	}
}

// A head is the next entry of a list.
type head struct {
	next  func() (*ledger.Entry, error, bool)
	entry *ledger.Entry
	err   error
	read  bool // entry and err are the next
	there bool // and the list has not ended
}

func (h *head) advance() {
	if !h.read {
		h.entry, h.err, h.there = h.next()
		h.read = true
	}
}

func (h *head) taken() { h.read = false }

// New returns the command.
func New() frame.Command { return &command{} }
