package ledger

import (
	"cmp"
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
		if bad, ok := errors.AsType[*ReceiptError](err); ok {
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
// its order. Not before it comes to several of one second does it read the history.
func (s *scan) rest(ctx context.Context, yield func(*Entry, error) bool) {
	var list []found
	for entry, err := range s.ledger.unchecked(ctx) {
		if err != nil {
			if bad, ok := errors.AsType[*ReceiptError](err); ok {
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
			list = append(list, found{finished: entry.Receipt.Timestamp, file: gitcmd.File{Path: entry.ID.Path(), Hash: entry.Blob}})
		}
	}
	slices.SortStableFunc(list, func(a, b found) int { return b.finished.Compare(a.finished) })
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

// found is a receipt that is to be read again.
type found struct {
	finished receipts.Timestamp
	file     gitcmd.File
	place    int // in the history, newest first; 0 where it is not looked for
	cut      bool
	tied     bool
}

// place sorts receipts that are in the order of their timestamps so that history tells
// those of one second apart. It reads the history, which takes longer than all receipts.
func (s *scan) place(ctx context.Context, list []found) error {
	tied := map[string]*found{} // by path
	for i := range list {
		if i > 0 && list[i].finished == list[i-1].finished {
			tied[list[i-1].file.Path], tied[list[i].file.Path] = &list[i-1], &list[i]
		}
	}
	count := 0
	for commit, err := range s.ledger.repository.Log(ctx, string(s.ledger.branch.Commit), folder) {
		if err != nil {
			return err
		}
		cut, err := s.ledger.cutOff(ctx, commit)
		if err != nil {
			return err
		}
		for _, file := range commit.Files {
			if one := tied[file.Path]; one != nil && one.place == 0 {
				count++
				one.place, one.cut = count, cut
			}
		}
		if count == len(tied) {
			break
		}
	}
	slices.SortStableFunc(list, func(a, b found) int {
		return cmp.Or(b.finished.Compare(a.finished), cmp.Compare(a.place, b.place))
	})
	for i := 1; i < len(list); i++ {
		if list[i].cut && list[i-1].cut && list[i].finished == list[i-1].finished {
			list[i-1].tied, list[i].tied = true, true
		}
	}
	return nil
}

// give reads receipts in their order.
func (s *scan) give(ctx context.Context, list []found, yield func(*Entry, error) bool) bool {
	tied := map[gitcmd.Hash]bool{}
	for _, one := range list {
		if one.tied {
			tied[one.file.Hash] = true
		}
	}
	files := func(yield func(gitcmd.File, error) bool) {
		for _, one := range list {
			if !yield(one.file, nil) {
				return
			}
		}
	}
	for entry, err := range s.ledger.readAhead(ctx, files) {
		entry, err = s.ledger.validated(entry, err)
		if entry != nil {
			entry.Tied = tied[entry.Blob]
		}
		if !yield(entry, err) {
			return false
		}
	}
	return true
}
