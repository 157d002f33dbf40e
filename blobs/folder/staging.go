package folder

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"github.com/git-datapact/git-datapact/blobs/backend"
)

const (
	// lockName is the file that a live upload holds locked in its folder, and
	// the one in the folder of all uploads that guards their coming and going.
	lockName = "lock"
	// lockMode lets every user who may write to the store take the lock.
	lockMode = 0o666
	// lockRetry is how often a guard that is held is tried again.
	lockRetry = 5 * time.Millisecond
)

// A staging is the [backend.Spool] of an upload to a folder. Its lock, which ends with
// the process, tells it from what an interrupted upload left.
type staging struct {
	backend.Spool
	sharing sharing // of the files, and so of the objects
	lock    *flock.Flock
}

// createFile makes the next file.
func (s *staging) createFile() (*os.File, error) {
	f, err := s.Create()
	if err == nil {
		s.sharing.share(f.Name())
	}
	return f, err
}

// newStaging makes a staging in the folder parent, and removes there the ones
// of uploads that no longer run. Both happen under a guard, so that none is
// seen between its making and its locking.
func newStaging(ctx context.Context, parent string, sharing sharing) (*staging, error) {
	guard := flock.New(filepath.Join(parent, lockName), flock.SetPermissions(lockMode))
	if _, err := guard.TryLockContext(ctx, lockRetry); err != nil {
		return nil, fmt.Errorf("locking %q: %w", guard.Path(), err)
	}
	defer guard.Unlock()
	sharing.share(guard.Path())
	removeStale(parent)
	dir, err := os.MkdirTemp(parent, "")
	if err != nil {
		return nil, err
	}
	s := &staging{Spool: backend.Spool{Dir: dir, Mode: objectMode}, sharing: sharing, lock: flock.New(filepath.Join(dir, lockName))}
	if _, err := s.lock.TryLock(); err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("locking %q: %w", s.lock.Path(), err)
	}
	sharing.share(s.lock.Path())
	sharing.share(dir) // for others to remove what an interrupted upload left
	return s, nil
}

// removeStale is done as well as it can be: what other users left stays.
func removeStale(parent string) {
	entries, _ := os.ReadDir(parent)
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		dir := filepath.Join(parent, e.Name())
		lock := flock.New(filepath.Join(dir, lockName), flock.SetFlag(os.O_RDONLY))
		free, err := lock.TryLock()
		if err == nil && free {
			lock.Unlock()
		}
		if free || backend.IsMissing(err) {
			os.RemoveAll(dir)
		}
	}
}

// close removes the staging. A staging being removed may look stale to others,
// who then help.
func (s *staging) close() error {
	if err := s.lock.Unlock(); err != nil {
		return err
	}
	return os.RemoveAll(s.Dir)
}

// syncFile makes a file's bytes durable.
func syncFile(name string) error {
	f, err := os.OpenFile(name, syncFlag, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
