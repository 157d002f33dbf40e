package blobs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/semaphore"

	"github.com/git-datapact/git-datapact/blobs/backend"
	"github.com/git-datapact/git-datapact/filters"
)

// bigSize is the size in bytes from which content is worked on one at a time, by several
// cores; smaller content is worked on side by side.
const bigSize = 8 << 20

const (
	// unaskedSize is up to which size in bytes an object is sent without a look whether it is
	// there, which the store itself sees to, when those before were not. Nor is one relied upon
	// then.
	unaskedSize = 64 << 10
	// unaskedAfter is how many in a row these are.
	unaskedAfter = 16
)

// An Upload puts files into a store, and is over when it is committed. A folder shows all
// of them at once then, a bucket each as soon as it is stored.
// Put may be called concurrently; Commit and Close only when no Put runs.
type Upload struct {
	store  *Store
	batch  backend.Batch
	sender backend.Sender // the batch, nil if that stores everything at once

	turns *semaphore.Weighted // to read, hash and filter
	big   sync.Mutex          // held by the one big file that is

	missing atomic.Int64 // how many in a row were looked for and not there
	vain    atomic.Int64 // how many in a row were relied upon and not there

	settled chan struct{} // closed: of items of which all is known at once

	mu    sync.Mutex
	items map[Key]*item
	over  bool
}

// An item is what is put under a key, once.
type item struct {
	backend.Item
	existed bool // in the store before
	sent    bool // stored by this upload
	sure    bool // looked at by name alone, and young
	// unknown is why the store did not say whether the key is free: these keys may look at
	// what is there, and may not be told that nothing is.
	unknown error
	settled chan struct{} // closed once it is known whether it is, and err is set
	err     error
}

// NewUpload starts an upload. The caller closes it, committed or not.
func (s *Store) NewUpload(ctx context.Context) (*Upload, error) {
	b, err := s.backend.Begin(ctx)
	if err != nil {
		return nil, err
	}
	u := &Upload{store: s, batch: b, items: make(map[Key]*item), settled: make(chan struct{})}
	close(u.settled)
	u.sender, _ = b.(backend.Sender)
	u.turns = semaphore.NewWeighted(int64(cores()))
	return u, nil
}

// cores is how many files are hashed and filtered at a time.
func cores() int { return max(2, runtime.GOMAXPROCS(0)) }

// Put stores what chain makes of the content of r for a branch. Bytes that the store or
// the upload has already are not kept twice; a key that holds other bytes is a
// [*ConflictError]. In a folder nothing shows before Commit; in a bucket the bytes are
// stored when Put returns, and what uses no bytes of it is garbage. What failed is no part
// of the upload.
//
// r is read once, and what comes of it is staged, unless r is an [io.ReaderAt] with a
// method Size() int64, such as an [io.SectionReader], that has been read nothing of: then a
// bucket gets what would take much room by reading r again, and it is an [ErrChanged] if
// that is something else.
//
// An r that is a [Mover] is told how much of it is done.
//
// Content of more than 256 KiB is read, hashed, filtered and written side by side, in a few
// MiB of memory beside what the filters take. Put stops between two reads of r when ctx is
// done.
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
	c := contentOf(r, chain)
	f, stored, err := u.stage(ctx, c)
	if err != nil {
		return stored, err
	}
	it := backend.Item{Object: Object{Key: Key(branch + "/" + stored.Blob), Size: stored.Size, SHA256: stored.SHA256}, Path: f.Name()}
	if it.Path == "" {
		it.Again = func(ctx context.Context) (io.ReadCloser, error) { return c.again(ctx, it.Object) }
	}
	kept := false
	if stored.Existed, kept, err = u.add(ctx, it, &share{size: stored.Content.Size, of: it.Size, report: c.moved}); err != nil || !kept {
		if dropErr := f.Discard(); err == nil {
			err = dropErr
		}
	}
	return stored, err
}

// stage reads content and keeps what is to be stored of it, or how to make it again. After
// an error nothing is kept.
func (u *Upload) stage(ctx context.Context, c content) (f backend.StagedFile, stored Stored, err error) {
	if c.size() >= bigSize {
		u.big.Lock()
		defer u.big.Unlock()
	}
	if f = (unstaged{}); u.sender == nil || len(c.chain) > 0 || c.at == nil {
		if f, err = u.batch.Create(ctx, c.size()); err != nil {
			return nil, stored, err
		}
	}
	in := ingestion{chunks: &u.store.chunks, chain: c.chain, to: f}
	r := c.r
	if c.moved != nil && u.sender == nil {
		r = backend.Counted(r, c.moved)
	}
	if err = u.turns.Acquire(ctx, 1); err == nil {
		stored, err = in.run(ctx, r)
		u.turns.Release(1)
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		_ = f.Discard() // the batch removes it at the latest
	}
	return f, stored, err
}

// add makes an item part of the upload, and stores it where that is done at once. It
// reports whether its bytes were there before, and whether the staged ones are still
// needed. What is put while the same is on its way waits for that.
func (u *Upload) add(ctx context.Context, it backend.Item, told *share) (existed, kept bool, err error) {
	mine := &item{Item: it, settled: make(chan struct{})}
	if first := u.claim(mine); first != mine {
		return u.join(ctx, first, it, told)
	}
	if mine.err = u.settle(ctx, mine, told); mine.err != nil {
		u.disclaim(mine)
	}
	close(mine.settled)
	return mine.existed, mine.HasBytes(), mine.err
}

// claim makes an item that of its key, unless there is one. It returns the one that there is
// then.
func (u *Upload) claim(mine *item) *item {
	u.mu.Lock()
	defer u.mu.Unlock()
	if first, ok := u.items[mine.Key]; ok {
		return first
	}
	u.items[mine.Key] = mine
	return mine
}

// disclaim gives up an item that is not stored.
func (u *Upload) disclaim(mine *item) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.items, mine.Key)
}

// join is about bytes that the upload has already.
func (u *Upload) join(ctx context.Context, first *item, it backend.Item, told *share) (existed, kept bool, err error) {
	select {
	case <-first.settled:
	case <-ctx.Done():
		return false, false, ctx.Err()
	}
	if first.err != nil {
		return false, false, first.err
	}
	if first.Object != it.Object {
		return false, false, &ConflictError{Key: it.Key}
	}
	if u.sender != nil {
		told.end()
	}
	return true, false, nil
}

// settle finds out whether the store has an item, and stores it where that is done at
// once.
func (u *Upload) settle(ctx context.Context, it *item, told *share) error {
	if u.sender == nil {
		return u.look(ctx, it)
	}
	err := error(fs.ErrExist)
	if it.Size <= unaskedSize && u.missing.Load() >= unaskedAfter {
		err = u.send(ctx, it, told)
	}
	for try := 0; errors.Is(err, fs.ErrExist) && try < keepTries; try++ { // others may store it meanwhile
		if err = u.look(ctx, it); err == nil && it.HasBytes() {
			err = u.send(ctx, it, told)
		}
	}
	if it.unknown != nil && errors.Is(err, fs.ErrExist) {
		return it.unknown // what is there cannot be looked at
	}
	if err == nil {
		told.end()
	}
	return err
}

// look finds out whether the store has an item. Bytes that were there are made young, so
// that no collection of garbage takes them for left over.
func (u *Upload) look(ctx context.Context, it *item) error {
	have, existed, err := backend.Held(ctx, u.store.backend, it.Item)
	if backend.Lacking(err) != "" {
		it.unknown, err = err, nil
	}
	if it.existed = existed; err != nil || !existed {
		u.missing.Add(1)
		return err
	}
	u.missing.Store(0)
	young, err := u.store.backend.Refresh(ctx, have)
	if it.Replace = !young; err == nil && young {
		it.Path, it.Again = "", nil
	}
	return err
}

// send stores an item. The error is an [fs.ErrExist] where the store has something under
// its key.
func (u *Upload) send(ctx context.Context, it *item, told *share) error {
	err := u.sender.Send(ctx, it.Item, told.moved)
	if err == nil {
		it.Path, it.Again, it.sent = "", nil, true
	} else if errors.Is(err, fs.ErrExist) {
		u.missing.Store(0)
		u.vain.Store(0)
	}
	return err
}

// Commit publishes everything put. After nil all of it is stored under its key
// and, in a folder, survives a power cut. After an error some objects may be
// stored, each of them whole; a [*GoneError] is about one that was there when it
// was put. An upload is committed once.
func (u *Upload) Commit(ctx context.Context) error {
	if u.finish() {
		return errDone
	}
	var publish []backend.Item
	var before []Key
	branches := map[string]bool{} // of which an item that was there is published, as others are to find it too
	for _, it := range u.items {
		if branch := path.Dir(string(it.Key)); !it.sent && (it.HasBytes() || !branches[branch]) {
			publish = append(publish, it.Item)
			branches[branch] = branches[branch] || !it.HasBytes()
		}
		if it.unknown != nil || !it.sent && !it.sure && !it.HasBytes() {
			before = append(before, it.Key)
		}
	}
	slices.SortFunc(publish, func(a, b backend.Item) int { return strings.Compare(string(a.Key), string(b.Key)) })
	err := u.batch.Publish(ctx, publish)
	if closeErr := u.batch.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return backend.Each(ctx, before, func(key Key) error { return u.store.keep(ctx, key) })
}

// Confirm makes sure, after the commit of the upload, that everything put is
// under its key still, and brings back what was moved to quarantine. Whoever
// names the objects somewhere calls it after that is done: from then on a
// collection of garbage sees the names, and before it this sees what was
// collected. One that is gone is a [*GoneError].
//
// Of many objects it lists the branch before it looks for one by one those that were not
// listed.
func (u *Upload) Confirm(ctx context.Context) error {
	keys := slices.Sorted(maps.Keys(u.items))
	if u.lists() {
		keys = u.store.unlisted(ctx, keys)
	}
	return backend.EachOf(ctx, u.store.Transfers(), keys, func(key Key) error { return u.store.keep(ctx, key) })
}

// Close discards what is not committed, in a bucket what is not stored yet. After Commit it
// does nothing.
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
