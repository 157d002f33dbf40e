package ledger

import (
	"container/heap"
	"context"
	"iter"
	"slices"
	"time"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
)

// Log lists the current receipts of the branch, newest first, each once. After a
// [*ReceiptError] it goes on with the next. It reads only as far as it is asked.
func (l *Ledger) Log(ctx context.Context) iter.Seq2[*Entry, error] {
	return func(yield func(*Entry, error) bool) {
		w := &walk{ledger: l, seen: map[receipts.ID]bool{}, portion: 1, yield: yield}
		for commit, err := range l.repository.Log(ctx, string(l.branch.Commit), folder) {
			if err != nil {
				yield(nil, err)
				return
			}
			if len(w.found) >= w.portion && !w.advance(ctx, commit.Time) {
				return
			}
			w.add(commit)
		}
		w.advance(ctx, time.Time{})
	}
}

// Executions lists every recording of one id, newest first, by the order of the
// commits.
func (l *Ledger) Executions(ctx context.Context, id receipts.ID) iter.Seq2[*Entry, error] {
	return func(yield func(*Entry, error) bool) {
		for commit, err := range l.repository.Log(ctx, string(l.branch.Commit), id.Path()) {
			if err != nil {
				yield(nil, err)
				return
			}
			files := present(commit.Files)
			if !l.read(ctx, files, func(entry *Entry, err error) bool {
				if entry != nil {
					entry.Commit = commit.Commit
				}
				return yield(entry, err)
			}) {
				return
			}
		}
	}
}

// History reads every recording of every receipt of the branch, newest first by the
// order of the commits. After a [*ReceiptError] it goes on with the next. The
// entries name no commit.
func (l *Ledger) History(ctx context.Context) iter.Seq2[*Entry, error] {
	files := func(yield func(gitcmd.File, error) bool) {
		for commit, err := range l.repository.Log(ctx, string(l.branch.Commit), folder) {
			if err != nil {
				yield(gitcmd.File{}, err)
				return
			}
			for _, file := range present(commit.Files) {
				if !yield(file, nil) {
					return
				}
			}
		}
	}
	return func(yield func(*Entry, error) bool) {
		for entry, err := range l.readAhead(ctx, files) {
			if !yield(l.validated(entry, err)) {
				return
			}
		}
	}
}

func present(files []gitcmd.File) []gitcmd.File {
	var kept []gitcmd.File
	for _, file := range files {
		if file.Hash != "" {
			kept = append(kept, file)
		}
	}
	return kept
}

// A walk goes back in history and gives out receipts in the order of their
// timestamps. A receipt is held back until the history has been read down to
// commits that are no newer than it.
type walk struct {
	ledger  *Ledger
	yield   func(*Entry, error) bool
	seen    map[receipts.ID]bool
	found   []held // and not read yet
	portion int
	count   int
	held    entryHeap
}

// add takes the receipts of a commit that no newer commit has changed since.
func (w *walk) add(commit gitcmd.LogEntry) {
	for _, file := range commit.Files {
		id, ok := receipts.IDFromPath(file.Path)
		if !ok || w.seen[id] {
			continue
		}
		w.seen[id] = true
		if file.Hash != "" {
			w.count++
			w.found = append(w.found, held{file: file, commit: commit.Commit, count: w.count})
		}
	}
}

// advance reads what was found and gives out all that is no older than the
// commit that comes next. It reports whether to go on.
func (w *walk) advance(ctx context.Context, next time.Time) bool {
	keep := len(w.found) <= portion // of a commit with more only the order is kept
	for part := range slices.Chunk(w.found, portion) {
		if !w.hold(ctx, part, keep) {
			return false
		}
	}
	w.found = nil
	w.portion = min(2*w.portion, portion)
	for len(w.held) > 0 && !w.held[0].finished.Time().Before(next) {
		if !w.give(ctx, heap.Pop(&w.held).(held)) {
			return false
		}
	}
	return true
}

// hold reads some files and puts them into their order.
func (w *walk) hold(ctx context.Context, files []held, keep bool) bool {
	byHash := make(map[gitcmd.Hash]held, len(files))
	list := make([]gitcmd.File, len(files))
	for i, h := range files {
		byHash[h.file.Hash], list[i] = h, h.file
	}
	return w.ledger.read(ctx, list, func(entry *Entry, err error) bool {
		if err != nil {
			return w.yield(nil, err)
		}
		h := byHash[entry.Blob]
		h.finished = entry.Receipt.Timestamp
		if keep {
			h.entry = entry
		}
		heap.Push(&w.held, h)
		return true
	})
}

// give hands out an entry whose turn it is, read again if it was not kept.
func (w *walk) give(ctx context.Context, h held) bool {
	hand := func(entry *Entry, err error) bool {
		if entry != nil {
			entry.Commit = h.commit
		}
		return w.yield(entry, err)
	}
	if h.entry != nil {
		return hand(h.entry, nil)
	}
	return w.ledger.read(ctx, []gitcmd.File{h.file}, hand)
}

// held is a receipt that waits for its turn.
type held struct {
	file     gitcmd.File
	commit   gitcmd.Hash
	count    int // its place in the history
	finished receipts.Timestamp
	entry    *Entry // nil where it is to be read again
}

// entryHeap has the newest receipt on top, of equals the one found first.
type entryHeap []held

func (h entryHeap) Len() int      { return len(h) }
func (h entryHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *entryHeap) Push(x any)   { *h = append(*h, x.(held)) }

func (h entryHeap) Less(i, j int) bool {
	if c := h[i].finished.Compare(h[j].finished); c != 0 {
		return c > 0
	}
	return h[i].count < h[j].count
}

func (h *entryHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}
