package ledger

import (
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/index"
)

// A Choice is what receipts must have to be chosen. The zero value chooses all.
type Choice struct {
	Where  []receipts.Condition // that the metadata of its lineage may fulfil, see mayFulfil
	Since  time.Time            // of the execution, the zero time for any
	Until  time.Time            // likewise
	Digest string               // that the blob or a SHA-256 of an output begins with, "" for any

	// Outputs tells whether the outputs may be those that are looked for, by their paths and
	// filters alone; nil where any will do.
	Outputs func(*receipts.Receipt) bool
}

// may reports whether a receipt, whose outputs need not be known, may be chosen.
func (c *Choice) may(r *receipts.Receipt) bool {
	return !r.Timestamp.Time().Before(c.Since) && !c.late(r) && mayFulfil(r, c.Where)
}

// late reports whether a receipt is newer than what is chosen.
func (c *Choice) late(r *receipts.Receipt) bool {
	return !c.Until.IsZero() && r.Timestamp.Time().After(c.Until)
}

// narrows reports whether the choice leaves out more than the newest receipts tell.
func (c *Choice) narrows() bool {
	return len(c.Where) > 0 || !c.Since.IsZero() || !c.Until.IsZero() || c.Digest != "" || c.Outputs != nil
}

// Choose lists the current receipts that accept, as [Ledger.Scan] does: all of these have
// what the choice says, so that the index can find them. Where the branch has an index, and
// clocks broke the rules, the order is right however far the receipts are from each other.
func (l *Ledger) Choose(ctx context.Context, choice Choice, accept func(*receipts.Receipt) bool) iter.Seq2[*Entry, error] {
	if !choice.narrows() {
		return l.Scan(ctx, accept)
	}
	return func(yield func(*Entry, error) bool) {
		stack, build := l.openIndex(ctx)
		if stack == nil {
			s := scan{ledger: l, accept: accept, given: map[receipts.ID]bool{}, build: build}
			s.run(ctx, yield)
			return
		}
		defer stack.Close()
		c := chooser{scan: scan{ledger: l, accept: accept, given: map[receipts.ID]bool{}}, choice: choice, stack: stack, yield: yield}
		err := errBad
		if stack.Bad() == 0 { // else it takes the history to tell where they stand
			err = c.choose(ctx)
		}
		if err == nil || errors.Is(err, errEnough) {
			return
		}
		if !errors.Is(err, errBad) {
			l.dropIndex(ctx)
		}
		l.Scan(ctx, func(r *receipts.Receipt) bool { return accept(r) && !c.given[r.ID()] })(yield)
	}
}

var (
	errEnough = errors.New("enough")
	errBad    = errors.New("there are bad receipts")
)

// A chooser finds receipts by an index.
type chooser struct {
	scan
	choice Choice
	stack  *index.Stack
	yield  func(*Entry, error) bool
	list   []found
}

// choose lists what is chosen. The error is errEnough, or one of the index.
func (c *chooser) choose(ctx context.Context) error {
	condition, err := c.telling()
	switch {
	case err != nil:
	case condition != nil:
		err = c.stack.Facts(condition.Key, condition.Value, c.take)
	case c.choice.Digest != "":
		err = c.stack.Digests(c.choice.Digest, c.take)
	case c.choice.Outputs != nil:
		err = c.stack.Outputs(c.choice.Outputs, c.take)
	default:
		err = c.back(ctx)
	}
	if err != nil {
		return err
	}
	slices.SortStableFunc(c.list, func(a, b found) int { return b.finished.Compare(a.finished) })
	return c.hand(ctx)
}

// telling is a condition that the receipts themselves tell of, nil for none: where they do
// not, it takes what they were made from.
func (c *chooser) telling() (*receipts.Condition, error) {
	for i, condition := range c.choice.Where {
		if condition.Op != "=" {
			continue
		}
		if tells, err := c.stack.Tells(condition.Key); tells || err != nil {
			return &c.choice.Where[i], err
		}
	}
	return nil, nil
}

// take notes a receipt that may be chosen.
func (c *chooser) take(r *index.Record) error {
	if c.choice.may(r.Receipt) {
		c.list = append(c.list, found{finished: r.Receipt.Timestamp, file: gitcmd.File{Path: r.ID.ID().Path(), Hash: hashOf(r.Blob)}})
	}
	return nil
}

// atOnce is how many receipts are gathered before they are read.
const atOnce = 64

// back goes back in time, and lists what it finds on the way.
func (c *chooser) back(ctx context.Context) error {
	until := receipts.Timestamp{}
	if !c.choice.Until.IsZero() {
		until = receipts.NewTimestamp(c.choice.Until)
	}
	err := c.stack.Back(until, func(r *index.Record) error {
		at := r.Receipt.Timestamp
		if at.Time().Before(c.choice.Since) {
			return errPast
		}
		if n := len(c.list); n >= atOnce && c.list[n-1].finished != at {
			if err := c.hand(ctx); err != nil {
				return err
			}
		}
		return c.take(r)
	})
	if errors.Is(err, errPast) {
		err = nil
	}
	return err
}

var errPast = errors.New("what follows is older")

// hand reads and yields what was found, which is in the order of time, those of one second
// in the order of the history.
func (c *chooser) hand(ctx context.Context) error {
	list := c.list
	c.list = nil
	ended := false
	yield := func(entry *Entry, err error) bool {
		if entry != nil {
			if c.given[entry.ID] = true; !c.accept(entry.Receipt) {
				return true
			}
		}
		ended = !c.yield(entry, err) || err != nil
		return !ended
	}
	c.giveInOrder(ctx, list, yield)
	if ended {
		return errEnough
	}
	return ctx.Err()
}

// giveInOrder reads receipts that are in the order of their timestamps. Not before it comes
// to several of one second does it read the history.
func (s *scan) giveInOrder(ctx context.Context, list []found, yield func(*Entry, error) bool) {
	ties := 0 // from where on there are several of a second
	for ties < len(list) && (ties+1 == len(list) || list[ties].finished != list[ties+1].finished) {
		ties++
	}
	if !s.give(ctx, list[:ties], yield) || ties == len(list) {
		return
	}
	if err := s.place(ctx, list[ties:]); err != nil {
		yield(nil, err)
		return
	}
	s.give(ctx, list[ties:], yield)
}

// Readers lists the current receipts that have any of some inputs, whatever execution of it,
// in the order of their ids. It is not ok where the branch has no index that tells.
func (l *Ledger) Readers(ctx context.Context, inputs []receipts.Input) (ids []receipts.ID, ok bool) {
	stack, _ := l.openIndex(ctx)
	if stack == nil {
		return nil, false
	}
	defer stack.Close()
	if stack.Bad() > 0 {
		return nil, false
	}
	for _, in := range inputs {
		err := stack.Reads(in.Branch, in.Result, func(r *index.Record) error {
			if slices.ContainsFunc(r.Receipt.Input, func(own receipts.Input) bool { return own.Branch == in.Branch && own.Result == in.Result }) {
				ids = append(ids, r.ID.ID())
			}
			return nil
		})
		if err != nil {
			l.dropIndex(ctx)
			return nil, false
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), true
}
