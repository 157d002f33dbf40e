package ledger

import (
	"context"
	"iter"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
)

// A lastState is what is known of a branch at a commit: its last recording, where that is one
// of [Append], and its newest receipt. It is kept in a file for each branch, which may be
// deleted at any time: as long as the branch is at that commit, neither need be looked for in
// the history.
type lastState struct {
	Commit    gitcmd.Hash
	Timestamp string     `json:",omitempty"` // of the receipt that the commit recorded, as that has it
	Newest    *newestOne `json:",omitempty"` // nil where it was not looked for
}

// A newestOne is the newest receipt of a branch.
type newestOne struct {
	ID        receipts.ID
	Commit    gitcmd.Hash // that recorded it
	Timestamp string
}

// recalled is what is known of the branch at its commit, nothing where it was at another.
func (l *Ledger) recalled(ctx context.Context) (state lastState) {
	if !l.recall(ctx, lastKind, &state) || state.Commit != l.branch.Commit {
		return lastState{}
	}
	return state
}

// noteLast remembers a recording on top of the commit that the ledger is of. Where the newest
// receipt of that is known, and is no newer, the recording is the newest now.
func (l *Ledger) noteLast(ctx context.Context, known lastState, entry *Entry) {
	at := entry.Receipt.Timestamp
	state := lastState{Commit: entry.Commit, Timestamp: at.String()}
	if newest := known.Newest; newest != nil {
		before, err := receipts.ParseTimestamp(newest.Timestamp)
		if err == nil && before.Compare(at) <= 0 {
			state.Newest = &newestOne{entry.ID, entry.Commit, at.String()}
		}
	}
	l.remember(ctx, lastKind, state)
}

// newestFirst is a list of all current receipts, newest first, which is not read before more
// than the newest is asked for, if that is known. If it is not, it is remembered.
func (l *Ledger) newestFirst(ctx context.Context, all iter.Seq2[*Entry, error]) iter.Seq2[*Entry, error] {
	return func(yield func(*Entry, error) bool) {
		state := l.recalled(ctx)
		known := l.findNewest(ctx, state.Newest)
		if known != nil && !yield(known, nil) {
			return
		}
		first := known == nil
		for entry, err := range all {
			if known != nil && entry != nil && entry.ID == known.ID {
				continue
			}
			if first && err == nil && entry.Commit != "" {
				l.noteNewest(ctx, state, entry)
			}
			if first = false; !yield(entry, err) {
				return
			}
		}
	}
}

// findNewest reads the receipt that is known to be the newest, nil if it cannot be.
func (l *Ledger) findNewest(ctx context.Context, newest *newestOne) *Entry {
	if newest == nil {
		return nil
	}
	entry, err := l.Find(ctx, newest.ID)
	if err != nil {
		return nil
	}
	entry.Commit = newest.Commit
	return entry
}

// noteNewest remembers the newest receipt, where the whole history told which that is.
func (l *Ledger) noteNewest(ctx context.Context, state lastState, entry *Entry) {
	if !l.whole(ctx) {
		return
	}
	state.Commit = l.branch.Commit
	state.Newest = &newestOne{entry.ID, entry.Commit, entry.Receipt.Timestamp.String()}
	l.remember(ctx, lastKind, state)
}
