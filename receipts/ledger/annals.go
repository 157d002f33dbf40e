package ledger

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/git-datapact/git-datapact/gitcmd"
)

// The annals are what is remembered of the first-parent history of a branch, so that it need not
// be walked from its tip for each receipt far back: where it is at some times, and which
// commits say that blobs are not kept any more. They are of one commit, and are continued
// where another one has it in its own history.
type annals struct {
	Tip      gitcmd.Hash
	Spans    []span        // newest first
	Expiries []gitcmd.Hash // likewise
}

// A span is commits that follow each other.
type span struct {
	Head  gitcmd.Hash // the newest
	Least int64       // the time of the oldest by its date, in seconds of Unix
	Size  int
}

// spanSize is how many commits a span has at most, which is how many are walked to find one.
const spanSize = 1024

// longWalk is how many commits somebody must have walked for annals to be begun.
const longWalk = 4096

// add takes in a commit that comes before all others.
func (a *annals) add(c gitcmd.Subject) {
	if a.Tip == "" {
		a.Tip = c.Commit
	}
	if n := len(a.Spans); n > 0 && a.Spans[n-1].Size < spanSize {
		last := &a.Spans[n-1]
		last.Least, last.Size = min(last.Least, c.Time.Unix()), last.Size+1
	} else {
		a.Spans = append(a.Spans, span{c.Commit, c.Time.Unix(), 1})
	}
	if strings.HasPrefix(c.Text, expireSubject) {
		a.Expiries = append(a.Expiries, c.Commit)
	}
}

// join adds the annals of the commits before.
func (a *annals) join(older *annals) {
	last, first := &a.Spans[len(a.Spans)-1], older.Spans[0]
	rest := older.Spans
	if last.Size+first.Size <= spanSize {
		last.Least, last.Size = min(last.Least, first.Least), last.Size+first.Size
		rest = rest[1:]
	}
	a.Spans = append(a.Spans, rest...)
	a.Expiries = append(a.Expiries, older.Expiries...)
}

// before is the head of the first span with a commit made at or before a time, "" for none.
func (a *annals) before(t time.Time) gitcmd.Hash {
	at := slices.IndexFunc(a.Spans, func(s span) bool { return s.Least <= t.Unix() })
	if at < 0 {
		return ""
	}
	return a.Spans[at].Head
}

// knownAnnals are those of the branch as it is now, nil for none. They are read once.
func (l *Ledger) knownAnnals(ctx context.Context) *annals {
	l.readAnnals.Do(func() { l.annals = l.bringAnnals(ctx) })
	return l.annals
}

// bringAnnals reads those of the branch, and continues them up to its tip.
func (l *Ledger) bringAnnals(ctx context.Context) *annals {
	var a annals
	if !l.recall(ctx, annalsKind, &a) || len(a.Spans) == 0 || !l.whole(ctx) {
		return nil
	}
	if a.Tip == l.branch.Commit {
		return &a
	}
	if objects, err := l.repository.Headers(ctx, []string{string(a.Tip)}); err == nil && objects[0].Kind == gitcmd.Commit {
		newer, whole := l.walkTo(ctx, a.Tip)
		if whole && newer.Tip != "" {
			newer.join(&a)
			l.remember(ctx, annalsKind, newer)
			return newer
		}
		if whole {
			return nil // this is an earlier commit of the branch, as a tag names one
		}
	}
	l.forget(ctx, annalsKind)
	return nil
}

// walkTo makes annals of the commits of the branch back to one, without it, or to the
// beginning. They are not whole where that is not in the branch's own history.
func (l *Ledger) walkTo(ctx context.Context, commit gitcmd.Hash) (a *annals, whole bool) {
	revision := string(l.branch.Commit)
	if commit != "" {
		revision = string(commit) + ".." + revision
	}
	a = &annals{}
	before := commit
	for subject, err := range l.repository.Subjects(ctx, revision) {
		if err != nil {
			return a, false
		}
		a.add(subject)
		before = subject.Parent
	}
	return a, before == commit
}

// beginAnnals walks the history once, so that the next one need not.
func (l *Ledger) beginAnnals(ctx context.Context) {
	if gitcmd.Receiving() || !l.whole(ctx) || !MayIndex(ctx, l.repository) {
		return
	}
	if _, _, err := l.repository.DataFolder(ctx, annalsKind); err != nil {
		return // it would be for nothing
	}
	if a, whole := l.walkTo(ctx, ""); whole && a.Tip != "" {
		l.remember(ctx, annalsKind, a)
	}
}
