package gitcmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// TopLevel returns the folder of the current worktree, "" in a bare repository.
func (r *Repository) TopLevel(ctx context.Context) (string, error) {
	where, err := r.where(ctx)
	switch {
	case err != nil || where.bare:
		return "", err
	case where.topErr != nil:
		return "", fmt.Errorf("looking for the worktree: %w", where.topErr)
	}
	return where.top, nil
}

// Is reports whether a folder is the repository itself: the top of its worktree, or
// its git directory, and not one below it.
func (r *Repository) Is(ctx context.Context, dir string) bool {
	own, err := os.Stat(dir)
	if err != nil {
		return false
	}
	top, _ := r.TopLevel(ctx)
	gitDir, _ := r.GitDir(ctx)
	for _, path := range []string{top, gitDir} {
		if info, err := os.Stat(path); err == nil && os.SameFile(own, info) {
			return true
		}
	}
	return false
}

// Tracked reports whether the index of the worktree that a file is in holds it.
func (r *Repository) Tracked(ctx context.Context, file string) (bool, error) {
	git := program{dir: filepath.Dir(file), env: environWithoutLocal()}
	_, err := git.output(ctx, "ls-files", "--error-unmatch", "--", ":(literal)"+filepath.Base(file))
	if _, failed := errors.AsType[*ExecError](err); failed || errors.Is(err, ErrNoRepository) {
		return false, nil
	}
	return err == nil, err
}

// A SyncError says that a branch was updated but a worktree in which it is
// checked out could not follow.
type SyncError struct {
	Worktree string
	Err      error
}

func (e *SyncError) Error() string {
	return fmt.Sprintf("the branch is updated, but the files in %s are not: %v", e.Worktree, e.Err)
}

func (e *SyncError) Unwrap() error { return e.Err }

// Advance moves a local branch from where branch says it is to the commit, and
// keeps index and files in step where the branch is checked out, in one worktree.
// The paths are those in which the commit differs. When the branch has moved meanwhile the
// error is [ErrMoved] and nothing has changed. After a [SyncError] the branch is
// at the commit all the same.
func (r *Repository) Advance(ctx context.Context, branch Branch, commit Hash, paths []string, reflog string) error {
	worktree, err := r.checkout(ctx, branch, paths)
	if err != nil {
		return err
	}
	defer worktree.close()
	if worktree != nil {
		if err := worktree.check(ctx, branch.Commit); err != nil {
			// What is there may come from a commit that is newer than the base.
			if tip, tipErr := r.ResolveRef(ctx, branch.Ref); tipErr == nil && tip != branch.Commit {
				return fmt.Errorf("updating %s: %w", branch.Ref, ErrMoved)
			}
			return err
		}
		if err := worktree.adopt(ctx, branch.Commit); err != nil {
			return err
		}
	}
	if err := r.UpdateRef(ctx, branch.Ref, commit, branch.Commit, reflog); err != nil || worktree == nil {
		return err
	}
	return worktree.sync(context.WithoutCancel(ctx))
}

// IsSyncError reports whether the branch was updated although err is not nil.
func IsSyncError(err error) bool {
	_, failed := errors.AsType[*SyncError](err)
	return failed
}
