package validate

import (
	"context"
	"errors"

	"github.com/git-datapact/git-datapact/gitcmd"
)

// CheckStaged holds what the index would commit to the current branch against the
// rules that can be told before there is a commit.
func CheckStaged(ctx context.Context, repository *gitcmd.Repository, opts Options) (Summary, error) {
	c, err := newChecker(ctx, repository, opts)
	if err != nil {
		return Summary{}, err
	}
	branch, err := repository.Head(ctx)
	if err != nil && !errors.Is(err, gitcmd.ErrDetached) {
		return Summary{}, err
	}
	merging, err := c.has(ctx, "MERGE_HEAD")
	if err != nil {
		return Summary{}, err
	}
	staged := gitcmd.LogEntry{Merge: merging}
	for file, err := range repository.Staged(ctx) {
		if err != nil {
			return Summary{}, err
		}
		staged.Files = append(staged.Files, file)
	}
	if err := c.commit(ctx, branch, staged); err != nil {
		return c.summary, err
	}
	if err := c.flush(ctx); err != nil {
		return c.summary, err
	}
	if hasJob, err := c.has(ctx, ":"+jobFile); err != nil {
		return c.summary, err
	} else if hasJob && c.touched {
		if err := c.job(ctx, branch, ""); err != nil {
			return c.summary, err
		}
	}
	return c.summary, c.checkInputs(ctx)
}

// has reports whether something is there.
func (c *checker) has(ctx context.Context, name string) (bool, error) {
	objects, err := c.repository.Headers(ctx, []string{name})
	if errors.Is(err, gitcmd.ErrNotFound) {
		return false, nil
	}
	return err == nil && objects[0] != nil, err
}
