package ledger

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
)

// The parts of the message of an expiry: a commit without changes that says that the blobs
// of receipts, each on a line of its own, are not kept any more, and why.
const (
	expireSubject = "expire "
	expireLine    = `{"expire":"`
)

// An Expiry says that the blobs of a receipt are not kept any more.
type Expiry struct {
	Commit gitcmd.Hash
	Time   time.Time // of the commit
	Why    string    // on one line
}

// String says when, and why.
func (e Expiry) String() string {
	return "not kept since " + e.Time.UTC().Format(time.DateOnly) + ": " + e.Why
}

// An ExpiredError says that a blob is not in the store because those of its receipt are not
// kept any more.
type ExpiredError struct {
	Branch string
	ID     receipts.ID
	Expiry
	Err error
}

func (e *ExpiredError) Error() string {
	return fmt.Sprintf("the blobs of %s@%s are %s: %v", e.Branch, e.ID[:12], e.Expiry, e.Err)
}

func (e *ExpiredError) Unwrap() error { return e.Err }

// Hint says what can be done.
func (e *ExpiredError) Hint() string {
	return "executing the same inputs again brings the result back; 'git datapact gc --restore' brings back what is still in quarantine"
}

// Expire says on a local branch that the blobs of receipts are not kept any more.
func Expire(ctx context.Context, repository *gitcmd.Repository, name string, ids []receipts.ID, why string) error {
	_, err := announce(ctx, repository, name, expireSubject, expireLine, ids, why)
	return err
}

// Expired lists the receipts of a branch, up to a commit, whose blobs are not kept any more:
// with what was said of each last. A receipt that was recorded after that has its blobs.
func Expired(ctx context.Context, repository *gitcmd.Repository, tip gitcmd.Hash) (map[receipts.ID]Expiry, error) {
	return expired(ctx, repository, string(tip))
}

// Expiries is what the branch says of receipts whose blobs are not kept any more, as far as
// it said so since a commit, or ever if that is "". current tells which file a receipt is in
// now, "" for one that the branch does not have: what was recorded again since has its blobs.
func (l *Ledger) Expiries(ctx context.Context, since gitcmd.Hash, current func(receipts.ID) gitcmd.Hash) (map[receipts.ID]Expiry, error) {
	revision := string(l.branch.Commit)
	if since != "" {
		revision = string(since) + ".." + revision
	}
	said, err := expired(ctx, l.repository, revision)
	if err != nil {
		return nil, err
	}
	for ids := range slices.Chunk(slices.Sorted(maps.Keys(said)), portion) {
		names := make([]string, len(ids))
		for i, id := range ids {
			names[i] = string(said[id].Commit) + ":" + id.Path()
		}
		then, err := l.repository.Headers(ctx, names)
		if err != nil && !errors.Is(err, gitcmd.ErrNotFound) {
			return nil, err
		}
		for i, id := range ids {
			if then[i] == nil || then[i].Hash != current(id) {
				delete(said, id)
			}
		}
	}
	return said, nil
}

func expired(ctx context.Context, repository *gitcmd.Repository, revision string) (map[receipts.ID]Expiry, error) {
	found := map[receipts.ID]Expiry{}
	for message, err := range repository.Messages(ctx, revision, "^"+expireSubject) { // newest first
		if err != nil {
			return nil, err
		}
		if !strings.HasPrefix(message.Text, expireSubject) {
			continue
		}
		info, err := repository.ReadCommit(ctx, message.Commit)
		if err != nil {
			return nil, err
		}
		info.Message = message.Text
		expiry := parseExpiry(info)
		for _, id := range listed(message.Text, expireLine) {
			if _, known := found[id]; !known {
				found[id] = expiry
			}
		}
	}
	return found, nil
}

// FindExpiry is what a branch says of the blobs of a receipt since it was recorded; nil where
// they are kept. The entry's commit is looked for where it is not known.
func (l *Ledger) FindExpiry(ctx context.Context, entry *Entry) (*Expiry, error) {
	at := *entry
	if err := l.Locate(ctx, &at); err != nil {
		return nil, err
	}
	if a := l.knownAnnals(ctx); a != nil {
		return l.findIn(ctx, a.Expiries, &at)
	}
	var expiries []gitcmd.Hash
	walked := 0
	for subject, err := range l.repository.Subjects(ctx, string(at.Commit)+".."+string(l.branch.Commit)) {
		if err != nil {
			return nil, err
		}
		if walked++; strings.HasPrefix(subject.Text, expireSubject) {
			expiries = append(expiries, subject.Commit)
		}
	}
	if len(expiries) == 0 && walked > longWalk {
		l.beginAnnals(ctx)
	}
	return l.findIn(ctx, expiries, &at)
}

// findIn finds what was said of a receipt in any of some commits, newest first, after it was
// recorded.
func (l *Ledger) findIn(ctx context.Context, commits []gitcmd.Hash, entry *Entry) (*Expiry, error) {
	for _, commit := range commits {
		info, err := l.repository.ReadCommit(ctx, commit)
		if err != nil {
			return nil, err
		}
		if !strings.HasPrefix(info.Message, expireSubject) || !slices.Contains(listed(info.Message, expireLine), entry.ID) {
			continue
		}
		if recorded, err := l.repository.Ancestor(ctx, commit, entry.Commit); recorded || err != nil {
			return nil, err // it was recorded again after that
		}
		expiry := parseExpiry(info)
		return &expiry, nil
	}
	return nil, nil
}

// parseExpiry is what a commit says of all the receipts that it names.
func parseExpiry(info gitcmd.CommitInfo) Expiry {
	expiry := Expiry{Commit: info.Hash, Time: info.Time}
	_, body, _ := strings.Cut(info.Message, "\n")
	why, _, _ := strings.Cut(strings.TrimSpace(body), "\n")
	if expiry.Why = why; strings.HasPrefix(why, expireLine) {
		expiry.Why = "no reason is given"
	}
	return expiry
}

// ExplainMissing makes of an error about a blob that is not there an [*ExpiredError], where
// the branch of the receipt says so.
func ExplainMissing(ctx context.Context, repository *gitcmd.Repository, entry *Entry, missing error) error {
	branch, err := repository.FindBranch(ctx, entry.Receipt.Branch)
	if err != nil {
		return missing
	}
	expiry, err := At(repository, branch).FindExpiry(ctx, entry)
	if err != nil || expiry == nil {
		return missing
	}
	return &ExpiredError{Branch: branch.Name, ID: entry.ID, Expiry: *expiry, Err: missing}
}
