package blobs

import (
	"context"
	"os"

	"github.com/git-datapact/git-datapact/blobs/cache"
)

// UseCache has the store read through a cache on this machine, where the store is far away.
// It is called before the first read.
func (s *Store) UseCache(c *cache.Cache) {
	if s.Resumable() {
		s.cache = c
	}
}

// Cached reports whether the cache of the store seems to have an object.
func (s *Store) Cached(obj Object) bool { return s.cache != nil && s.cache.Has(obj) }

// CopyCached copies an object from the cache of the store into a file that is empty, which
// may take no space of its own until one of the two is written to. It reports whether the
// file has the object then, proven; if not, the file is empty still.
func (s *Store) CopyCached(ctx context.Context, obj Object, to *os.File) (bool, error) {
	if s.cache == nil {
		return false, nil
	}
	return s.cache.Copy(ctx, obj, to)
}
