package cache

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/git-datapact/git-datapact/blobs/backend"
	"github.com/git-datapact/git-datapact/blobs/folder"
)

const (
	// spare is the part of the limit, one in so many, that is free after objects went.
	spare = 10
	// abandoned is from which age on a file on its way is that of a process that was killed.
	abandoned = 24 * time.Hour
	// lockTime is how long another process may count and remove objects, and lockPause how
	// often it is asked.
	lockTime, lockPause = 30 * time.Second, 2 * time.Millisecond
)

// An Entry is an object on its way into the cache. It fails in silence: then the cache does
// not have the object, and whoever reads it does not notice.
type Entry struct {
	cache *Cache
	obj   backend.Object
	file  *os.File // nil once it is of no use
}

// Begin makes an entry for an object that the cache has not. It returns nil where the
// cache cannot have it: it is larger than the limit, or the disk is about to be full. The caller closes it.
func (c *Cache) Begin(obj backend.Object) *Entry {
	path := c.path(obj)
	if path == "" || obj.Size < 0 || obj.Size > c.limit-c.limit/spare || c.Has(obj) {
		return nil
	}
	dir := filepath.Join(c.dir, incoming)
	if os.MkdirAll(dir, 0o777) != nil || os.MkdirAll(filepath.Dir(path), 0o777) != nil {
		return nil
	}
	// The reader of the object may need as much for itself on the same disk.
	if free, known := folder.FreeBytes(dir); known && free/2 < obj.Size {
		return nil
	}
	file, err := os.OpenFile(filepath.Join(dir, rand.Text()), os.O_WRONLY|os.O_CREATE|os.O_EXCL, entryMode)
	if err != nil {
		return nil
	}
	return &Entry{c, obj, file}
}

// Write takes the next bytes of the object. It never fails.
func (e *Entry) Write(p []byte) (int, error) {
	if e.file != nil {
		if _, err := e.file.Write(p); err != nil {
			e.Close()
		}
	}
	return len(p), nil
}

// Keep makes the entry an object of the cache. All its bytes were written, and proved to be
// the object's. The objects that were not used for the longest time make room for it.
func (e *Entry) Keep() {
	if e.file == nil {
		return
	}
	defer e.Close()
	if e.file.Close() != nil {
		return
	}
	_ = e.cache.locked(func() error { // or the cache is of no use
		if err := e.cache.reserve(e.obj.Size); err != nil {
			return err
		}
		path := e.cache.path(e.obj)
		err := os.Rename(e.file.Name(), path)
		if err != nil { // what is there may be a folder, or read only
			remove(path)
			err = os.Rename(e.file.Name(), path)
		}
		return err
	})
}

// Close gives the entry up, unless it is kept.
func (e *Entry) Close() {
	if e.file != nil {
		_ = e.file.Close()
		_ = os.Remove(e.file.Name())
		e.file = nil
	}
}

// locked calls do while no other process adds objects.
func (c *Cache) locked(do func() error) error {
	held := flock.New(filepath.Join(c.dir, lock), flock.SetFlag(os.O_RDWR|os.O_CREATE), flock.SetPermissions(0o666))
	ctx, cancel := context.WithTimeout(context.Background(), lockTime)
	defer cancel()
	if _, err := held.TryLockContext(ctx, lockPause); err != nil {
		return err
	}
	defer held.Close()
	return do()
}

// reserve makes room for so many bytes and counts them, before they are there: the count is
// never less than what there is.
func (c *Cache) reserve(size int64) error {
	used, known := c.counted()
	if !known || used > c.limit-size {
		var err error
		if used, err = c.evict(size); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(c.dir, usage), []byte(strconv.FormatInt(used+size, 10)+"\n"), 0o666)
}

// counted reads the count of bytes.
func (c *Cache) counted() (int64, bool) {
	text, err := os.ReadFile(filepath.Join(c.dir, usage))
	n, parseErr := strconv.ParseInt(strings.TrimSuffix(string(text), "\n"), 10, 64)
	return n, err == nil && parseErr == nil && n >= 0 && strings.HasSuffix(string(text), "\n")
}

// evict counts the objects. Where they leave no room for so many bytes it removes those that
// were not used for the longest time, and some more, so that this is not soon to be done
// again. It returns how many bytes are left.
func (c *Cache) evict(size int64) (int64, error) {
	c.clean()
	type object struct {
		path string
		size int64
		used time.Time
	}
	var all []object
	var used int64
	err := c.walk(func(path string, info fs.FileInfo) {
		all = append(all, object{path, info.Size(), info.ModTime()})
		used += info.Size()
	})
	if err != nil || used <= c.limit-size {
		return used, err
	}
	slices.SortFunc(all, func(a, b object) int { return a.used.Compare(b.used) })
	for _, o := range all {
		if used <= c.limit-c.limit/spare-size {
			break
		}
		if err := os.Remove(o.path); err == nil || errors.Is(err, fs.ErrNotExist) {
			used -= o.size
		}
	}
	if used > c.limit-size {
		return used, errors.New("nothing can be removed")
	}
	return used, nil
}

// clean removes what processes that were killed had on its way.
func (c *Cache) clean() {
	entries, _ := os.ReadDir(filepath.Join(c.dir, incoming))
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil && time.Since(info.ModTime()) > abandoned {
			_ = os.Remove(filepath.Join(c.dir, incoming, entry.Name()))
		}
	}
}
