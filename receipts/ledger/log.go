package ledger

import (
	"container/heap"
	"context"
	"iter"
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
			if len(w.files) >= w.portion && !w.advance(ctx, commit.Time) {
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
	files   []gitcmd.File // found and not read yet
	commits []gitcmd.Hash // that the files come from
	portion int
	found   int
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
			w.files = append(w.files, file)
			w.commits = append(w.commits, commit.Commit)
		}
	}
}

// advance reads what was found and gives out all that is no older than the
// commit that comes next. It reports whether to go on.
func (w *walk) advance(ctx context.Context, next time.Time) bool {
	commitOf := make(map[gitcmd.Hash]gitcmd.Hash, len(w.files))
	for i, file := range w.files {
		commitOf[file.Hash] = w.commits[i]
	}
	goOn := w.ledger.read(ctx, w.files, func(entry *Entry, err error) bool {
		if err != nil {
			return w.yield(nil, err)
		}
		entry.Commit = commitOf[entry.Blob]
		w.found++
		heap.Push(&w.held, held{entry, w.found})
		return true
	})
	w.files, w.commits = w.files[:0], w.commits[:0]
	w.portion = min(2*w.portion, portion)
	for goOn && len(w.held) > 0 && !w.held[0].entry.Receipt.Timestamp.Time().Before(next) {
		goOn = w.yield(heap.Pop(&w.held).(held).entry, nil)
	}
	return goOn
}

// held is an entry that waits for its turn; found is its place in the history.
type held struct {
	entry *Entry
	found int
}

// entryHeap has the newest entry on top, of equals the one found first.
type entryHeap []held

func (h entryHeap) Len() int      { return len(h) }
func (h entryHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *entryHeap) Push(x any)   { *h = append(*h, x.(held)) }

func (h entryHeap) Less(i, j int) bool {
	a, b := h[i].entry.Receipt.Timestamp, h[j].entry.Receipt.Timestamp
	if c := a.Compare(b); c != 0 {
		return c > 0
	}
	return h[i].found < h[j].found
}

func (h *entryHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}
