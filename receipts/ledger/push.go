package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
)

// maxIdleTries bounds how often a push is tried again although the remote's
// branch has not moved.
const maxIdleTries = 8

// Push sends the local branch to a remote. When the remote's branch holds
// receipts that are not here, those recorded here are put on top of them, on the
// local branch too, and the push is tried again. It returns once the remote has
// everything. A branch that differs in more than receipts is refused.
func Push(ctx context.Context, repository *gitcmd.Repository, name, remote string) error {
	for try, idle := 0, 0; idle < maxIdleTries; try++ {
		branch, err := localBranch(ctx, repository, name)
		if err != nil {
			return err
		}
		pushErr := repository.Push(ctx, remote, branch.Commit, name)
		if !errors.Is(pushErr, gitcmd.ErrMoved) {
			return pushErr
		}
		theirs, err := repository.FetchTip(ctx, remote, name)
		if err != nil {
			return err
		}
		moved, err := adopt(ctx, repository, branch, theirs)
		if err != nil && !errors.Is(err, gitcmd.ErrMoved) {
			return err
		}
		if idle++; moved {
			idle = 0
		}
		if err := gitcmd.Backoff(ctx, try); err != nil {
			return err
		}
		if idle == maxIdleTries {
			return pushErr
		}
	}
	return nil
}

// adopt puts the commits that are only here on top of theirs. It reports false
// when theirs holds nothing new.
func adopt(ctx context.Context, repository *gitcmd.Repository, branch gitcmd.Branch, theirs gitcmd.Hash) (bool, error) {
	if theirs == "" {
		return false, nil
	}
	if behind, err := repository.Ancestor(ctx, theirs, branch.Commit); err != nil || behind {
		return false, err
	}
	l := &Ledger{repository, branch}
	tip, err := l.replant(ctx, theirs)
	if err != nil {
		return false, err
	}
	paths, err := repository.Changed(ctx, branch.Commit, tip)
	if err != nil {
		return false, err
	}
	return true, repository.Advance(ctx, branch, tip, paths, "datapact: put on top of "+theirs.Short())
}

// replant makes the branch's own recordings again on top of another commit.
func (l *Ledger) replant(ctx context.Context, onto gitcmd.Hash) (gitcmd.Hash, error) {
	var own []gitcmd.LogEntry
	for commit, err := range l.repository.Log(ctx, string(onto)+".."+string(l.branch.Commit), "") {
		if err != nil {
			return "", err
		}
		own = append(own, commit)
	}
	tip := onto
	for _, commit := range slices.Backward(own) {
		changes, err := l.replantChanges(ctx, tip, commit)
		if err != nil {
			return "", err
		}
		if tip, err = l.repository.Recommit(ctx, commit.Commit, tip, changes); err != nil {
			return "", err
		}
	}
	return tip, nil
}

// replantChanges are the receipts of a commit as they go on top of another: an
// execution that both sides recorded stays the current one.
func (l *Ledger) replantChanges(ctx context.Context, onto gitcmd.Hash, commit gitcmd.LogEntry) ([]gitcmd.Change, error) {
	var changes []gitcmd.Change
	for _, file := range commit.Files {
		if _, ok := receipts.IDFromPath(file.Path); !ok || file.Hash == "" {
			return nil, gitcmd.WithHint(
				fmt.Errorf("branch %s has diverged from the remote's: commit %s changes %s", l.branch.Name, commit.Commit.Short(), file.Path),
				"merge or rebase the branch by hand, then push again")
		}
		object, err := l.repository.Object(ctx, string(file.Hash))
		if err != nil {
			return nil, err
		}
		entry, err := l.decode(file, object)
		if err != nil {
			return nil, err
		}
		if entry == nil { // a null receipt
			changes = append(changes, gitcmd.Change{Path: file.Path, Blob: file.Hash})
			continue
		}
		if err := l.distinguish(ctx, onto, entry.Receipt); err != nil {
			return nil, err
		}
		data, err := entry.Receipt.Encode()
		if err != nil {
			return nil, err
		}
		changes = append(changes, gitcmd.Change{Path: entry.Receipt.ID().Path(), Data: data})
	}
	return changes, nil
}
