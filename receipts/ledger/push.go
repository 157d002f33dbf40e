package ledger

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
)

// maxIdleTries bounds how often a push is tried again although the remote's
// branch has not moved.
const maxIdleTries = 8

// Moved tells, by the commits of recordings, the entries they became when they
// were put on top of what others pushed.
type Moved map[gitcmd.Hash]*Entry

// Now is an entry as it is after a push.
func (m Moved) Now(entry *Entry) *Entry {
	for m[entry.Commit] != nil {
		entry = m[entry.Commit]
	}
	return entry
}

// Push sends the local branch to a remote. When the remote's branch holds
// receipts that are not here, those recorded here are put on top of them, on the
// local branch too, and the push is tried again. It returns once the remote has
// everything, with what was moved. A branch that differs in more than receipts is
// refused.
func Push(ctx context.Context, repository *gitcmd.Repository, name, remote string) (Moved, error) {
	moved := Moved{}
	for try, idle := 0, 0; ; try++ {
		branch, err := repository.Branch(ctx, name)
		if err != nil {
			return moved, err
		}
		pushErr := repository.Push(ctx, remote, branch.Commit, name)
		if !errors.Is(pushErr, gitcmd.ErrMoved) {
			return moved, pushErr
		}
		theirs, err := repository.FetchTip(ctx, remote, name)
		if err != nil {
			return moved, err
		}
		adopted, err := adopt(ctx, At(repository, branch), theirs, moved)
		if err != nil && !errors.Is(err, gitcmd.ErrMoved) {
			return moved, err
		}
		if idle++; adopted {
			idle = 0
		}
		if idle == maxIdleTries {
			return moved, pushErr
		}
		if err := gitcmd.Backoff(ctx, try); err != nil {
			return moved, err
		}
	}
}

// PushAll pushes branches, each to its own remote where none is named. It goes on after
// an error.
func PushAll(ctx context.Context, repository *gitcmd.Repository, branches []string, remote string) error {
	var failed []error
	for _, branch := range branches {
		to := remote
		if to == "" {
			var err error
			if to, err = repository.Remote(ctx, branch); err != nil {
				return err
			}
		}
		if _, err := Push(ctx, repository, branch, to); err != nil {
			failed = append(failed, gitcmd.WithHint(fmt.Errorf("%s was not pushed: %w", branch, err), "push the branch again; the commits are on the local one"))
		}
	}
	return errors.Join(failed...)
}

// Adopt brings the local branch to what somebody else's commit has: the recordings that
// are only here are put on top of it, with what was moved. A branch that differs in more
// than receipts is refused, and stays as it is.
func Adopt(ctx context.Context, repository *gitcmd.Repository, name string, theirs gitcmd.Hash) (Moved, error) {
	moved := Moved{}
	for try := 0; ; try++ {
		branch, err := repository.Branch(ctx, name)
		if err != nil {
			return moved, err
		}
		if _, err = adopt(ctx, At(repository, branch), theirs, moved); !errors.Is(err, gitcmd.ErrMoved) {
			return moved, err
		}
		if err := gitcmd.Backoff(ctx, try); err != nil {
			return moved, err
		}
	}
}

// Adoptable tells why [Adopt] would refuse, nil where it would not.
func (l *Ledger) Adoptable(ctx context.Context, theirs gitcmd.Hash) error {
	for commit, err := range l.repository.Log(ctx, string(theirs)+".."+string(l.branch.Commit), "") {
		if err == nil {
			err = l.onlyReceipts(ctx, commit)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// onlyReceipts refuses a commit that changes other files, or removes a receipt that it does
// not take back. What a merge shows of that came from the other side.
func (l *Ledger) onlyReceipts(ctx context.Context, commit gitcmd.LogEntry) error {
	for _, file := range commit.Files {
		id, ok := receipts.IDFromPath(file.Path)
		if ok && file.Hash == "" && !commit.Merge {
			var err error
			if ok, err = TakesBack(ctx, l.repository, commit.Commit, id); err != nil {
				return err
			}
		}
		if !ok {
			return gitcmd.WithHint(
				fmt.Errorf("branch %s has diverged from the remote's: commit %s changes %s", l.branch.Name, commit.Commit.Short(), file.Path),
				"merge or rebase the branch by hand, then run the command again")
		}
	}
	return nil
}

// adopt puts the commits that are only here on top of theirs. It reports false
// when theirs holds nothing new.
func adopt(ctx context.Context, l *Ledger, theirs gitcmd.Hash, moved Moved) (bool, error) {
	if theirs == "" {
		return false, nil
	}
	if behind, err := l.repository.Ancestor(ctx, theirs, l.branch.Commit); err != nil || behind {
		return false, err
	}
	tip, entries, err := l.replant(ctx, theirs)
	if err != nil {
		return false, err
	}
	var paths []string // for the worktree, if there is one
	if l.branch.Worktree != "" {
		if paths, err = l.repository.Changed(ctx, l.branch.Commit, tip); err != nil {
			return false, err
		}
	}
	err = l.repository.Advance(ctx, l.branch, tip, paths, "datapact: put on top of "+theirs.Short())
	if err == nil || gitcmd.IsSyncError(err) {
		maps.Copy(moved, entries)
	}
	return true, err
}

// replant makes the branch's own recordings again on top of another commit.
func (l *Ledger) replant(ctx context.Context, onto gitcmd.Hash) (gitcmd.Hash, Moved, error) {
	var own []gitcmd.LogEntry
	for commit, err := range l.repository.Log(ctx, string(onto)+".."+string(l.branch.Commit), "") {
		if err != nil {
			return "", nil, err
		}
		own = append(own, commit)
	}
	tip, moved, again := onto, Moved{}, map[gitcmd.Hash]gitcmd.Hash{}
	for _, commit := range slices.Backward(own) {
		changes, entry, err := l.replantChanges(ctx, tip, commit)
		if err != nil {
			return "", nil, err
		}
		request := len(commit.Files) == 0 && !commit.Merge
		if len(changes) == 0 && !request { // all of it is there
			continue
		}
		rename := func(message string) string { return renamed(message, again) }
		if tip, err = l.repository.Recommit(ctx, commit.Commit, tip, changes, rename); err != nil {
			return "", nil, err
		}
		again[commit.Commit] = tip
		if entry != nil {
			entry.Commit = tip
			moved[commit.Commit] = entry
		}
	}
	return tip, moved, nil
}

// replantChanges are the receipts of a commit as they go on top of another: an
// execution that both sides recorded stays the current one, and what a merge
// brought from the other side is left out. The entry is the last of them.
func (l *Ledger) replantChanges(ctx context.Context, onto gitcmd.Hash, commit gitcmd.LogEntry) (changes []gitcmd.Change, last *Entry, err error) {
	if err := l.onlyReceipts(ctx, commit); err != nil {
		return nil, nil, err
	}
	for _, file := range commit.Files {
		if file.Hash == "" {
			if stands, err := l.stands(ctx, onto, file); err != nil {
				return nil, nil, err
			} else if stands && !commit.Merge {
				changes = append(changes, gitcmd.Change{Path: file.Path, Remove: true})
			}
			continue
		}
		if commit.Merge { // which shows as its own what it merged
			had, err := l.had(ctx, onto, file)
			if err != nil {
				return nil, nil, err
			}
			if had {
				continue
			}
		}
		change, entry, err := l.replantFile(ctx, onto, file)
		if err != nil {
			return nil, nil, err
		}
		changes = append(changes, change)
		last = entry
	}
	return changes, last, nil
}

// stands reports whether a receipt that a commit takes back is on the other side as it was.
// One that others took back too, or executed again, stays as it is there.
func (l *Ledger) stands(ctx context.Context, onto gitcmd.Hash, file gitcmd.File) (bool, error) {
	object, err := l.repository.Headers(ctx, []string{string(onto) + ":" + file.Path})
	if err != nil && !errors.Is(err, gitcmd.ErrNotFound) {
		return false, err
	}
	return object[0] != nil && slices.Contains(file.Before, object[0].Hash), nil
}

func (l *Ledger) replantFile(ctx context.Context, onto gitcmd.Hash, file gitcmd.File) (gitcmd.Change, *Entry, error) {
	object, err := l.repository.Object(ctx, string(file.Hash))
	if err != nil {
		return gitcmd.Change{}, nil, err
	}
	entry, err := l.decode(file, object)
	if err != nil {
		return gitcmd.Change{}, nil, err
	}
	if entry == nil { // a null receipt
		return gitcmd.Change{Path: file.Path, Blob: file.Hash}, nil, nil
	}
	if err := l.distinguish(ctx, onto, entry.Receipt); err != nil {
		return gitcmd.Change{}, nil, err
	}
	entry.ID = entry.Receipt.ID()
	data, err := entry.Receipt.Encode()
	return gitcmd.Change{Path: entry.ID.Path(), Data: data}, entry, err
}

// had reports whether the very receipt stands, or stood once, in the history of a
// commit. The history is read only if the receipt's id is there.
func (l *Ledger) had(ctx context.Context, commit gitcmd.Hash, file gitcmd.File) (bool, error) {
	object, err := l.repository.Object(ctx, string(commit)+":"+file.Path)
	if errors.Is(err, gitcmd.ErrNotFound) {
		return false, nil
	}
	if err != nil || object.Hash == file.Hash {
		return err == nil, err
	}
	for entry, err := range l.repository.Log(ctx, string(commit), file.Path) {
		if err != nil {
			return false, err
		}
		if entry.Files[0].Hash == file.Hash {
			return true, nil
		}
	}
	return false, nil
}
