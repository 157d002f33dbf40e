package blobs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// refresh sets the time of an object's file, which a user who may write to the
// folder but not to this file cannot do.
func (f *folder) refresh(_ context.Context, have entry) (bool, error) {
	name, err := f.locate(have.Key)
	if err != nil {
		return false, err
	}
	return touch(name) == nil, nil
}

func touch(name string) error {
	now := time.Now()
	return os.Chtimes(name, now, now)
}

func (f *folder) folders(_ context.Context, prefix string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(f.dir, filepath.FromSlash(prefix)))
	if err != nil && !isMissing(err) {
		return nil, f.explain(fmt.Errorf("listing blobs: %w", err))
	}
	var names []string
	for _, entry := range entries {
		if entry.IsDir() {
			names = append(names, entry.Name())
		}
	}
	return names, nil
}

// setAside looks at the file's time again once it has its new name: whoever sets
// the time through the old name and then finds it there was first, and whoever
// does not find it there stores it again.
func (f *folder) setAside(ctx context.Context, from, to Key, before time.Time) (bool, error) {
	old, err := f.stat(ctx, from)
	if errors.Is(err, ErrNotFound) || err == nil && old.ModTime.After(before) {
		return false, nil
	}
	if err == nil {
		err = f.rename(from, to, os.Rename)
	}
	if isMissing(err) { // another process was first
		return false, nil
	}
	if err != nil {
		return false, f.explain(fmt.Errorf("moving blob %q to quarantine: %w", string(from), err))
	}
	now, err := f.stat(ctx, to)
	if errors.Is(err, ErrNotFound) { // brought back already
		return false, nil
	}
	if err == nil && now.ModTime.After(before) {
		return false, f.restore(ctx, to, from)
	}
	return err == nil, err
}

// restore never takes the key of an object that was stored meanwhile.
func (f *folder) restore(_ context.Context, from, to Key) error {
	err := f.rename(from, to, renameExclusive)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil
	case isMissing(err):
		return opening(to, err)
	case err == nil:
		var name string
		if name, err = f.locate(to); err == nil {
			_ = touch(name) // it may be somebody else's file
			err = syncDir(filepath.Dir(name))
		}
	}
	if err != nil {
		return f.explain(fmt.Errorf("bringing blob %q back from quarantine: %w", string(to), err))
	}
	return nil
}

// rename gives a file another name in the store, and makes the folder for it. The
// folder may be removed as being empty by another process between the two.
func (f *folder) rename(from, to Key, rename func(from, to string) error) error {
	source, err := f.locate(from)
	if err != nil {
		return err
	}
	target, err := f.locate(to)
	if err != nil {
		return err
	}
	for range keepTries {
		if err = rename(source, target); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if _, err := os.Lstat(source); err != nil {
			return err
		}
		if _, err := makeFolder(filepath.Dir(target)); err != nil {
			return err
		}
	}
	return err
}

// removeEmpty removes the folders above an object in quarantine that became empty.
func (f *folder) removeEmpty(dir string) {
	for top := filepath.Join(f.dir, quarantine); len(dir) > len(top); dir = filepath.Dir(dir) {
		if os.Remove(dir) != nil {
			return
		}
	}
}
