package blobs

import (
	"context"
	"crypto/sha256"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/git-datapact/git-datapact/blobs/backend"
	"github.com/git-datapact/git-datapact/blobs/cache"
)

// What a store is made of, see package [backend].
type (
	Object     = backend.Object
	Attributes = backend.Attributes
	Key        = backend.Key
	Address    = backend.Address
)

// A Store holds objects. Its methods may be called concurrently, Close excepted.
type Store struct {
	backend backend.Backend
	cache   *cache.Cache // nil for none
	fresh   bool         // the cache is not read, and takes what is read
	chunks  chunkPool
}

// New returns a store over a backend. Closing the store closes the backend.
func New(b backend.Backend) *Store { return &Store{backend: b} }

// NewKey is [backend.NewKey].
func NewKey(branch, blob string) (Key, error) { return backend.NewKey(branch, blob) }

// Get returns the stored bytes of an object, verified: it reads to io.EOF only
// if size and sha256 are as obj says, and to a [*CorruptError] if not. Bytes
// past obj.Size are never handed out. A missing object is an [ErrNotFound]; one
// in quarantine is not missing.
// The caller closes the reader, which is not for concurrent use; closing early
// leaves the rest unverified. The reader stops when ctx does.
func (s *Store) Get(ctx context.Context, obj Object) (io.ReadCloser, error) {
	if err := obj.Key.Check(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	v := &verifier{want: obj, sum: sha256.New()}
	if err := s.source(ctx, v); err != nil {
		cancel()
		return nil, err
	}
	return newReader(ctx, cancel, v, &s.chunks), nil
}

// source opens the bytes of an object: in the cache, or else in the backend, and then the
// cache takes them.
func (s *Store) source(ctx context.Context, v *verifier) error {
	if s.cache != nil && !s.fresh {
		if file := s.cache.Open(ctx, v.want); file != nil {
			v.src = file
			return nil
		}
	}
	err := s.anywhere(ctx, v.want.Key, func(key Key) (err error) {
		v.src, err = s.backend.Open(ctx, key)
		return err
	})
	if err == nil && s.cache != nil {
		v.entry = s.cache.Begin(v.want)
	}
	return err
}

// Stat says what the store knows of an object. A missing one is an [ErrNotFound];
// one in quarantine is not missing.
func (s *Store) Stat(ctx context.Context, key Key) (Attributes, error) {
	if err := key.Check(); err != nil {
		return Attributes{}, err
	}
	var found Attributes
	err := s.anywhere(ctx, key, func(at Key) error {
		e, err := s.backend.Stat(ctx, at)
		found = e.Attributes
		return err
	})
	found.Key = key
	if err != nil {
		return Attributes{}, err
	}
	return found, nil
}

// List yields the objects whose key starts with prefix, in no particular order.
// It ends after the first error. Objects that uploads have not yet committed do
// not show, nor does anything that is not named as an object.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[Attributes, error] {
	parent := prefix[:strings.LastIndex(prefix, "/")+1]
	if parent != "" && backend.CheckBranch(strings.TrimSuffix(parent, "/")) != nil || backend.CheckText(prefix) != nil {
		return func(func(Attributes, error) bool) {} // no key starts so
	}
	return s.backend.List(ctx, prefix)
}

// Delete removes an object, not one in quarantine. A missing one is an [ErrNotFound].
func (s *Store) Delete(ctx context.Context, key Key) error {
	if err := key.Check(); err != nil {
		return err
	}
	return s.backend.Remove(ctx, key)
}

// Free tells how many bytes there is room for, where that is known: where the store is a
// folder, which need not be there yet.
func (s *Store) Free() (int64, bool) {
	if f, ok := s.backend.(interface{ Free() (int64, bool) }); ok {
		return f.Free()
	}
	return 0, false
}

// Transfers is how many objects are stored or looked for at a time.
func (s *Store) Transfers() int {
	if b, ok := s.backend.(interface{ Transfers() int }); ok {
		return b.Transfers()
	}
	return cores()
}

// Tidy gives up what uploads that were begun before a time and never ended have left, where
// the store keeps such for them to go on.
func (s *Store) Tidy(ctx context.Context, before time.Time) error {
	if b, ok := s.backend.(interface {
		Tidy(ctx context.Context, before time.Time) error
	}); ok {
		return b.Tidy(ctx, before)
	}
	return nil
}

// Close releases the store. Readers and uploads are to be closed before.
func (s *Store) Close() error {
	return s.backend.Close()
}
