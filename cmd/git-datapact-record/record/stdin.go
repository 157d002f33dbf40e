package record

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
)

// standardInput stands for a result of one file that is read from there.
const standardInput = "-"

// checkName wants a name for what is read from standard input, and for nothing else.
func (c *command) checkName() error {
	switch {
	case c.Dir != standardInput && c.Name != "":
		return errors.New("--name is for a result from standard input: give it with '-'")
	case c.Dir != standardInput:
		return nil
	case c.Name == "":
		return errors.New("a result from standard input needs a name: give --name FILE")
	case c.Name == ".datapact" || strings.HasPrefix(c.Name, ".datapact/"):
		return fmt.Errorf("--name %s: .datapact is for what a result says of itself", c.Name)
	}
	if err := receipts.CheckPath(c.Name); err != nil {
		return fmt.Errorf("--name: %w", err)
	}
	return nil
}

// takeInput makes a result directory of what comes from standard input: in the git
// directory, since it may be large. The caller removes it by calling done.
func (c *command) takeInput(ctx context.Context, env *frame.Env, repository *gitcmd.Repository) (dir string, done func() error, err error) {
	scratch, lock, err := openScratch(ctx, repository)
	if err != nil {
		return "", nil, err
	}
	if dir, err = os.MkdirTemp(scratch, ""); err != nil {
		return "", nil, errors.Join(gitcmd.DeniedHint(err), lock.Close())
	}
	done = func() error { return errors.Join(os.RemoveAll(dir), lock.Close()) }
	size, err := write(ctx, filepath.Join(dir, filepath.FromSlash(c.Name)), env.Stdin)
	if err == nil && size == 0 && !c.AllowEmpty {
		err = gitcmd.WithHint(errors.New("standard input is empty"), "if whatever writes it has not failed, use --allow-empty")
	}
	if err != nil {
		return "", nil, errors.Join(err, done())
	}
	return dir, done, nil
}

// openScratch makes the folder that holds such directories, and removes what killed
// recordings left in it when no other one is at work: each holds the lock with the others.
func openScratch(ctx context.Context, repository *gitcmd.Repository) (string, *flock.Flock, error) {
	folder, sharing, err := repository.DataFolder(ctx, "stdin")
	if err != nil {
		return "", nil, err
	}
	lock, err := sharing.Lock(folder + ".lock")
	if err != nil {
		return "", nil, err
	}
	if alone, err := lock.TryLock(); err == nil && alone {
		entries, _ := os.ReadDir(folder)
		for _, entry := range entries {
			_ = os.RemoveAll(filepath.Join(folder, entry.Name())) // what others own stays
		}
		_ = lock.Unlock()
	}
	if _, err := lock.TryRLockContext(ctx, 5*time.Millisecond); err != nil {
		return "", nil, errors.Join(fmt.Errorf("locking %s: %w", lock.Path(), err), lock.Close())
	}
	return folder, lock, nil
}

// write makes a file, and the folders that it is in, of all that can be read.
func write(ctx context.Context, path string, from io.Reader) (int64, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return 0, err
	}
	file, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	size, err := copyUntil(ctx, file, from)
	if err = errors.Join(err, file.Close()); err != nil {
		return 0, fmt.Errorf("reading standard input: %w", err)
	}
	return size, nil
}

// copyUntil copies until the end, or until the context ends: then what is read is not
// whole, whatever its writer did when the same signal reached it.
func copyUntil(ctx context.Context, to io.Writer, from io.Reader) (size int64, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		size, err = io.Copy(to, from)
	}()
	select {
	case <-done:
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		return size, err
	case <-ctx.Done(): // a read that waits cannot be ended, but the process will
		return 0, ctx.Err()
	}
}
