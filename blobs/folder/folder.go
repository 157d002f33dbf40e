package folder

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/git-datapact/git-datapact/blobs/backend"
)

// A Folder is the backend of plain files. A missing one is empty.
type Folder struct {
	dir string // absolute
}

// locate returns the path of an object's file, be it in quarantine.
func (f *Folder) locate(key backend.Key) (string, error) {
	local, err := filepath.Localize(string(key))
	if err != nil {
		return "", fmt.Errorf("locating blob %q: not a usable file name", string(key))
	}
	return filepath.Join(f.dir, local), nil
}

func (f *Folder) Open(_ context.Context, key backend.Key) (io.ReadCloser, error) {
	name, err := f.locate(key)
	if err != nil {
		return nil, err
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, f.explain(opening(key, err))
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		file.Close()
		return nil, opening(key, err)
	}
	return file, nil
}

// OpenRange is part of [backend.Ranger].
func (f *Folder) OpenRange(ctx context.Context, key backend.Key, offset, size int64) (io.ReadCloser, error) {
	r, err := f.Open(ctx, key)
	if err != nil {
		return nil, err
	}
	return section{io.NewSectionReader(r.(*os.File), offset, size), r}, nil
}

// A section is a part of a file.
type section struct {
	io.Reader
	io.Closer
}

func (f *Folder) Stat(_ context.Context, key backend.Key) (backend.Entry, error) {
	name, err := f.locate(key)
	if err != nil {
		return backend.Entry{}, err
	}
	return f.stat(key, name)
}

// stat looks at the file of an object.
func (f *Folder) stat(key backend.Key, name string) (backend.Entry, error) {
	info, err := os.Stat(name)
	if err == nil && !info.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		return backend.Entry{}, f.explain(opening(key, err))
	}
	return backend.Entry{Attributes: attributes(key, info)}, nil
}

func (f *Folder) Remove(ctx context.Context, key backend.Key) error {
	if _, err := f.Stat(ctx, key); err != nil { // folders are no objects
		return err
	}
	name, err := f.locate(key)
	if err != nil {
		return err
	}
	err = os.Remove(name)
	if backend.IsMissing(err) { // another process was first
		return opening(key, err)
	}
	if err == nil && backend.Reserved(string(key)) { // that it stays away is not urgent
		f.removeEmpty(filepath.Dir(name))
		return nil
	}
	if err == nil {
		err = syncDir(filepath.Dir(name))
	}
	if err != nil {
		return f.explain(fmt.Errorf("deleting blob %q: %w", string(key), err))
	}
	return nil
}

func (f *Folder) Close() error { return nil }

// list walks the deepest folder that all keys with the prefix share.
func (f *Folder) List(ctx context.Context, prefix string) iter.Seq2[backend.Attributes, error] {
	return func(yield func(backend.Attributes, error) bool) {
		top := path.Clean(prefix[:strings.LastIndex(prefix, "/")+1])
		w := walk{prefix: prefix, yield: yield}
		err := fs.WalkDir(os.DirFS(f.dir), top, func(name string, d fs.DirEntry, err error) error {
			switch {
			case ctx.Err() != nil:
				return ctx.Err()
			case backend.IsMissing(err): // the whole store, or what another process removed
				return nil
			case err != nil:
				return err
			case d.IsDir():
				return w.enter(name)
			}
			return w.file(name, d)
		})
		if err != nil {
			yield(backend.Attributes{}, f.explain(fmt.Errorf("listing blobs: %w", err)))
		}
	}
}

// namesAtOnce is how many names of a folder are read at a time.
const namesAtOnce = 4096

// Names lists the keys of the regular files that are right in a folder, in no particular
// order.
func (f *Folder) Names(ctx context.Context, folder string) iter.Seq2[backend.Key, error] {
	return func(yield func(backend.Key, error) bool) {
		name, err := f.locate(backend.Key(folder))
		if err == nil {
			err = eachName(ctx, name, func(base string) bool { return yield(backend.Key(folder+"/"+base), nil) })
		}
		if err != nil && !backend.IsMissing(err) {
			yield("", f.explain(fmt.Errorf("listing blobs: %w", err)))
		}
	}
}

// eachName visits the names of regular files in a folder until one is not to be followed by
// another.
func eachName(ctx context.Context, dir string, visit func(name string) bool) error {
	opened, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer opened.Close()
	for err = ctx.Err(); err == nil; {
		var entries []fs.DirEntry
		entries, err = opened.ReadDir(namesAtOnce)
		for _, entry := range entries {
			if entry.Type().IsRegular() && !visit(entry.Name()) {
				return nil
			}
		}
		err = cmp.Or(err, ctx.Err())
	}
	if err == io.EOF {
		return nil
	}
	return err
}

// A walk yields the objects of a folder.
type walk struct {
	prefix string
	yield  func(backend.Attributes, error) bool
}

// enter skips a folder that cannot hold keys with the prefix.
func (w *walk) enter(name string) error {
	below := name + "/"
	switch {
	case name == ".":
		return nil
	case backend.Reserved(name) && !backend.Reserved(w.prefix), backend.CheckPath(name) != nil:
		return fs.SkipDir
	case strings.HasPrefix(below, w.prefix), strings.HasPrefix(w.prefix, below):
		return nil
	}
	return fs.SkipDir
}

func (w *walk) file(name string, d fs.DirEntry) error {
	key := backend.Key(name)
	if !d.Type().IsRegular() || !strings.HasPrefix(name, w.prefix) || !backend.Listed(key, w.prefix) {
		return nil
	}
	info, err := d.Info()
	if backend.IsMissing(err) {
		return nil
	}
	if err == nil && !w.yield(attributes(key, info), nil) {
		return fs.SkipAll
	}
	return err
}

func attributes(key backend.Key, info fs.FileInfo) backend.Attributes {
	return backend.Attributes{Key: key, Size: info.Size(), ModTime: info.ModTime()}
}

// opening explains why an object's file cannot be had.
func opening(key backend.Key, err error) error {
	if backend.IsMissing(err) {
		err = backend.ErrNotFound
	}
	return fmt.Errorf("opening blob %q: %w", string(key), err)
}
