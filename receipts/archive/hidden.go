package archive

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// gitIgnore is written into a folder that a fetch makes in a worktree, so that git does not
// take what was fetched for files to be added. It is not an output of a result.
const (
	gitIgnore = ".gitignore"
	ignoreAll = "# Made by git datapact fetch: what is fetched belongs in no commit.\n*\n"
)

// hide writes the file into a folder, unless that is outside of the worktree or has one.
func (a *Archive) hide(ctx context.Context, dir string, root *os.Root) error {
	top, err := a.Repository.TopLevel(ctx)
	if err != nil || top == "" {
		return nil //nolint:nilerr // no worktree here
	}
	if dir, err = filepath.Abs(dir); err == nil {
		dir, err = filepath.EvalSymlinks(dir)
	}
	if err != nil {
		return err
	}
	if within, err := filepath.Rel(top, dir); err != nil || !filepath.IsLocal(within) {
		return nil //nolint:nilerr // on another volume
	}
	file, err := root.OpenFile(gitIgnore, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = file.WriteString(ignoreAll)
	return errors.Join(err, file.Close())
}

// hideAll makes the folder that others are fetched into, and hides it.
func (a *Archive) hideAll(ctx context.Context, dir string) error {
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	return errors.Join(a.hide(ctx, dir, root), root.Close())
}

// hides reports whether a path of a folder is the file that hide wrote.
func hides(root *os.Root, path string, info fs.FileInfo) bool {
	if path != gitIgnore || !info.Mode().IsRegular() || info.Size() != int64(len(ignoreAll)) {
		return false
	}
	data, err := root.ReadFile(path)
	return err == nil && string(data) == ignoreAll
}
