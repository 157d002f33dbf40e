package blobs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/git-datapact/git-datapact/filters"
)

// An Upload puts files into a store, all of them at once when it is committed.
// Put may be called concurrently; Commit and Close only when no Put runs.
type Upload struct {
	store *Store
	batch batch

	mu    sync.Mutex
	items map[Key]item
	over  bool
}

// A batch is a backend's part of an upload.
type batch interface {
	// create makes a file for staged bytes. May be called concurrently.
	create() (stagedFile, error)
	// publish makes the items durable, with those that have no path.
	publish(ctx context.Context, items []item) error
	// replace makes one staged item durable, whatever its key holds.
	replace(ctx context.Context, it item) error
	// close removes what is staged still.
	close() error
}

type stagedFile interface {
	io.WriteCloser
	Name() string
}

// An item is an object of an upload and the file its bytes are staged in, ""
// if the store has them already.
type item struct {
	Object
	path string
}

// NewUpload starts an upload. The caller closes it, committed or not.
func (s *Store) NewUpload(ctx context.Context) (*Upload, error) {
	b, err := s.backend.begin(ctx)
	if err != nil {
		return nil, err
	}
	return &Upload{store: s, batch: b, items: make(map[Key]item)}, nil
}

// Put stages what chain makes of the content of r for a branch, in one pass
// over r. Bytes that the store or the upload has already are not kept twice; a
// key that holds other bytes is a [*ConflictError]. Nothing shows in the store
// before Commit, and what failed is no part of it. Content of more than 256 KiB
// is read, hashed, filtered and written side by side, in a few MiB of memory
// beside what the filters take.
// Put stops between two reads of r when ctx is done.
func (u *Upload) Put(ctx context.Context, branch string, r io.Reader, chain filters.Chain) (Stored, error) {
	stored, err := u.put(ctx, branch, r, chain)
	if err != nil {
		return Stored{}, fmt.Errorf("storing in branch %q: %w", branch, err)
	}
	return stored, nil
}

func (u *Upload) put(ctx context.Context, branch string, r io.Reader, chain filters.Chain) (Stored, error) {
	if err := checkPath(branch); err != nil {
		return Stored{}, err
	}
	if u.isOver() {
		return Stored{}, errDone
	}
	f, err := u.batch.create()
	if err != nil {
		return Stored{}, err
	}
	in := ingestion{chunks: &u.store.chunks, chain: chain, to: f}
	stored, err := in.run(ctx, r)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		key := Key(branch + "/" + stored.Blob)
		it := item{Object{Key: key, Size: stored.Size, SHA256: stored.SHA256}, f.Name()}
		stored.Existed, err = u.settle(ctx, it)
	}
	if err != nil || stored.Existed {
		if dropErr := drop(f.Name()); err == nil {
			err = dropErr
		}
	}
	return stored, err
}

// settle adds a staged item to the upload and reports whether its bytes were
// there before.
func (u *Upload) settle(ctx context.Context, it item) (bool, error) {
	existed, err := holds(ctx, u.store.backend, it)
	if err != nil {
		return false, err
	}
	if existed {
		it.path = ""
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	first, ok := u.items[it.Key]
	if !ok {
		u.items[it.Key] = it
		return existed, nil
	}
	if first.Object != it.Object {
		return false, &ConflictError{it.Key}
	}
	return true, nil
}

// drop removes a staged file.
func drop(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Commit publishes everything put. After nil all of it is stored under its key
// and, in a folder, survives a power cut. After an error some objects may be
// stored, each of them whole. An upload is committed once.
func (u *Upload) Commit(ctx context.Context) error {
	if u.finish() {
		return errDone
	}
	items := slices.SortedFunc(maps.Values(u.items), func(a, b item) int {
		return strings.Compare(string(a.Key), string(b.Key))
	})
	err := u.batch.publish(ctx, items)
	if closeErr := u.batch.close(); err == nil {
		err = closeErr
	}
	return err
}

// Close discards what is not committed. After Commit it does nothing.
func (u *Upload) Close() error {
	if u.finish() {
		return nil
	}
	return u.batch.close()
}

func (u *Upload) isOver() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.over
}

// finish marks the upload as over and reports whether it was before.
func (u *Upload) finish() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	before := u.over
	u.over = true
	return before
}
