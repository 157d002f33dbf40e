package folder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// A sharing says for whom files and folders are that are made in a folder: for those who
// may write to that, whatever the umask of the process is. It is what git does under
// core.sharedRepository.
type sharing struct {
	mode  fs.FileMode // permissions to add
	group int         // whose those of the group are for, -1 if groups cannot be told
}

// sharingOf is that of a folder. Where its owner alone may write there is none.
func sharingOf(dir string) sharing {
	s := sharing{group: -1}
	info, err := os.Stat(dir)
	if err != nil {
		return s
	}
	mode := info.Mode()
	if mode&0o002 != 0 && mode&fs.ModeSticky != 0 {
		return s // all write to a folder such as /tmp, each for themselves
	}
	s.group = groupOf(info)
	if mode&0o020 != 0 {
		s.mode |= mode & 0o070
	}
	if mode&0o002 != 0 {
		s.mode |= mode & 0o007
	}
	return s
}

// share adds permissions to a file or folder that was just made, as far as its owner has
// them. That somebody else's is left as it is, and a file system may have none.
func (s sharing) share(name string) {
	if s.mode == 0 {
		return
	}
	info, err := os.Lstat(name)
	if err != nil {
		return
	}
	add := s.mode
	if groupOf(info) != s.group && os.Lchown(name, -1, s.group) != nil {
		add &^= 0o070 // they would be for another group
	}
	owner := info.Mode() & 0o700
	mode := info.Mode() | add&(owner>>3|owner>>6)
	if mode != info.Mode() {
		_ = os.Chmod(name, mode)
	}
}

// makeFolder makes a folder and what is missing above it, each shared as the one it is in.
// It returns those that it made, the outermost first.
func makeFolder(dir string) (made []string, err error) {
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return nil, nil
	}
	above := filepath.Dir(dir)
	if above != dir {
		if made, err = makeFolder(above); err != nil {
			return made, err
		}
	}
	err = os.Mkdir(dir, 0o777)
	switch {
	case err == nil:
		sharingOf(above).share(dir)
		made = append(made, dir)
	case errors.Is(err, fs.ErrExist):
		err = nil // if it is a file, what is done next says so
	}
	return made, err
}

// A deniedError is about a file of a store that this user may not change or read.
type deniedError struct {
	err    error
	dir    string // of the store
	shared bool   // with other users, to whom the file may belong
}

func (e *deniedError) Error() string { return e.err.Error() }

func (e *deniedError) Unwrap() error { return e.err }

// Hint is the next step.
func (e *deniedError) Hint() string {
	if !e.shared {
		return fmt.Sprintf("choose another store, or have the owner of the folder share it: 'chgrp GROUP %s && chmod g+rwxs %s'", e.dir, e.dir)
	}
	return fmt.Sprintf("whoever owns it gives it to all users of the store: 'chmod -R g+rX %s && find %s -type d -exec chmod g+ws {} +'", e.dir, e.dir)
}

// explain adds the next step to an error about permissions.
func (f *Folder) explain(err error) error {
	if !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return &deniedError{err, f.dir, sharingOf(f.dir).mode != 0}
}
