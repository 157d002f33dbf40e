package folder

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/git-datapact/git-datapact/blobs/backend"
)

// Refresh sets the time of an object's file unless that is young, which a user who may write
// to the folder but not to this file cannot do. It does so by the object's name: where that
// succeeds the object was not set aside before, and whoever sets it aside later sees the time.
func (f *Folder) Refresh(_ context.Context, have backend.Entry) (bool, error) {
	if have.Young() {
		return true, nil
	}
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

// Folders is part of [backend.Backend].
func (f *Folder) Folders(_ context.Context, prefix string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(f.dir, filepath.FromSlash(prefix)))
	if err != nil && !backend.IsMissing(err) {
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

// SetAside looks at the file's time again once it has its new name: whoever sets
// the time through the old name and then finds it there was first, and whoever
// does not find it there stores it again.
func (f *Folder) SetAside(ctx context.Context, from, to backend.Key, before time.Time) (bool, error) {
	old, err := f.Stat(ctx, from)
	if errors.Is(err, backend.ErrNotFound) || err == nil && old.ModTime.After(before) {
		return false, nil
	}
	if err == nil {
		err = f.rename(from, to, os.Rename)
	}
	if backend.IsMissing(err) { // another process was first
		return false, nil
	}
	if err != nil {
		return false, f.explain(fmt.Errorf("moving blob %q to quarantine: %w", string(from), err))
	}
	now, err := f.Stat(ctx, to)
	if errors.Is(err, backend.ErrNotFound) { // brought back already
		return false, nil
	}
	if err == nil && now.ModTime.After(before) {
		return false, f.Restore(ctx, to, from)
	}
	return err == nil, err
}

// Restore never takes the key of an object that was stored meanwhile.
func (f *Folder) Restore(_ context.Context, from, to backend.Key) error {
	err := f.rename(from, to, renameExclusive)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil
	case backend.IsMissing(err):
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

// renameTries is how often a folder is made that others remove at the same time.
const renameTries = 5

// rename gives a file another name in the store, and makes the folder for it. The
// folder may be removed as being empty by another process between the two.
func (f *Folder) rename(from, to backend.Key, rename func(from, to string) error) error {
	source, err := f.locate(from)
	if err != nil {
		return err
	}
	target, err := f.locate(to)
	if err != nil {
		return err
	}
	for range renameTries {
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
func (f *Folder) removeEmpty(dir string) {
	for top := filepath.Join(f.dir, backend.Quarantine); len(dir) > len(top); dir = filepath.Dir(dir) {
		if os.Remove(dir) != nil {
			return
		}
	}
}
