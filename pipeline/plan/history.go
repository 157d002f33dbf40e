package plan

import (
	"context"
	"slices"

	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// A gitHistory looks receipts up in the branches of a repository, by the indexes that they
// have. Of a branch without one, which should be a small one, it reads all receipts, once.
type gitHistory struct {
	source *gitSource
	whole  map[string][]*ledger.Entry // without an index
}

func (h *gitHistory) Find(ctx context.Context, branch string, ids []receipts.ID) (list []*ledger.Entry, err error) {
	l, err := h.source.open(ctx, branch)
	if err != nil {
		return nil, err
	}
	for entry, err := range l.FindAll(ctx, ids) {
		if err != nil {
			return nil, err
		}
		list = append(list, entry)
	}
	return list, ctx.Err()
}

func (h *gitHistory) Readers(ctx context.Context, branch string, inputs []receipts.Input) (ids []receipts.ID, err error) {
	all, known := h.whole[branch]
	if !known {
		l, err := h.source.open(ctx, branch)
		if err != nil {
			return nil, err
		}
		if ids, ok := l.Readers(ctx, inputs); ok || ctx.Err() != nil {
			return ids, ctx.Err()
		}
		for entry, err := range l.Sketches(ctx) {
			if err != nil {
				return nil, err
			}
			all = append(all, &ledger.Entry{ID: entry.ID, Receipt: &receipts.Receipt{Input: slices.Clone(entry.Receipt.Input)}})
		}
		if h.whole == nil {
			h.whole = map[string][]*ledger.Entry{}
		}
		h.whole[branch] = all
	}
	wanted := map[relative]bool{}
	for _, in := range inputs {
		wanted[relative{in.Branch, in.Result}] = true
	}
	for _, entry := range all {
		if slices.ContainsFunc(entry.Receipt.Input, func(in receipts.Input) bool { return wanted[relative{in.Branch, in.Result}] }) {
			ids = append(ids, entry.ID)
		}
	}
	return ids, ctx.Err()
}
