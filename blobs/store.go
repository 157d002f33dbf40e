package blobs

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"iter"
	"os"
	"strings"
	"time"

	"gocloud.dev/blob"
)

// An Object is what a receipt says of stored bytes.
type Object struct {
	Key    Key
	Size   int64  // bytes
	SHA256 string // hex
}

// Attributes are what a store says of an object without reading it.
type Attributes struct {
	Key     Key
	Size    int64 // bytes
	ModTime time.Time
}

// A Store holds objects. Its methods may be called concurrently, Close excepted.
type Store struct {
	backend backend
	chunks  chunkPool
}

// A backend is where the objects of a store are. Keys given to it are checked.
type backend interface {
	open(ctx context.Context, key Key) (io.ReadCloser, error)
	stat(ctx context.Context, key Key) (entry, error)
	list(ctx context.Context, prefix string) iter.Seq2[Attributes, error]
	remove(ctx context.Context, key Key) error
	begin(ctx context.Context) (batch, error)
	close() error
}

// An entry is what a backend knows of an object. Digests in hex, "" if unknown.
type entry struct {
	Attributes
	sha256, md5 string
}

// New returns a store over any bucket of gocloud.dev/blob. Closing the store
// closes the bucket.
func New(bucket *blob.Bucket) *Store {
	return &Store{backend: &cloud{bucket: bucket}}
}

// Get returns the stored bytes of an object, verified: it reads to io.EOF only
// if size and sha256 are as obj says, and to a [*CorruptError] if not. Bytes
// past obj.Size are never handed out. A missing object is an [ErrNotFound].
// The caller closes the reader, which is not for concurrent use; closing early
// leaves the rest unverified. The reader stops when ctx does.
func (s *Store) Get(ctx context.Context, obj Object) (io.ReadCloser, error) {
	if err := obj.Key.check(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	src, err := s.backend.open(ctx, obj.Key)
	if err != nil {
		cancel()
		return nil, err
	}
	v := &verifier{src: src, want: obj, sum: sha256.New()}
	return newReader(ctx, cancel, v, &s.chunks), nil
}

// Stat says what the store knows of an object. A missing one is an [ErrNotFound].
func (s *Store) Stat(ctx context.Context, key Key) (Attributes, error) {
	if err := key.check(); err != nil {
		return Attributes{}, err
	}
	e, err := s.backend.stat(ctx, key)
	return e.Attributes, err
}

// List yields the objects whose key starts with prefix, in no particular order.
// It ends after the first error. Objects that uploads have not yet committed do
// not show, nor does anything that is not named as an object.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[Attributes, error] {
	parent := prefix[:strings.LastIndex(prefix, "/")+1]
	if parent != "" && checkPath(strings.TrimSuffix(parent, "/")) != nil {
		return func(func(Attributes, error) bool) {} // no key starts so
	}
	return s.backend.list(ctx, prefix)
}

// Delete removes an object. A missing one is an [ErrNotFound].
func (s *Store) Delete(ctx context.Context, key Key) error {
	if err := key.check(); err != nil {
		return err
	}
	return s.backend.remove(ctx, key)
}

// Close releases the store. Readers and uploads are to be closed before.
func (s *Store) Close() error {
	return s.backend.close()
}

// holds reports whether the backend has the staged item already. A key with
// other bytes is a ConflictError.
func holds(ctx context.Context, b backend, it item) (bool, error) {
	have, err := b.stat(ctx, it.Key)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	same := have.Size == it.Size
	if same {
		same, err = sameBytes(ctx, b, it, have)
	}
	if err == nil && !same {
		err = &ConflictError{it.Key}
	}
	return err == nil, err
}

// sameBytes compares by the cheapest digest at hand: one that the backend
// keeps, else that of the bytes read back.
func sameBytes(ctx context.Context, b backend, it item, have entry) (bool, error) {
	if have.sha256 != "" {
		return strings.EqualFold(have.sha256, it.SHA256), nil
	}
	if have.md5 != "" {
		staged, err := os.Open(it.path)
		if err != nil {
			return false, err
		}
		sum, err := digest(ctx, md5.New(), staged, it.Size)
		return have.md5 == sum, err
	}
	stored, err := b.open(ctx, it.Key)
	if err != nil {
		return false, err
	}
	sum, err := digest(ctx, sha256.New(), stored, it.Size)
	if err != nil {
		return false, fmt.Errorf("comparing blob %q: %w", string(it.Key), err)
	}
	return strings.EqualFold(sum, it.SHA256), nil
}

// digest hashes what r holds, about size bytes, and closes it.
func digest(ctx context.Context, h hash.Hash, r io.ReadCloser, size int64) (string, error) {
	defer r.Close()
	// The limit lets Copy do with a small buffer; reading past it shows in the sum.
	_, err := io.Copy(h, io.LimitReader(contextReader(ctx, r), size+1))
	return hex.EncodeToString(h.Sum(nil)), err
}
