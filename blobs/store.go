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
	"path/filepath"
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
	// list yields what is named as an object; what is in quarantine if the prefix
	// says so.
	list(ctx context.Context, prefix string) iter.Seq2[Attributes, error]
	// folders lists the names, up to the next slash, of what is below a prefix.
	folders(ctx context.Context, prefix string) ([]string, error)
	remove(ctx context.Context, key Key) error
	begin(ctx context.Context) (batch, error)
	// refresh makes an object as young as one that was just stored. It reports
	// false where that takes storing it again.
	refresh(ctx context.Context, have entry) (bool, error)
	// setAside moves an object that is older than a time to a key in quarantine,
	// and reports whether it did. A younger one stays, a missing one is none.
	setAside(ctx context.Context, from, to Key, before time.Time) (bool, error)
	// restore moves an object out of quarantine, unless its key is taken.
	restore(ctx context.Context, from, to Key) error
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
// past obj.Size are never handed out. A missing object is an [ErrNotFound]; one
// in quarantine is not missing.
// The caller closes the reader, which is not for concurrent use; closing early
// leaves the rest unverified. The reader stops when ctx does.
func (s *Store) Get(ctx context.Context, obj Object) (io.ReadCloser, error) {
	if err := obj.Key.check(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	var src io.ReadCloser
	err := s.anywhere(ctx, obj.Key, func(key Key) (err error) {
		src, err = s.backend.open(ctx, key)
		return err
	})
	if err != nil {
		cancel()
		return nil, err
	}
	v := &verifier{src: src, want: obj, sum: sha256.New()}
	return newReader(ctx, cancel, v, &s.chunks), nil
}

// Stat says what the store knows of an object. A missing one is an [ErrNotFound];
// one in quarantine is not missing.
func (s *Store) Stat(ctx context.Context, key Key) (Attributes, error) {
	if err := key.check(); err != nil {
		return Attributes{}, err
	}
	var found Attributes
	err := s.anywhere(ctx, key, func(at Key) error {
		e, err := s.backend.stat(ctx, at)
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
	if parent != "" && checkBranch(strings.TrimSuffix(parent, "/")) != nil || checkText(prefix) != nil {
		return func(func(Attributes, error) bool) {} // no key starts so
	}
	return s.backend.list(ctx, prefix)
}

// Delete removes an object, not one in quarantine. A missing one is an [ErrNotFound].
func (s *Store) Delete(ctx context.Context, key Key) error {
	if err := key.check(); err != nil {
		return err
	}
	return s.backend.remove(ctx, key)
}

// Free tells how many bytes there is room for, where that is known: where the store is a
// folder, which need not be there yet.
func (s *Store) Free() (int64, bool) {
	f, ok := s.backend.(*folder)
	if !ok {
		return 0, false
	}
	dir := f.dir
	for {
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			return freeBytes(dir)
		}
		above := filepath.Dir(dir)
		if above == dir {
			return 0, false
		}
		dir = above
	}
}

// Close releases the store. Readers and uploads are to be closed before.
func (s *Store) Close() error {
	return s.backend.close()
}

// holds reports whether the backend has the staged item already. A key with
// other bytes is a ConflictError.
func holds(ctx context.Context, b backend, it item) (bool, error) {
	_, existed, err := held(ctx, b, it)
	return existed, err
}

// held is holds, and says what the backend knows of it.
func held(ctx context.Context, b backend, it item) (entry, bool, error) {
	have, err := b.stat(ctx, it.Key)
	if errors.Is(err, ErrNotFound) {
		return entry{}, false, nil
	}
	if err != nil {
		return entry{}, false, err
	}
	same := have.Size == it.Size
	if same {
		same, err = sameBytes(ctx, b, it, have)
	}
	if err == nil && !same {
		err = &ConflictError{it.Key}
	}
	return have, err == nil, err
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
