package blobs

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/git-datapact/git-datapact/blobs/backend"
	"github.com/git-datapact/git-datapact/filters"
)

// An Upload puts files into a store, all of them at once when it is committed.
// Put may be called concurrently; Commit and Close only when no Put runs.
type Upload struct {
	store *Store
	batch backend.Batch

	mu    sync.Mutex
	items map[Key]backend.Item
	// unknown are keys of which the store did not say whether they are free: its keys may
	// look at what is there, and may not be told that nothing is.
	unknown map[Key]bool
	over    bool
}

// NewUpload starts an upload. The caller closes it, committed or not.
func (s *Store) NewUpload(ctx context.Context) (*Upload, error) {
	b, err := s.backend.Begin(ctx)
	if err != nil {
		return nil, err
	}
	return &Upload{store: s, batch: b, items: make(map[Key]backend.Item), unknown: make(map[Key]bool)}, nil
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
	if err := backend.CheckBranch(branch); err != nil {
		return Stored{}, err
	}
	if u.isOver() {
		return Stored{}, errDone
	}
	f, err := u.batch.Create()
	if err != nil {
		return Stored{}, err
	}
	in := ingestion{chunks: &u.store.chunks, chain: chain, to: f}
	stored, err := in.run(ctx, r)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	kept := false
	if err == nil {
		key := Key(branch + "/" + stored.Blob)
		it := backend.Item{Object: Object{Key: key, Size: stored.Size, SHA256: stored.SHA256}, Path: f.Name()}
		stored.Existed, kept, err = u.settle(ctx, it)
	}
	if err != nil || !kept {
		if dropErr := backend.Drop(f.Name()); err == nil {
			err = dropErr
		}
	}
	return stored, err
}

// settle adds a staged backend.Item to the upload. It reports whether its bytes were
// there before, and whether the staged ones are kept. Bytes that were there are
// made young, so that no collection of garbage takes them for left over.
func (u *Upload) settle(ctx context.Context, it backend.Item) (existed, kept bool, err error) {
	have, existed, err := backend.Held(ctx, u.store.backend, it)
	unknown := backend.Lacking(err) != ""
	if err != nil && !unknown {
		return false, false, err
	}
	if existed {
		young, err := u.store.backend.Refresh(ctx, have)
		if err != nil {
			return false, false, err
		}
		if it.Replace = !young; young {
			it.Path = ""
		}
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	first, ok := u.items[it.Key]
	if !ok {
		u.items[it.Key] = it
		u.unknown[it.Key] = unknown
		return existed, it.Path != "", nil
	}
	if first.Object != it.Object {
		return false, false, &ConflictError{Key: it.Key}
	}
	return true, false, nil
}

// Commit publishes everything put. After nil all of it is stored under its key
// and, in a folder, survives a power cut. After an error some objects may be
// stored, each of them whole; a [*GoneError] is about one that was there when it
// was put. An upload is committed once.
func (u *Upload) Commit(ctx context.Context) error {
	if u.finish() {
		return errDone
	}
	items := u.sorted()
	err := u.batch.Publish(ctx, items)
	if closeErr := u.batch.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return backend.Each(ctx, items, func(it backend.Item) error {
		if it.Path != "" && !u.unknown[it.Key] {
			return nil
		}
		return u.store.keep(ctx, it.Key)
	})
}

// Confirm makes sure, after the commit of the upload, that everything put is
// under its key still, and brings back what was moved to quarantine. Whoever
// names the objects somewhere calls it after that is done: from then on a
// collection of garbage sees the names, and before it this sees what was
// collected. One that is gone is a [*GoneError].
func (u *Upload) Confirm(ctx context.Context) error {
	return backend.Each(ctx, u.sorted(), func(it backend.Item) error { return u.store.keep(ctx, it.Key) })
}

// sorted lists the items by their keys.
func (u *Upload) sorted() []backend.Item {
	return slices.SortedFunc(maps.Values(u.items), func(a, b backend.Item) int {
		return strings.Compare(string(a.Key), string(b.Key))
	})
}

// Close discards what is not committed. After Commit it does nothing.
func (u *Upload) Close() error {
	if u.finish() {
		return nil
	}
	return u.batch.Close()
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
