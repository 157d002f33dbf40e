package ledger

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/git-datapact/git-datapact/gitcmd"
)

// maxSigned is how many signatures are checked before the first of them is told.
const maxSigned = 64

// CheckSignatures looks up the signatures of the commits that recorded some entries,
// and notes them there. The entries name their commits.
func CheckSignatures(ctx context.Context, repository *gitcmd.Repository, entries ...*Entry) error {
	commits := make([]gitcmd.Hash, len(entries))
	for i, entry := range entries {
		commits[i] = entry.Commit
	}
	found, err := repository.Signatures(ctx, commits)
	for _, entry := range entries {
		s := found[entry.Commit]
		entry.Signature = &s
	}
	return err
}

// withSignatures checks the signatures of a list as far as it is read: the first ones
// soon, the others many at a time.
func (l *Ledger) withSignatures(ctx context.Context, list iter.Seq2[*Entry, error]) iter.Seq2[*Entry, error] {
	return func(yield func(*Entry, error) bool) {
		var waiting []*Entry
		size := 1
		give := func() bool {
			if err := CheckSignatures(ctx, l.repository, waiting...); err != nil {
				yield(nil, err)
				return false
			}
			for _, entry := range waiting {
				if !yield(entry, nil) {
					return false
				}
			}
			waiting, size = nil, min(2*size, maxSigned)
			return true
		}
		for entry, err := range list {
			if err != nil {
				if !give() || !yield(nil, err) {
					return
				}
				continue
			}
			if waiting = append(waiting, entry); len(waiting) >= size && !give() {
				return
			}
		}
		give()
	}
}

// RequireSigned refuses entries of the branch, unless each was recorded by a commit
// that somebody of a list signed (see [gitcmd.Signature.By]): the commit which put
// this very receipt onto the branch, of which the receipt says that it is. What else
// there is on the branch, and what is newer than the receipt, is not looked at. The
// refusal is a negative answer.
func (l *Ledger) RequireSigned(ctx context.Context, who []string, entries ...*Entry) error {
	for _, entry := range entries {
		if err := l.Locate(ctx, entry); err != nil {
			return err
		}
	}
	if err := CheckSignatures(ctx, l.repository, entries...); err != nil {
		return err
	}
	for _, entry := range entries {
		if err := l.requireSigned(ctx, who, entry); err != nil {
			return err
		}
	}
	return nil
}

func (l *Ledger) requireSigned(ctx context.Context, who []string, entry *Entry) error {
	name := l.branch.Name + "@" + string(entry.ID[:12])
	if entry.Receipt.Branch != l.branch.Name {
		return gitcmd.Negative(fmt.Errorf("refusing %s: it is a receipt of branch %s", name, entry.Receipt.Branch))
	}
	held, err := l.repository.Headers(ctx, []string{string(entry.Commit) + ":" + entry.ID.Path()})
	if err != nil && !errors.Is(err, gitcmd.ErrNotFound) {
		return err
	}
	if err != nil || held[0].Hash != entry.Blob {
		return gitcmd.Negative(fmt.Errorf("refusing %s: commit %s does not hold it", name, entry.Commit.Short()))
	}
	for _, one := range who {
		if entry.Signature.By(one) {
			return nil
		}
	}
	return gitcmd.Negative(fmt.Errorf("refusing %s: want a commit signed by %s, and %s %s", name, strings.Join(who, " or "), entry.Commit.Short(), entry.Signature.Says()))
}

// LookupSigned is [Ledger.Lookup] for a receipt that must be signed by somebody of a
// list, if that names anybody. Of all that the selector's braces accept it looks at
// each, and returns none.
func (l *Ledger) LookupSigned(ctx context.Context, selector Selector, who []string, all bool) (*Entry, error) {
	if all {
		return nil, l.requireAllSigned(ctx, who, selector)
	}
	entry, err := l.Lookup(ctx, selector)
	if err != nil || len(who) == 0 {
		return entry, err
	}
	return entry, l.RequireSigned(ctx, who, entry)
}

// requireAllSigned is RequireSigned for all current receipts that a selector's braces
// accept. It holds none of them.
func (l *Ledger) requireAllSigned(ctx context.Context, who []string, accept Selector) error {
	if len(who) == 0 {
		return nil
	}
	accept.Revision, accept.Back = "", 0
	list, err := l.Search(ctx, Query{Selector: accept, Commits: true, Limit: -1})
	if err != nil {
		return err
	}
	var some []*Entry
	for entry, err := range list {
		if err != nil {
			return err
		}
		if some = append(some, entry); len(some) < maxSigned {
			continue
		}
		if err := l.RequireSigned(ctx, who, some...); err != nil {
			return err
		}
		some = nil
	}
	return l.RequireSigned(ctx, who, some...)
}
