package gitcmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"

	"github.com/gofrs/flock"
)

// A Sharing makes files and folders in a git directory for those who share the repository,
// as core.sharedRepository says and git does for its own. The zero value leaves it to
// the umask. What is there already keeps its mode.
type Sharing struct {
	mode  fs.FileMode // for whom files are, 0 for the umask
	exact bool        // mode is all, whatever the umask
}

// The modes of git's words for core.sharedRepository.
const (
	sharedWithGroup fs.FileMode = 0o660
	sharedWithAll   fs.FileMode = 0o664
)

// Sharing is how the repository is shared.
func (r *Repository) Sharing(ctx context.Context) (Sharing, error) {
	text, set, err := r.Config(ctx, "core.sharedrepository")
	if err != nil || !set || runtime.GOOS == "windows" {
		return Sharing{}, err
	}
	return parseSharing(text)
}

// parseSharing reads core.sharedRepository, see git-config(1).
func parseSharing(text string) (Sharing, error) {
	switch text {
	case "umask":
		return Sharing{}, nil
	case "group":
		return Sharing{mode: sharedWithGroup}, nil
	case "all", "world", "everybody":
		return Sharing{mode: sharedWithAll}, nil
	}
	n, err := strconv.ParseUint(text, 8, 16)
	switch {
	case err != nil && isTrue(text), err == nil && n == 1:
		return Sharing{mode: sharedWithGroup}, nil
	case err == nil && n == 2:
		return Sharing{mode: sharedWithAll}, nil
	case err != nil || n == 0:
		return Sharing{}, nil
	case n&0o600 != 0o600:
		return Sharing{}, fmt.Errorf("git config core.sharedRepository: %s takes from the owner of files what the owner needs", text)
	}
	return Sharing{mode: fs.FileMode(n) & 0o666, exact: true}, nil
}

// DataFolder makes a folder in [Repository.DataDir], or that itself where no name is given,
// and tells how files in it are shared.
func (r *Repository) DataFolder(ctx context.Context, names ...string) (string, Sharing, error) {
	data, err := r.DataDir(ctx)
	if err != nil {
		return "", Sharing{}, err
	}
	sharing, err := r.Sharing(ctx)
	if err != nil {
		return "", Sharing{}, err
	}
	folder := filepath.Join(append([]string{data}, names...)...)
	return folder, sharing, sharing.MkdirAll(folder)
}

// MkdirAll makes a folder, and those above it that are missing.
func (s Sharing) MkdirAll(dir string) error {
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return nil
	}
	if parent := filepath.Dir(dir); parent != dir {
		if err := s.MkdirAll(parent); err != nil {
			return err
		}
	}
	err := os.Mkdir(dir, 0o777)
	if info, statErr := os.Stat(dir); errors.Is(err, fs.ErrExist) && statErr == nil && info.IsDir() {
		return nil // made by another process meanwhile
	}
	if err != nil {
		return DeniedHint(err)
	}
	return s.Share(dir)
}

// OpenFile opens a file, and makes it if there is none and the flags of [os.OpenFile] say
// so.
func (s Sharing) OpenFile(name string, flag int) (*os.File, error) {
	if flag&os.O_CREATE == 0 {
		file, err := os.OpenFile(name, flag, 0)
		return file, DeniedHint(err)
	}
	for {
		file, err := os.OpenFile(name, flag|os.O_EXCL, 0o666)
		if err == nil {
			if err := s.Share(name); err != nil {
				return nil, errors.Join(err, file.Close())
			}
			return file, nil
		}
		if !errors.Is(err, fs.ErrExist) || flag&os.O_EXCL != 0 {
			return nil, DeniedHint(err)
		}
		file, err = os.OpenFile(name, flag&^os.O_CREATE, 0)
		if !errors.Is(err, fs.ErrNotExist) { // else it was removed meanwhile, or is a link to nothing
			return file, DeniedHint(err)
		}
		if _, err := os.Lstat(name); err == nil {
			return nil, fmt.Errorf("opening %s: %w", name, fs.ErrNotExist)
		}
	}
}

// WriteFile writes a file in the place of what was in it.
func (s Sharing) WriteFile(name string, data []byte) error {
	file, err := s.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	return errors.Join(err, file.Close())
}

// Lock makes the file of a lock, which is not held yet.
func (s Sharing) Lock(name string) (*flock.Flock, error) {
	file, err := s.OpenFile(name, os.O_RDONLY|os.O_CREATE)
	if err != nil {
		return nil, fmt.Errorf("locking: %w", err)
	}
	return flock.New(name), file.Close()
}

// Share gives a file or a folder that this process has made the mode that the sharing
// asks for.
func (s Sharing) Share(path string) error {
	if s.mode == 0 {
		return nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if mode := s.shared(info.Mode()); mode != info.Mode() {
		return os.Chmod(path, mode&(fs.ModePerm|fs.ModeSetuid|fs.ModeSetgid|fs.ModeSticky))
	}
	return nil
}

// shared is a mode as git adjusts it.
func (s Sharing) shared(mode fs.FileMode) fs.FileMode {
	give := s.mode
	if mode&0o200 == 0 {
		give &^= 0o222
	}
	if mode&0o100 != 0 {
		give |= give & 0o444 >> 2
	}
	if s.exact {
		mode &^= fs.ModePerm
	}
	mode |= give
	if mode.IsDir() {
		mode |= mode & 0o444 >> 2
		// The group of what is made in a folder is the folder's, on these by themselves.
		if mode&0o060 != 0 && runtime.GOOS != "darwin" && runtime.GOOS != "freebsd" {
			mode |= fs.ModeSetgid
		}
	}
	return mode
}
