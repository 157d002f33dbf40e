package ledger

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
)

// A Query chooses receipts of a branch to list.
type Query struct {
	Selector Selector                     // narrows the list; a receipt's id lists its executions
	Where    []receipts.Condition         // all of which must hold
	Since    time.Time                    // of the execution, the zero time for any
	Until    time.Time                    // likewise
	Limit    int                          // of the receipts listed, negative for none
	Commits  bool                         // whether the entries must name their commits
	Taken    bool                         // whether those that were retracted are listed too
	Digest   string                       // that one of each receipt's outputs begins with, "" for any
	Signed   bool                         // whether their signatures are to be checked, for which they do
	Outputs  func(*receipts.Receipt) bool // whether a receipt has those that are looked for, by their paths and filters alone; nil for any
	Lineage  *Lineage                     // that conditions look at, see [Lineage.Values]; nil for a new one
}

// A Since is the time that a list goes back to.
type Since struct{ time.Time }

// UnmarshalText reads a day, which means its first second, or a time as [ParseTime] does.
func (s *Since) UnmarshalText(text []byte) (err error) {
	if s.Time, err = time.Parse(time.DateOnly, string(text)); err != nil {
		s.Time, err = ParseTime(string(text))
	}
	return err
}

// An Until is the time that a list begins at, the newest first.
type Until struct{ time.Time }

// UnmarshalText reads what [ParseTime] does.
func (u *Until) UnmarshalText(text []byte) (err error) {
	u.Time, err = ParseTime(string(text))
	return err
}

// Search lists what a query chooses, newest first.
func (l *Ledger) Search(ctx context.Context, q Query) (iter.Seq2[*Entry, error], error) {
	q.Commits = q.Commits || q.Signed
	if q.Lineage == nil {
		q.Lineage = NewLineage(l.repository, func(error) {})
	}
	choice := q.choice()
	var all iter.Seq2[*Entry, error]
	switch {
	case q.Selector.Revision != "":
		id, err := l.lookupID(ctx, q)
		if err != nil {
			return nil, err
		}
		all, q.Commits = l.Executions(ctx, id), true
	case q.Taken && q.Commits:
		all = l.log(ctx, map[receipts.ID]gitcmd.Hash{}, q.enough())
	case q.Taken:
		all = l.scan(ctx, choice.may, map[receipts.ID]gitcmd.Hash{}, q.enough())
	case q.Commits:
		all = l.log(ctx, nil, q.enough())
	default:
		all = l.Choose(ctx, choice, choice.may)
	}
	list := q.limited(q.Lineage.fulfilling(ctx, choice.Where, q.having(choice.inTime(all))))
	if q.Signed {
		list = l.withSignatures(ctx, list)
	}
	return list, nil
}

// lookupID is the id of the receipt that a query names, which may be a retracted one.
func (l *Ledger) lookupID(ctx context.Context, q Query) (receipts.ID, error) {
	entry, err := l.Lookup(ctx, q.Selector)
	if retracted, ok := errors.AsType[*RetractedError](err); ok && q.Taken {
		return retracted.ID, nil
	}
	if err != nil {
		return "", err
	}
	return entry.ID, nil
}

// inTime leaves out of a list, newest first, what was executed before or after what is chosen.
func (c *Choice) inTime(all iter.Seq2[*Entry, error]) iter.Seq2[*Entry, error] {
	return func(yield func(*Entry, error) bool) {
		for entry, err := range all {
			switch {
			case err != nil:
				entry = nil
			case entry.Receipt.Timestamp.Time().Before(c.Since):
				return // what follows is older
			case c.late(entry.Receipt):
				continue
			}
			if !yield(entry, err) {
				return
			}
		}
	}
}

// having leaves out of a list what does not have the outputs that are looked for.
func (q Query) having(all iter.Seq2[*Entry, error]) iter.Seq2[*Entry, error] {
	if q.Outputs == nil {
		return all
	}
	return func(yield func(*Entry, error) bool) {
		for entry, err := range all {
			if err == nil && !q.Outputs(entry.Receipt) {
				continue
			}
			if !yield(entry, err) {
				return
			}
		}
	}
}

// choice is what the query says of the receipts themselves.
func (q Query) choice() Choice {
	c := Choice{Where: slices.Concat(q.Where, q.Selector.conditions()), Since: q.Since, Until: q.Until, Digest: q.Digest, Outputs: q.Outputs}
	if before := q.Selector.Before; !before.IsZero() && (c.Until.IsZero() || before.Before(c.Until)) {
		c.Until = before
	}
	return c
}

// enough is how many receipts may be enough, a screenful where the query does not say.
func (q Query) enough() int {
	if q.Limit < 0 || q.Limit > walked {
		return 32
	}
	return q.Limit + q.Selector.Back
}

// limited is the part of a list that the query leaves.
func (q Query) limited(all iter.Seq2[*Entry, error]) iter.Seq2[*Entry, error] {
	return func(yield func(*Entry, error) bool) {
		left, back := q.Limit, q.Selector.Back
		if left == 0 {
			return
		}
		for entry, err := range all {
			if err == nil && back > 0 {
				back--
				continue
			}
			if err == nil {
				left--
			}
			if !yield(entry, err) || left == 0 {
				return
			}
		}
	}
}

// Show is [Lookup], and finds the commit that recorded the receipt.
func Show(ctx context.Context, repository *gitcmd.Repository, text string, leave Leave) (*Entry, error) {
	l, selector, err := OpenSelector(ctx, repository, text, leave)
	if err != nil {
		return nil, err
	}
	entry, err := l.Lookup(ctx, selector)
	if err != nil {
		return nil, err
	}
	if err := l.Locate(ctx, entry); err != nil {
		return nil, fmt.Errorf("looking for the commit of %s: %w", entry.ID, err)
	}
	entry.Expiry, err = l.FindExpiry(ctx, entry)
	return entry, err
}
