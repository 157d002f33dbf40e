package ledger

import (
	"context"
	"iter"

	"github.com/git-datapact/git-datapact/gitcmd"
)

// A recentHistory is what the newest commits of a branch did to its receipts, newest first
// and without a gap, as git tells it from a commit: of a branch of a million receipts each
// takes git some milliseconds. It is kept in a file for each branch, which may be deleted at
// any time. What a commit did never changes, so that one of another commit serves for those
// that both have.
type recentHistory struct {
	Tip     gitcmd.Hash
	Commits []gitcmd.LogEntry

	full bool
}

// How many commits are kept, and how many files of theirs.
const (
	mostRecent      = 64
	mostRecentFiles = 1024
)

// add adds commits that come before those that are there, as far as there is room.
func (h *recentHistory) add(commits ...gitcmd.LogEntry) (added bool) {
	files := 0
	for _, c := range h.Commits {
		files += len(c.Files)
	}
	for _, c := range commits {
		files += len(c.Files)
		if h.full = h.full || files > mostRecentFiles || len(h.Commits) == mostRecent; h.full {
			break
		}
		h.Commits, added = append(h.Commits, c), true
	}
	return added
}

// changes lists the commits that changed receipts, newest first, for somebody who may have
// enough after some: git is asked for those that are not known.
func (l *Ledger) changes(ctx context.Context, enough int) iter.Seq2[gitcmd.LogEntry, error] {
	return func(yield func(gitcmd.LogEntry, error) bool) {
		known := l.recent(ctx)
		kept, news := known, false
		defer func() {
			if news && len(kept.Commits) > 0 && l.whole(ctx) {
				l.remember(ctx, recentKind, kept)
			}
		}()
		// list asks git, and reports whether it came to a commit.
		list := func(from, until gitcmd.Hash) bool {
			for commit, err := range l.repository.LogShort(ctx, from, folder, enough) {
				if err == nil && commit.Commit == until {
					return true
				}
				news = err == nil && (kept.add(commit) || news)
				if !yield(commit, err) || err != nil {
					return false
				}
			}
			return false
		}
		if len(known.Commits) == 0 {
			kept.Tip = l.branch.Commit
			list(kept.Tip, "")
			return
		}
		if known.Tip != l.branch.Commit {
			kept, news = recentHistory{Tip: l.branch.Commit}, true
			if !list(kept.Tip, known.Commits[0].Commit) {
				return
			}
			kept.add(known.Commits...)
		}
		for _, commit := range known.Commits {
			if !yield(commit, nil) {
				return
			}
		}
		if oldest := known.Commits[len(known.Commits)-1]; len(oldest.Parents) > 0 {
			list(oldest.Parents[0], "")
		}
	}
}

// recent is what is known of the newest commits of the branch as it is, or as it was.
func (l *Ledger) recent(ctx context.Context) (h recentHistory) {
	if !l.recall(ctx, recentKind, &h) || !l.whole(ctx) {
		return recentHistory{}
	}
	return h
}
