package remote

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/git-datapact/git-datapact/gitcmd"
)

// isOtherFormat reports whether a message of git is about a server whose objects have hashes of
// another format than the clone's.
func isOtherFormat(message string) bool {
	return strings.Contains(message, "mismatched algorithms") || strings.Contains(message, "does not support this repository's object format")
}

// change makes an empty clone one of the other format of objects: before the first fetch
// nobody has said which one the server's repository has. It reports whether it did.
func (c *Clone) change(ctx context.Context) (bool, error) {
	refs, err := c.here.Refs(ctx)
	if err != nil || len(refs) > 0 {
		return false, err
	}
	format, err := c.here.Format(ctx)
	if err != nil {
		return false, err
	}
	other := gitcmd.SHA256
	if format == other {
		other = gitcmd.SHA1
	}
	// The processes that serve it know it as it was.
	if err := errors.Join(c.Close(), gitcmd.NewBare(c.dir, other)); err != nil {
		return false, fmt.Errorf("making a clone: %w", err)
	}
	return true, nil
}

// suit makes an empty clone one of the format that a commit's hash has. The error is
// [gitcmd.ErrNotFound] where it is not empty, and of the other.
func (c *Clone) suit(ctx context.Context, commit gitcmd.Hash) error {
	format, err := c.here.Format(ctx)
	if err != nil || format == commit.Format() {
		return err
	}
	if changed, err := c.change(ctx); err != nil || changed {
		return err
	}
	return fmt.Errorf("commit %s: %w", commit, gitcmd.ErrNotFound)
}
