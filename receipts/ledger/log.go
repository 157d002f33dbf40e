package ledger

import (
	"container/heap"
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
)

// Log lists the current receipts of the branch, newest first, each once. After a
// [*ReceiptError] it goes on with the next. It reads only as far as it is asked.
func (l *Ledger) Log(ctx context.Context) iter.Seq2[*Entry, error] { return l.log(ctx, nil, 1) }

// log lists receipts for somebody who may have enough after some; those that were retracted too
// unless taken is nil, each as it was recorded last. Not many more commits are
// looked at before these are taken: of a branch of 100,000 receipts, each takes git most of a
// millisecond.
func (l *Ledger) log(ctx context.Context, taken map[receipts.ID]gitcmd.Hash, enough int) iter.Seq2[*Entry, error] {
	return func(yield func(*Entry, error) bool) {
		first := enough + closeBy // of which as many can be given out
		w := &walk{ledger: l, seen: map[receipts.ID]bool{}, taken: taken, portion: 1, window: closeBy, yield: yield}
		for commit, err := range l.changes(ctx, first+first/4) { // some commits record no other receipt
			if err != nil {
				yield(nil, err)
				return
			}
			if (len(w.found) >= w.portion || w.count == first) && !w.advance(ctx, commit.Time) {
				return
			}
			cut, err := l.cutOff(ctx, commit)
			if err != nil {
				yield(nil, err)
				return
			}
			w.add(commit, cut)
		}
		w.window = 0
		w.advance(ctx, time.Time{})
	}
}

// cutOff reports whether a commit seems to have made files that earlier ones made, which
// are not in this shallow clone.
func (l *Ledger) cutOff(ctx context.Context, commit gitcmd.LogEntry) (bool, error) {
	if len(commit.Parents) > 0 || len(commit.Files) < 2 {
		return false, nil
	}
	cut, err := l.repository.CutOff(ctx)
	return cut[commit.Commit], err
}

// Executions lists every recording of one id, newest first, by the order of the
// commits. Those that were retracted since say so.
func (l *Ledger) Executions(ctx context.Context, id receipts.ID) iter.Seq2[*Entry, error] {
	return func(yield func(*Entry, error) bool) {
		var taken *Retraction
		for commit, err := range l.repository.Log(ctx, string(l.branch.Commit), id.Path()) {
			files := present(commit.Files)
			if err == nil && len(files) < len(commit.Files) {
				taken, err = readRetraction(ctx, l.repository, commit.Commit, id)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !l.read(ctx, files, func(entry *Entry, err error) bool {
				if entry != nil {
					entry.Commit, entry.Retraction = commit.Commit, taken
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
	return l.recordings(ctx, l.repository.Log(ctx, string(l.branch.Commit), folder))
}

// Since reads the recordings that some commits do not have, nor what they descend from,
// as [Ledger.History] does, through all parents.
func (l *Ledger) Since(ctx context.Context, except ...gitcmd.Hash) iter.Seq2[*Entry, error] {
	return l.recordings(ctx, l.repository.HistoryOf(ctx, l.branch.Commit, except...))
}

// recordings reads what commits recorded.
func (l *Ledger) recordings(ctx context.Context, commits iter.Seq2[gitcmd.LogEntry, error]) iter.Seq2[*Entry, error] {
	files := func(yield func(gitcmd.File, error) bool) {
		for commit, err := range commits {
			if err != nil {
				yield(gitcmd.File{}, err)
				return
			}
			for _, file := range present(commit.Files) {
				if _, ok := receipts.IDFromPath(file.Path); ok && !yield(file, nil) {
					return
				}
			}
		}
	}
	return l.Read(ctx, files)
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

// How far a walk looks for receipts that are newer than their place in the history
// tells: by the clock, and at how many receipts at most, where clocks are taken to be
// right and where a receipt was seen that is newer than its own commit.
const (
	skew    = time.Hour
	closeBy = 16
	farOff  = 512
)

// A walk goes back in history and gives out receipts in the order of their
// timestamps. A receipt is held back until the history has been read down to
// commits that are older than it, by more than clocks differ, or far enough.
type walk struct {
	ledger  *Ledger
	yield   func(*Entry, error) bool
	seen    map[receipts.ID]bool
	taken   map[receipts.ID]gitcmd.Hash // the commits that removed receipts, nil where these are left out
	found   []held                      // and not read yet
	portion int
	window  int // how many receipts are held back in any case, and 0 at the end
	count   int
	held    entryHeap
	before  receipts.Timestamp // of the receipt that was read last
	last    held               // that was given out
}

// add takes the receipts of a commit that no newer commit has changed since.
func (w *walk) add(commit gitcmd.LogEntry, cut bool) {
	for _, file := range commit.Files {
		id, ok := receipts.IDFromPath(file.Path)
		if !ok || w.seen[id] {
			continue
		}
		if file.Hash == "" && w.taken != nil {
			if _, known := w.taken[id]; !known {
				w.taken[id] = commit.Commit
			}
			continue
		}
		w.seen[id] = true
		if file.Hash != "" {
			w.count++
			w.found = append(w.found, held{file: file, commit: commit.Commit, made: receipts.NewTimestamp(commit.Time), count: w.count, cut: cut})
		}
	}
}

// advance reads what was found and gives out all that nothing can come before: next is
// the date of the commit that comes next. It reports whether to go on.
func (w *walk) advance(ctx context.Context, next time.Time) bool {
	keep := len(w.found) <= portion // of a commit with more only the order is kept
	for part := range slices.Chunk(w.found, portion) {
		if !w.hold(ctx, part, keep) {
			return false
		}
	}
	w.found = nil
	w.portion = min(2*w.portion, portion)
	for len(w.held) > 0 && w.ready(w.held[0], next) {
		h := heap.Pop(&w.held).(held)
		tied := h.tiedWith(w.last) || len(w.held) > 0 && h.tiedWith(w.held[0])
		if w.last = h; !w.give(ctx, h, tied) {
			return false
		}
	}
	return true
}

// ready reports whether a receipt is the next one, if it is the newest of those held.
func (w *walk) ready(h held, next time.Time) bool {
	switch before := w.count - h.count; {
	case w.window == 0 || before >= farOff:
		return true
	case w.window == farOff:
		return false
	default:
		return before >= w.window || h.finished.Time().After(next.Add(skew))
	}
}

// hold reads some files and puts them into their order.
func (w *walk) hold(ctx context.Context, files []held, keep bool) bool {
	byPath := make(map[string]held, len(files))
	list := make([]gitcmd.File, len(files))
	for i, h := range files {
		byPath[h.file.Path], list[i] = h, h.file
	}
	return w.ledger.read(ctx, list, func(entry *Entry, err error) bool {
		if bad, ok := errors.AsType[*ReceiptError](err); ok { // its turn is after what came next
			h := byPath[bad.Path]
			h.err, h.finished = err, h.made
			if w.before != (receipts.Timestamp{}) && w.before.Before(h.made) {
				h.finished = w.before
			}
			heap.Push(&w.held, h)
			return true
		}
		if err != nil {
			return w.yield(nil, err)
		}
		h := byPath[entry.ID.Path()]
		h.finished, w.before = entry.Receipt.Timestamp, entry.Receipt.Timestamp
		if h.made.Before(h.finished) && w.window > 0 {
			w.window = farOff
		}
		if keep {
			h.entry = entry
		}
		heap.Push(&w.held, h)
		return true
	})
}

// give hands out an entry whose turn it is, read again if it was not kept.
func (w *walk) give(ctx context.Context, h held, tied bool) bool {
	id, _ := receipts.IDFromPath(h.file.Path)
	commit, taken := w.taken[id]
	if taken && h.err != nil {
		return true // what is not on the branch any more need not be right
	}
	hand := func(entry *Entry, err error) bool {
		if entry != nil {
			entry.Commit, entry.Tied = h.commit, tied
			if taken {
				entry.Retraction, err = readRetraction(ctx, w.ledger.repository, commit, id)
			}
		}
		return w.yield(entry, err)
	}
	if h.entry != nil || h.err != nil {
		return hand(h.entry, h.err)
	}
	return w.ledger.read(ctx, []gitcmd.File{h.file}, hand)
}

// held is a receipt that waits for its turn.
type held struct {
	file     gitcmd.File
	commit   gitcmd.Hash
	made     receipts.Timestamp // the commit
	count    int                // its place in the history
	cut      bool               // which is not known: the history before the commit is not here
	finished receipts.Timestamp
	entry    *Entry // nil where it is to be read again
	err      error  // why it cannot be read, nil if it can
}

// tiedWith reports whether it is not known which of two receipts is the newer one.
func (h held) tiedWith(other held) bool {
	return h.cut && other.cut && h.finished == other.finished
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
