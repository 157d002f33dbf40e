package ledger

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"maps"
	"slices"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/index"
)

// walked is how many receipts [Ledger.Scan] takes from the history, which tells
// the newest quickest, before it reads the rest of the branch at once, which is
// about ten times as fast for each.
const walked = 500

// Scan lists the current receipts that accept, newest first, each once, as
// [Ledger.Log] does. Those far back name no commit. It holds a hundred bytes or
// so for each that accept lets through, not the receipts.
func (l *Ledger) Scan(ctx context.Context, accept func(*receipts.Receipt) bool) iter.Seq2[*Entry, error] {
	return l.scan(ctx, accept, nil, 0)
}

// scan is Scan for somebody who may have enough after some receipts. With taken it lists those that
// were retracted too: of those far back, the ones that messages of commits take back.
func (l *Ledger) scan(ctx context.Context, accept func(*receipts.Receipt) bool, taken map[receipts.ID]gitcmd.Hash, enough int) iter.Seq2[*Entry, error] {
	return func(yield func(*Entry, error) bool) {
		s := scan{ledger: l, accept: accept, given: map[receipts.ID]bool{}, taken: taken, enough: enough}
		s.run(ctx, yield)
	}
}

type scan struct {
	ledger *Ledger
	accept func(*receipts.Receipt) bool
	given  map[receipts.ID]bool        // looked at in the history
	taken  map[receipts.ID]gitcmd.Hash // the commits there that removed receipts, nil where these are left out
	enough int                         // how many receipts may be, 0 where that is not known
	build  *index.Store                // where to make an index of what is read, nil for nowhere
}

func (s *scan) run(ctx context.Context, yield func(*Entry, error) bool) {
	if s.walk(ctx, yield) {
		s.rest(ctx, yield)
	}
}

// walk reports whether there may be more to find.
func (s *scan) walk(ctx context.Context, yield func(*Entry, error) bool) bool {
	for entry, err := range s.ledger.log(ctx, s.taken, max(s.enough, 1)) {
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
	gone, err := s.removals(ctx)
	if err != nil {
		yield(nil, err)
		return
	}
	var list []found
	for entry, err := range s.ledger.indexing(ctx, s.build) {
		if err != nil {
			if bad, ok := errors.AsType[*ReceiptError](err); ok {
				id, _ := receipts.IDFromPath(bad.Path)
				if delete(gone, id); s.given[id] {
					continue
				}
			}
			if !yield(nil, err) {
				return
			}
			continue
		}
		if delete(gone, entry.ID); !s.given[entry.ID] && s.accept(entry.Receipt) {
			list = append(list, found{finished: entry.Receipt.Timestamp, file: gitcmd.File{Path: entry.ID.Path(), Hash: entry.Blob}})
		}
	}
	if list, err = s.add(ctx, list, gone); err != nil {
		yield(nil, err)
		return
	}
	slices.SortStableFunc(list, func(a, b found) int { return b.finished.Compare(a.finished) })
	s.giveInOrder(ctx, list, yield)
}

// removals are those of receipts that were not looked at in the history, none where
// retracted ones are left out.
func (s *scan) removals(ctx context.Context) (map[receipts.ID]removal, error) {
	if s.taken == nil {
		return nil, nil
	}
	gone, err := s.ledger.removals(ctx)
	maps.DeleteFunc(gone, func(id receipts.ID, _ removal) bool { return s.given[id] })
	return gone, err
}

// add adds to a list the receipts that were removed and are accepted.
func (s *scan) add(ctx context.Context, list []found, gone map[receipts.ID]removal) ([]found, error) {
	files := func(yield func(gitcmd.File, error) bool) {
		for _, one := range gone {
			if !yield(one.file, nil) {
				return
			}
		}
	}
	for entry, err := range s.ledger.readAhead(ctx, files) {
		if _, bad := errors.AsType[*ReceiptError](err); bad {
			continue // what is not on the branch any more need not be right
		}
		if err != nil {
			return nil, err
		}
		if s.accept(entry.Receipt) && entry.Receipt.Validate() == nil {
			one := gone[entry.ID]
			list = append(list, found{finished: entry.Receipt.Timestamp, file: one.file, taken: one.commit})
		}
	}
	return list, nil
}

// found is a receipt that is to be read again.
type found struct {
	finished receipts.Timestamp
	file     gitcmd.File
	place    int // in the history, newest first; 0 where it is not looked for
	cut      bool
	tied     bool
	taken    gitcmd.Hash // the commit that removed it, "" where it is on the branch
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
			if one := tied[file.Path]; one != nil && one.place == 0 && file.Hash != "" {
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
	told := map[gitcmd.Hash]found{} // what there is to tell beside the receipt
	for _, one := range list {
		if one.tied || one.taken != "" {
			told[one.file.Hash] = one
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
			one := told[entry.Blob]
			if entry.Tied = one.tied; one.taken != "" {
				entry.Retraction, err = readRetraction(ctx, s.ledger.repository, one.taken, entry.ID)
			}
		}
		if !yield(entry, err) {
			return false
		}
	}
	return true
}
