package ledger

import (
	"context"
	"errors"
	"iter"
	"slices"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
)

// walked is how many receipts [Ledger.Scan] takes from the history, which tells
// the newest quickest, before it reads the rest of the branch at once, which is
// about ten times as fast for each.
const walked = 500

// Scan lists the current receipts that accept, newest first, each once, as
// [Ledger.Log] does. Those far back name no commit. It holds a hundred bytes or
// so for each that accept lets through, not the receipts.
func (l *Ledger) Scan(ctx context.Context, accept func(*receipts.Receipt) bool) iter.Seq2[*Entry, error] {
	return func(yield func(*Entry, error) bool) {
		s := scan{ledger: l, accept: accept, given: map[receipts.ID]bool{}}
		if s.walk(ctx, yield) {
			s.rest(ctx, yield)
		}
	}
}

type scan struct {
	ledger *Ledger
	accept func(*receipts.Receipt) bool
	given  map[receipts.ID]bool // looked at in the history
}

// walk reports whether there may be more to find.
func (s *scan) walk(ctx context.Context, yield func(*Entry, error) bool) bool {
	for entry, err := range s.ledger.Log(ctx) {
		if bad := (*ReceiptError)(nil); errors.As(err, &bad) {
			id, _ := receipts.IDFromPath(bad.Path)
			s.given[id] = true
		} else if err != nil {
			yield(nil, err)
			return false
		} else {
			s.given[entry.ID] = true
		}
		if (err != nil || s.accept(entry.Receipt)) && !yield(entry, err) {
			return false
		}
		if len(s.given) >= walked {
			return true
		}
	}
	return false
}

// rest reads all other receipts, sorts what is accepted, and reads that again in
// its order.
func (s *scan) rest(ctx context.Context, yield func(*Entry, error) bool) {
	type found struct {
		finished receipts.Timestamp
		file     gitcmd.File
	}
	var list []found
	for entry, err := range s.ledger.unchecked(ctx) {
		if err != nil {
			if bad := (*ReceiptError)(nil); errors.As(err, &bad) {
				if id, _ := receipts.IDFromPath(bad.Path); s.given[id] {
					continue
				}
			}
			if !yield(nil, err) {
				return
			}
			continue
		}
		if !s.given[entry.ID] && s.accept(entry.Receipt) {
			list = append(list, found{entry.Receipt.Timestamp, gitcmd.File{Path: entry.ID.Path(), Hash: entry.Blob}})
		}
	}
	slices.SortStableFunc(list, func(a, b found) int { return b.finished.Compare(a.finished) })
	chosen := func(yield func(gitcmd.File, error) bool) {
		for _, one := range list {
			if !yield(one.file, nil) {
				return
			}
		}
	}
	for entry, err := range s.ledger.readAhead(ctx, chosen) {
		if !yield(s.ledger.validated(entry, err)) {
			return
		}
	}
}
