package archive

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"sync"
)

// openFolders is how many folders are open while files in them are.
const openFolders = 64

// Folders keeps some folders open that files are in, so that a file takes one step and not one
// for each element of its path. Its methods may be called concurrently.
type folders[F io.Closer] struct {
	openFolder func(name string) (F, error)
	mu         sync.Mutex
	open       map[string]F
}

func newFolders[F io.Closer](openFolder func(name string) (F, error)) *folders[F] {
	return &folders[F]{openFolder: openFolder, open: map[string]F{}}
}

// in is a folder. It may be closed to make room for another one, even before it is used.
func (d *folders[F]) in(name string) (F, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if in, ok := d.open[name]; ok {
		return in, nil
	}
	for other, in := range d.open {
		if len(d.open) < openFolders {
			break
		}
		delete(d.open, other)
		if err := in.Close(); err != nil {
			return in, err
		}
	}
	in, err := d.openFolder(name)
	if err == nil {
		d.open[name] = in
	}
	return in, err
}

// close closes the folders.
func (d *folders[F]) close() error {
	var errs []error
	for _, in := range d.open {
		errs = append(errs, in.Close())
	}
	return errors.Join(errs...)
}

// Roots opens files below a folder, or looks at them.
type roots struct {
	*folders[*os.Root]
	root *os.Root
}

// newRoots makes the folders that are missing, or does not.
func newRoots(root *os.Root, make bool) roots {
	return roots{root: root, folders: newFolders(func(name string) (*os.Root, error) {
		if make {
			if err := root.MkdirAll(name, 0o777); err != nil {
				return nil, err
			}
		}
		return root.OpenRoot(name)
	})}
}

// openFile is [os.Root.OpenFile].
func (d roots) openFile(name string, flag int, mode fs.FileMode) (*os.File, error) {
	for {
		in, err := d.in(path.Dir(name))
		if err != nil {
			return nil, err
		}
		file, err := in.OpenFile(path.Base(name), flag, mode)
		if !errors.Is(err, fs.ErrClosed) { // to make room for another folder
			return file, err
		}
	}
}

// lstat is [os.Root.Lstat].
func (d roots) lstat(name string) (fs.FileInfo, error) {
	for {
		in, err := d.in(path.Dir(name))
		if err != nil {
			return d.root.Lstat(name) // which tells why, where it is no folder
		}
		info, err := in.Lstat(path.Base(name))
		if !errors.Is(err, fs.ErrClosed) { // to make room for another folder
			return info, err
		}
	}
}
