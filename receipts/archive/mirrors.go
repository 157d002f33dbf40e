package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"io/fs"
	"slices"
	"sync"

	"github.com/git-datapact/git-datapact/blobs"
)

// A Copy is a store that holds, or is to hold, the blobs of a repository.
type Copy struct {
	Store *blobs.Store
	Name  string // as messages name it
}

// mostTold is of how many blobs it is told that a store does not have them right.
const mostTold = 5

// errMore stands for all faults of a store that are not told one by one.
var errMore = errors.New("more blobs are missing or wrong there; 'git datapact verify' names all of them")

// faults are what was wrong with stores of which there are several.
type faults struct {
	mu   sync.Mutex
	told map[string]int
	away map[string]bool // those that did not answer: they are asked last
}

// copies are the store and its mirrors, in the order in which they are asked.
func (a *Archive) copies() []Copy {
	all := append([]Copy{{a.Store, a.Name}}, a.Mirrors...)
	a.faults.mu.Lock()
	defer a.faults.mu.Unlock()
	slices.SortStableFunc(all, func(x, y Copy) int {
		switch away := a.faults.away; {
		case away[x.Name] == away[y.Name]:
			return 0
		case away[x.Name]:
			return 1
		}
		return -1
	})
	return all
}

// miss tells that a store does not have a blob, and why.
func (a *Archive) miss(c Copy, err error) {
	a.faults.mu.Lock()
	defer a.faults.mu.Unlock()
	if a.faults.told == nil {
		a.faults.told, a.faults.away = map[string]int{}, map[string]bool{}
	}
	if !errors.Is(err, blobs.ErrNotFound) && !errors.Is(err, errOther) && !isCorrupt(err) {
		a.faults.away[c.Name] = true
	}
	a.faults.told[c.Name]++
	switch told := a.faults.told[c.Name]; {
	case a.Missed == nil || told > mostTold+1:
	case told == mostTold+1:
		a.Missed(c.Name, errMore)
	default:
		a.Missed(c.Name, err)
	}
}

func isCorrupt(err error) bool {
	_, corrupt := errors.AsType[*blobs.CorruptError](err)
	return corrupt
}

// A localError is about files of this machine, which no other store can do anything about.
type localError struct{ error }

func (e localError) Unwrap() error { return e.error }

// local marks an error about a file.
func local(err error) error {
	if err == nil {
		return nil
	}
	return localError{err}
}

// lasting reports whether another store would not help: the error is about this machine, or
// about bytes that are the recorded ones.
func lasting(ctx context.Context, err error) bool {
	_, ours := errors.AsType[localError](err)
	_, undecoded := errors.AsType[*blobs.DecodeError](err)
	_, other := errors.AsType[*blobs.ContentError](err)
	return ours || undecoded || other || ctx.Err() != nil
}

// anyOf calls do with the store, and then with its mirrors, until it succeeds with one. The
// error is that of the first.
func (a *Archive) anyOf(ctx context.Context, do func(*blobs.Store) error) error {
	if len(a.Mirrors) == 0 {
		return do(a.Store)
	}
	var first error
	for _, c := range a.copies() {
		err := do(c.Store)
		if err == nil || lasting(ctx, err) {
			return err
		}
		a.miss(c, err)
		if first == nil {
			first = err
		}
	}
	return first
}

// openAny opens content in the store, or in a mirror; where reading it fails, another one
// goes on.
func (a *Archive) openAny(ctx context.Context, open func(*blobs.Store) (io.ReadCloser, error)) (io.ReadCloser, error) {
	if len(a.Mirrors) == 0 {
		return open(a.Store)
	}
	r := &anyReader{archive: a, ctx: ctx, open: open, left: a.copies(), sum: sha256.New()}
	if err := r.next(nil); err != nil {
		return nil, err
	}
	return r, nil
}

// An anyReader reads content from one store, and goes on in another one where that fails.
type anyReader struct {
	archive *Archive
	ctx     context.Context // of the read, as that of the stores' readers
	open    func(*blobs.Store) (io.ReadCloser, error)
	left    []Copy
	current Copy
	content io.ReadCloser
	sum     hash.Hash // of what was handed out
	size    int64
	err     error // how reading ended
}

// Read is part of [io.ReadCloser].
func (r *anyReader) Read(p []byte) (int, error) {
	for r.err == nil {
		n, err := r.content.Read(p)
		r.sum.Write(p[:n])
		r.size += int64(n)
		if err == nil || err == io.EOF || n > 0 {
			return n, err
		}
		r.err = r.next(err)
	}
	return 0, r.err
}

// next opens the next store that has what was handed out and more. A cause is why the
// present one is left; it is the error where no other one can go on.
func (r *anyReader) next(cause error) error {
	for cause == nil || !lasting(r.ctx, cause) {
		if r.content != nil {
			_ = r.content.Close()
			r.content = nil
			r.archive.miss(r.current, cause)
		}
		if len(r.left) == 0 {
			return cause
		}
		r.current, r.left = r.left[0], r.left[1:]
		content, err := r.open(r.current.Store)
		if err == nil {
			if err = r.skip(content); err == nil {
				r.content = content
				return nil
			}
			err = errors.Join(err, content.Close())
		}
		if lasting(r.ctx, err) {
			return err
		}
		r.archive.miss(r.current, err)
		if cause == nil {
			cause = err
		}
	}
	return cause
}

// errOther says that what was handed out is not what another store has: one of them has it
// wrong, and it cannot be taken back.
var errOther = errors.New("it has other bytes than those that were read before")

// skip reads what was handed out, which must be the same.
func (r *anyReader) skip(content io.Reader) error {
	sum := sha256.New()
	if _, err := io.CopyN(sum, content, r.size); err != nil {
		return err
	}
	if !bytes.Equal(sum.Sum(nil), r.sum.Sum(nil)) {
		return errOther
	}
	return nil
}

// Close is part of [io.ReadCloser].
func (r *anyReader) Close() error {
	if r.err == nil {
		r.err = fs.ErrClosed
	}
	if r.content == nil {
		return nil
	}
	content := r.content
	r.content = nil
	return content.Close()
}
