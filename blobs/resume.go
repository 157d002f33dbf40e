package blobs

import (
	"context"
	"errors"
	"io"

	"github.com/git-datapact/git-datapact/blobs/backend"
)

// A Part is the beginning of an object's stored bytes, which an earlier read left behind.
type Part struct {
	io.Reader           // of what there is
	Size      int64     // of what there is, in bytes
	More      io.Writer // takes what comes after it
}

// Resumable reports whether [Store.Resume] can do without the bytes of a part: where the
// store is far away, not where it is a folder.
func (s *Store) Resumable() bool {
	_, can := s.backend.(backend.Resumer)
	return can
}

// Resume returns a view of a resumable store through which one object is read, once: first
// the bytes of the part, then the rest from the store, which goes to the part too. The part
// is not trusted: all bytes are verified together, and a part that is not of the object
// makes it a [*CorruptError]. The view need not be closed.
func (s *Store) Resume(p Part) *Store {
	return &Store{backend: &resuming{s.backend, p}, cache: s.cache, fresh: true}
}

// A resuming backend opens an object by a part of it.
type resuming struct {
	backend.Backend
	part Part
}

// Open is part of [backend.Backend].
func (r *resuming) Open(ctx context.Context, key Key) (io.ReadCloser, error) {
	far, can := r.Backend.(backend.Resumer)
	if !can {
		return nil, errors.ErrUnsupported
	}
	rest, err := far.OpenAt(ctx, key, r.part.Size)
	if err != nil {
		return nil, err
	}
	all := io.MultiReader(io.LimitReader(r.part, r.part.Size), io.TeeReader(rest, r.part.More))
	return struct {
		io.Reader
		io.Closer
	}{all, rest}, nil
}
