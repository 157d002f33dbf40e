package verify

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// A Source is receipts of a branch that are to be verified. Without a branch, each is of
// the one that it says.
type Source struct {
	Branch   string
	Receipts iter.Seq2[*ledger.Entry, error]
}

// within says of an error which branch it is about, where that is known.
func (s Source) within(err error) error {
	if s.Branch == "" {
		return err
	}
	return fmt.Errorf("branch %s: %w", s.Branch, err)
}

// sources finds what the selectors choose, before anything is verified.
func (r *run) sources(ctx context.Context) ([]Source, error) {
	if r.opts.Given != nil {
		return r.opts.Given, nil
	}
	if r.opts.History {
		if err := r.repository.WholeHistory(ctx); err != nil {
			return nil, err
		}
	}
	var sources []Source
	for _, text := range r.opts.Selectors {
		s, err := r.selected(ctx, text)
		if err != nil {
			return nil, err
		}
		sources = append(sources, s)
	}
	if len(r.opts.Selectors) > 0 {
		return sources, nil
	}
	branches, err := r.repository.ReadableBranches(ctx)
	if err != nil {
		return nil, err
	}
	for _, branch := range branches {
		sources = append(sources, r.branch(ctx, branch.Name, ledger.At(r.repository, branch)))
	}
	return sources, nil
}

func (r *run) branch(ctx context.Context, name string, l *ledger.Ledger) Source {
	switch {
	case r.opts.History:
		return Source{name, l.History(ctx)}
	case r.opts.Exists && !r.opts.Lineage && len(r.opts.Mirrors) == 0:
		return Source{name, stored(ctx, l)}
	default:
		return Source{name, l.All(ctx)}
	}
}

// stored lists the current receipts of a branch as [ledger.Ledger.Named] does, which is all
// that is asked of a store that is not read: those whose outputs' paths that leaves out whole.
func stored(ctx context.Context, l *ledger.Ledger) iter.Seq2[*ledger.Entry, error] {
	return func(yield func(*ledger.Entry, error) bool) {
		for entry, err := range l.Named(ctx) {
			if err == nil && entry.Pathless() {
				entry, err = l.Find(ctx, entry.ID)
			}
			if !yield(entry, err) {
				return
			}
		}
	}
}

func (r *run) selected(ctx context.Context, text string) (Source, error) {
	l, selector, err := ledger.OpenSelector(ctx, r.repository, text, nil)
	if err != nil {
		return Source{}, err
	}
	if selector == (ledger.Selector{Branch: selector.Branch}) {
		return r.branch(ctx, selector.Branch, l), nil
	}
	entry, err := l.Lookup(ctx, selector)
	if _, bad := errors.AsType[*ledger.ReceiptError](err); err != nil && !bad {
		return Source{}, err
	}
	if r.opts.History && err == nil {
		return Source{selector.Branch, l.Executions(ctx, entry.ID)}, nil
	}
	return Source{selector.Branch, func(yield func(*ledger.Entry, error) bool) { yield(entry, err) }}, nil
}

// walk adds the blobs of all receipts.
func (r *run) walk(ctx context.Context, sources []Source) error {
	for _, s := range sources {
		for entry, err := range s.Receipts {
			if r.damaged(err) {
				continue
			}
			if err != nil && ctx.Err() == nil {
				return s.within(err)
			}
			if err == nil {
				err = r.receipt(ctx, s.Branch, entry)
			}
			if err == nil && r.lineage.waiting >= tracedAtOnce {
				err = r.trace(ctx)
			}
			if err != nil {
				return err
			}
		}
	}
	return r.trace(ctx)
}

// damaged tells of a receipt that cannot be read, and reports whether err is that.
func (r *run) damaged(err error) bool {
	bad, ok := errors.AsType[*ledger.ReceiptError](err)
	if ok {
		id, _ := receipts.IDFromPath(bad.Path)
		r.report(Finding{Place: Place{Branch: bad.Branch, ID: id}, Kind: Receipt, What: fmt.Sprintf("receipt: %v", bad.Err)})
	}
	return ok
}

// openBranch opens a branch that an input is on.
func (r *run) openBranch(ctx context.Context, name string) (*ledger.Ledger, error) {
	branch, err := r.repository.FindBranch(ctx, name)
	if errors.Is(err, gitcmd.ErrNotFound) {
		return nil, fmt.Errorf("there is no branch %s", name)
	}
	if err != nil {
		return nil, err
	}
	return ledger.At(r.repository, branch), nil
}
