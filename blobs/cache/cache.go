// Package cache keeps objects of stores that are far away in a folder of this machine, by
// the sha256 of their bytes, so that any repository and any process finds them there.
//
//	objects/5f/5f0c…  an object, whole; its time is when it was last used
//	incoming/…        objects on their way
//	usage             how many bytes the objects have, at most
//	lock              of whoever counts them
//
// A cache is a help and nothing more: what it cannot keep it does not keep, and what it has
// is compared with its digest before anybody sees it. Nothing of it needs to survive.
package cache

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/git-datapact/git-datapact/blobs/backend"
)

const (
	objects  = "objects"
	incoming = "incoming"
	usage    = "usage"
	lock     = "lock"
	// entryMode keeps people from writing into what is not theirs.
	entryMode = 0o444
)

// A Cache is a folder of objects, of a bounded size. Its methods may be called concurrently,
// also by other processes with the same folder.
type Cache struct {
	dir   string
	limit int64
}

// New returns the cache in a folder, which need not be there, of at most so many bytes.
func New(dir string, limit int64) *Cache { return &Cache{dir, limit} }

// path is where an object is, "" for one whose digest is none.
func (c *Cache) path(obj backend.Object) string {
	name := strings.ToLower(obj.SHA256)
	if sum, err := hex.DecodeString(name); err != nil || len(sum) != sha256.Size {
		return ""
	}
	return filepath.Join(c.dir, objects, name[:2], name)
}

// Has reports whether the cache seems to have an object, without reading it.
func (c *Cache) Has(obj backend.Object) bool {
	info, err := os.Lstat(c.path(obj))
	return err == nil && info.Mode().IsRegular() && info.Size() == obj.Size
}

// Open opens an object that the cache has, proven. It returns nil for one that it has not;
// one that is damaged is removed. The caller closes the file.
func (c *Cache) Open(ctx context.Context, obj backend.Object) *os.File {
	if !c.Has(obj) {
		return nil
	}
	path := c.path(obj)
	file, err := os.Open(path)
	if err != nil {
		return nil
	}
	proved, err := proves(ctx, file, obj)
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if proved && err == nil {
		now := time.Now()
		_ = os.Chtimes(path, now, now) // or it is somebody else's
		return file
	}
	_ = file.Close()
	if ctx.Err() == nil {
		remove(path)
	}
	return nil
}

// Copy copies an object into a file that is empty, by the means of the system: where the
// file system is able to, the two share their space until one is written to. It reports
// whether the file has the object then, proven; if not, the file is empty again.
func (c *Cache) Copy(ctx context.Context, obj backend.Object, to *os.File) (bool, error) {
	if !c.Has(obj) {
		return false, nil
	}
	path := c.path(obj)
	from, err := os.Open(path)
	if err != nil {
		return false, nil //nolint:nilerr // it is gone
	}
	defer from.Close()
	if _, err = io.Copy(to, from); err == nil {
		_, err = to.Seek(0, io.SeekStart)
	}
	proved := false
	if err == nil {
		proved, err = proves(ctx, to, obj)
	}
	if proved {
		now := time.Now()
		_ = os.Chtimes(path, now, now)
		return true, nil
	}
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if err == nil { // a failure may be that of the other file
		remove(path)
	}
	_, err = to.Seek(0, io.SeekStart)
	return false, errors.Join(err, to.Truncate(0))
}

// proves reads a file to its end and compares it with an object.
func proves(ctx context.Context, file io.Reader, obj backend.Object) (bool, error) {
	sum := sha256.New()
	n, err := io.Copy(sum, backend.ContextReader(ctx, file))
	return err == nil && n == obj.Size && strings.EqualFold(hex.EncodeToString(sum.Sum(nil)), obj.SHA256), err
}

// remove removes a file, or whatever stands in its place.
func remove(path string) {
	if os.Remove(path) != nil {
		_ = os.RemoveAll(path)
	}
}

// Usage counts the objects and their bytes.
func (c *Cache) Usage() (n int, size int64, err error) {
	err = c.walk(func(_ string, info fs.FileInfo) {
		n++
		size += info.Size()
	})
	return n, size, err
}

// walk visits the objects. A cache that is not there has none.
func (c *Cache) walk(visit func(path string, info fs.FileInfo)) error {
	return filepath.WalkDir(filepath.Join(c.dir, objects), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			var info fs.FileInfo
			if info, err = d.Info(); err == nil {
				visit(path, info)
			}
		}
		if backend.IsMissing(err) { // another process was first
			return nil
		}
		return err
	})
}
