package archive

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"sync"
)

// openFolders is how many folders are open while files in them are.
const openFolders = 64

// Folders opens files below a folder, or looks at them, and keeps some of those open that they are in, so that a
// file takes one step and not one for each element of its path.
type folders struct {
	root *os.Root
	make bool // folders that are missing
	mu   sync.Mutex
	open map[string]*os.Root
}

func newFolders(root *os.Root, make bool) *folders {
	return &folders{root: root, make: make, open: map[string]*os.Root{}}
}

// openFile is [os.Root.OpenFile].
func (d *folders) openFile(name string, flag int, mode fs.FileMode) (*os.File, error) {
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
func (d *folders) lstat(name string) (fs.FileInfo, error) {
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

// in is a folder.
func (d *folders) in(name string) (*os.Root, error) {
	if name == "." {
		return d.root, nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if in := d.open[name]; in != nil {
		return in, nil
	}
	for other, in := range d.open {
		if len(d.open) < openFolders {
			break
		}
		delete(d.open, other)
		if err := in.Close(); err != nil {
			return nil, err
		}
	}
	if d.make {
		if err := d.root.MkdirAll(name, 0o777); err != nil {
			return nil, err
		}
	}
	in, err := d.root.OpenRoot(name)
	if err == nil {
		d.open[name] = in
	}
	return in, err
}

// close closes the folders, but for the one that they are in.
func (d *folders) close() error {
	var errs []error
	for _, in := range d.open {
		errs = append(errs, in.Close())
	}
	return errors.Join(errs...)
}
