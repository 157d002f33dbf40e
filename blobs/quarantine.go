package blobs

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/git-datapact/git-datapact/blobs/backend"
)

// A Run is the name of a collection of garbage in the quarantine: the time at
// which it began, in seconds, and what tells it from all others. Its objects have
// been there since then or later.
type Run string

const (
	runLayout = "20060102T150405Z"
	runSuffix = 12 // letters and digits
)

// NewRun names the run that begins at a time.
func NewRun(begun time.Time) Run {
	return Run(begun.UTC().Format(runLayout) + "-" + rand.Text()[:runSuffix])
}

// Time is when the run began.
func (r Run) Time() (time.Time, error) {
	begun, suffix, _ := strings.Cut(string(r), "-")
	t, err := time.Parse(runLayout, begun)
	if err == nil && (len(suffix) != runSuffix || strings.Trim(suffix, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "") {
		err = fs.ErrInvalid
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is not a run", string(r))
	}
	return t, nil
}

// key is where an object is in the quarantine.
func (r Run) key(key Key) Key { return Key(backend.Quarantine + "/" + string(r) + "/" + string(key)) }

// Quarantine sets an object aside that was neither stored nor relied upon by an
// upload since a time. It reports false when it was, or is not there. An object in
// quarantine is not listed, and is not there for uploads, but can still be read.
//
// In a folder the object's age is compared again once it is set aside: an upload
// that made it young meanwhile gets it back. In a bucket that comparison is made
// just before, and an upload may be quicker; see [Upload.Confirm].
func (s *Store) Quarantine(ctx context.Context, key Key, run Run, before time.Time) (bool, error) {
	if err := key.Check(); err != nil {
		return false, err
	}
	if _, err := run.Time(); err != nil {
		return false, err
	}
	return s.backend.SetAside(ctx, key, run.key(key), before)
}

// A Quarantined is an object in quarantine.
type Quarantined struct {
	Attributes // Key is the one that it had, and has again once it is restored
	Run        Run
}

// Quarantined yields what is in backend.Quarantine, an object several times if it is
// there from several runs.
func (s *Store) Quarantined(ctx context.Context) iter.Seq2[Quarantined, error] {
	return func(yield func(Quarantined, error) bool) {
		for a, err := range s.backend.List(ctx, backend.Quarantine+"/") {
			if err != nil {
				yield(Quarantined{}, err)
				return
			}
			name := strings.TrimPrefix(string(a.Key), backend.Quarantine+"/")
			run, key, _ := strings.Cut(name, "/")
			q := Quarantined{Attributes: a, Run: Run(run)}
			q.Key = Key(key)
			if _, err := q.Run.Time(); err != nil || q.Key.Check() != nil {
				continue // not ours
			}
			if !yield(q, nil) {
				return
			}
		}
	}
}

// Restore brings an object back from backend.Quarantine, as young as one that was just
// stored. It reports false where nothing was to be done: the object is under its
// key already. One that is in neither place is an [ErrNotFound].
func (s *Store) Restore(ctx context.Context, key Key) (bool, error) {
	if err := key.Check(); err != nil {
		return false, err
	}
	_, err := s.backend.Stat(ctx, key)
	if !errors.Is(err, ErrNotFound) {
		return false, err
	}
	err = s.restore(ctx, key)
	if errors.Is(err, ErrNotFound) { // another process may have been first
		_, err = s.backend.Stat(ctx, key)
		return false, err
	}
	return err == nil, err
}

// Purge removes an object from quarantine for good. It reports false for one that
// is not there.
func (s *Store) Purge(ctx context.Context, q Quarantined) (bool, error) {
	err := s.backend.Remove(ctx, q.Run.key(q.Key))
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// runs lists the runs in backend.Quarantine, the newest first.
func (s *Store) runs(ctx context.Context) ([]Run, error) {
	names, err := s.backend.Folders(ctx, backend.Quarantine+"/")
	if err != nil {
		return nil, err
	}
	var runs []Run
	for _, name := range names {
		if _, err := Run(name).Time(); err == nil {
			runs = append(runs, Run(name))
		}
	}
	slices.Sort(runs)
	slices.Reverse(runs)
	return runs, nil
}

// aside calls visit with the keys that an object can have in quarantine until one
// is not an ErrNotFound.
func (s *Store) aside(ctx context.Context, key Key, visit func(Key) error) error {
	runs, err := s.runs(ctx)
	if err != nil {
		return err
	}
	for _, run := range runs {
		if err := visit(run.key(key)); !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	return fmt.Errorf("opening blob %q: %w", string(key), ErrNotFound)
}

// restore brings an object back whose key is free, if it is in quarantine.
func (s *Store) restore(ctx context.Context, key Key) error {
	return s.aside(ctx, key, func(from Key) error { return s.backend.Restore(ctx, from, key) })
}

// anywhere calls visit with an object's key and then with those it can have in
// quarantine. It looks at the first again at last: the object may have been brought
// back just when it was looked for there. The error is that of the first look when
// none finds it.
func (s *Store) anywhere(ctx context.Context, key Key, visit func(Key) error) error {
	first := visit(key)
	if !errors.Is(first, ErrNotFound) {
		return first
	}
	if err := s.aside(ctx, key, visit); err == nil {
		return nil
	}
	if err := visit(key); err == nil {
		return nil
	}
	return first
}

// keepTries is how often an object is looked for that others move to and fro.
const keepTries = 5

// keep makes sure that an object is under its key, and brings it back if it was
// set aside.
func (s *Store) keep(ctx context.Context, key Key) error {
	for range keepTries {
		_, err := s.backend.Stat(ctx, key)
		if !errors.Is(err, ErrNotFound) {
			return err
		}
		if err := s.restore(ctx, key); err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	return &GoneError{key}
}

// Each calls do for every key, several at a time, and returns the first error. It
// starts no further call once one failed or ctx is done.
func (s *Store) Each(ctx context.Context, keys []Key, do func(Key) error) error {
	return backend.Each(ctx, keys, do)
}
