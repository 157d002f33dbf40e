package ledger

import (
	"context"
	"iter"

	"github.com/git-datapact/git-datapact/receipts"
)

// fulfilling leaves out of a list what does not fulfil all conditions. Where the receipts
// themselves do not tell, it looks ahead, farther each time, so that a lineage can be read
// in bulk.
func (l *Lineage) fulfilling(ctx context.Context, conditions []receipts.Condition, all iter.Seq2[*Entry, error]) iter.Seq2[*Entry, error] {
	if len(conditions) == 0 {
		return all
	}
	return func(yield func(*Entry, error) bool) {
		ahead := lookahead{lineage: l, conditions: conditions, size: 1}
		for _, c := range conditions {
			ahead.keys = append(ahead.keys, c.Key)
		}
		for entry, err := range all {
			if err == nil && !mayFulfil(entry.Receipt, conditions) {
				continue
			}
			if !ahead.add(entry, err) && !ahead.give(ctx, yield) {
				return
			}
		}
		ahead.give(ctx, yield)
	}
}

// mayFulfil reports whether what a receipt and its inputs' metadata say lets it fulfil all
// conditions.
func mayFulfil(r *receipts.Receipt, conditions []receipts.Condition) bool {
	for _, c := range conditions {
		if values := r.Values(c.Key); values == nil && len(sources(r)) == 0 || values != nil && !c.Accepts(values) {
			return false
		}
	}
	return true
}

// A lookahead holds what must wait for the lineage of others.
type lookahead struct {
	lineage    *Lineage
	conditions []receipts.Condition
	keys       []string
	size       int // how many may wait
	waiting    []outcome
	open       []*receipts.Receipt // of which not all is known
}

// An outcome is what a list yields.
type outcome struct {
	entry *Entry
	err   error
}

// add takes the next of the list, and reports whether to look ahead.
func (a *lookahead) add(entry *Entry, err error) bool {
	a.waiting = append(a.waiting, outcome{entry, err})
	if err == nil && lacks(entry.Receipt, a.keys) {
		a.open = append(a.open, entry.Receipt)
	}
	return len(a.open) > 0 && len(a.waiting) < a.size
}

// give yields those that wait and fulfil the conditions.
func (a *lookahead) give(ctx context.Context, yield func(*Entry, error) bool) bool {
	if len(a.open) > 0 {
		if err := a.lineage.Load(ctx, a.keys, a.open); err != nil {
			yield(nil, err)
			return false
		}
		a.size = min(2*a.size, portion)
	}
	for _, one := range a.waiting {
		if (one.err != nil || a.fulfils(one.entry.Receipt)) && !yield(one.entry, one.err) {
			return false
		}
	}
	a.waiting, a.open = nil, nil
	return true
}

func (a *lookahead) fulfils(r *receipts.Receipt) bool {
	for _, c := range a.conditions {
		if !c.Accepts(a.lineage.Values(r, c.Key)) {
			return false
		}
	}
	return true
}
