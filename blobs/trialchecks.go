package blobs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/git-datapact/git-datapact/blobs/backend"
)

// ClockTolerance is how far in the future an object may have been stored: clocks of machines
// differ a little.
const ClockTolerance = 5 * time.Minute

// checks makes all checks, those first without which the others, or cleaning up, fail. It
// reports whether the store can be used.
func (t *trial) checks(ctx context.Context) bool {
	data := t.bytes(smallTrial)
	var o Object
	check := func(needed bool, name, note string, do func(context.Context) error) bool {
		return t.check(ctx, Check{Name: name, Needed: needed, Note: note}, do)
	}
	return check(true, "put", "", func(ctx context.Context) (err error) {
		o, _, err = t.put(ctx, "", bytes.NewReader(data))
		return err
	}) &&
		check(true, "get", "", func(ctx context.Context) error { return t.read(ctx, o) }) &&
		check(true, "look up", "", func(ctx context.Context) error { return t.lookUp(ctx, o) }) &&
		check(false, "list", "'gc' and 'store status' fail, and what is missing looks like what is forbidden", func(ctx context.Context) error {
			t.unlisted = t.list(ctx, o)
			return t.unlisted
		}) &&
		check(false, "delete", "'gc --purge' fails", func(ctx context.Context) error { return t.delete(ctx) }) &&
		check(true, "put again", "", func(ctx context.Context) error {
			_, stored, err := t.put(ctx, "", bytes.NewReader(data))
			if err == nil && !stored.Existed {
				err = errors.New("what is there is not found")
			}
			return err
		}) &&
		check(false, "conditional put", "a key is looked up before it is written, and names its bytes: who writes it at the same time writes the same",
			func(ctx context.Context) error { return t.condition(ctx, o, data) }) &&
		check(false, "ranges", "a download that broke off is read again from its beginning", func(ctx context.Context) error { return t.ranges(ctx, o, data) }) &&
		check(false, "case of names", "'gc' keeps what a receipt names in any spelling; branches that differ in case alone share a folder",
			func(ctx context.Context) error { return t.spelling(ctx, "/Case", "/cASE") }) &&
		check(false, "form of names", "'gc' keeps what a receipt names in any spelling", func(ctx context.Context) error {
			return t.spelling(ctx, "/caf\u00e9", "/cafe\u0301")
		}) &&
		check(false, "replace", "'verify --repair-from' and 'store pull' cannot mend what is corrupt", func(ctx context.Context) error {
			return errors.Join(t.replace(ctx, o, data), t.read(ctx, o))
		}) &&
		check(false, "quarantine", "'gc --delete' fails", func(ctx context.Context) error { return t.move(ctx, o) }) &&
		check(false, "clock", "'gc' refuses objects from the future", func(ctx context.Context) error {
			found, err := t.store.Stat(ctx, o.Key)
			if ahead := time.Until(found.ModTime); err == nil && ahead > ClockTolerance {
				err = fmt.Errorf("the store's clock is %v ahead", ahead.Round(time.Second))
			}
			return err
		})
}

func (t *trial) lookUp(ctx context.Context, o Object) error {
	found, err := t.store.Stat(ctx, o.Key)
	if err == nil && found.Size != o.Size {
		err = fmt.Errorf("the size is %d, want %d", found.Size, o.Size)
	}
	if err != nil {
		return err
	}
	return t.missing(ctx, Key(t.branch+"/none"), "an object that is not there")
}

// missing wants a store to say that an object is not there, or that its keys may not be told.
func (t *trial) missing(ctx context.Context, key Key, what string) error {
	_, err := t.store.Stat(ctx, key)
	if errors.Is(err, ErrNotFound) || Lacking(err) != "" {
		return nil
	}
	return fmt.Errorf("%s does not look like that: %w", what, orError(err, "it is found"))
}

// orError is an error, or one with a text where there is none.
func orError(err error, text string) error {
	if err == nil {
		return errors.New(text)
	}
	return err
}

func (t *trial) list(ctx context.Context, o Object) error {
	below, _, err := t.put(ctx, "/below", bytes.NewReader(t.bytes(1)))
	if err != nil {
		return err
	}
	want := map[Key]int64{o.Key: o.Size, below.Key: below.Size}
	for found, err := range t.store.List(ctx, t.branch+"/") {
		if err != nil {
			return err
		}
		if size, known := want[found.Key]; !known || size != found.Size {
			return fmt.Errorf("it lists %q of %d bytes, which was not stored so", string(found.Key), found.Size)
		}
		delete(want, found.Key)
	}
	if len(want) > 0 {
		return errors.New("it does not list what was stored")
	}
	return nil
}

func (t *trial) delete(ctx context.Context) error {
	o, _, err := t.put(ctx, "/deleted", bytes.NewReader(t.bytes(1)))
	if err == nil {
		err = t.store.Delete(ctx, o.Key)
	}
	if err != nil {
		return err
	}
	return t.missing(ctx, o.Key, "what was deleted")
}

// condition writes other bytes under a key that is taken.
func (t *trial) condition(ctx context.Context, o Object, data []byte) (err error) {
	other := t.bytes(int(o.Size))
	b, err := t.store.backend.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	f, err := b.Create(ctx, backend.Once)
	if err != nil {
		return err
	}
	if _, err := f.Write(other); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := f.Close(); err != nil {
		return err
	}
	sum := digestOf(other)
	err = b.Publish(ctx, []backend.Item{{Object: Object{Key: o.Key, Size: o.Size, SHA256: sum.SHA256}, Path: f.Name()}})
	if _, refused := errors.AsType[*ConflictError](err); refused {
		err = nil
		if b, ok := t.store.backend.(interface{ Unconditional() bool }); ok && b.Unconditional() {
			err = errors.New("the server does not know it")
		}
		return err
	}
	if err != nil {
		return err
	}
	return errors.Join(errors.New("it overwrote what was there"), t.replace(ctx, o, data))
}

// replace puts other bytes in the place of those that are there.
func (t *trial) replace(ctx context.Context, o Object, data []byte) error {
	return t.store.Mend(ctx, o, func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil })
}

// ranges reads a part of an object.
func (t *trial) ranges(ctx context.Context, o Object, data []byte) error {
	const from, size = 1000, 100
	part := make([]byte, size)
	b, ok := t.store.backend.(interface {
		ReadRange(ctx context.Context, key Key, offset int64, part []byte) error
	})
	if !ok {
		return nil // files have them
	}
	if err := b.ReadRange(ctx, o.Key, from, part); err != nil {
		return err
	}
	if !bytes.Equal(part, data[from:from+size]) {
		return errors.New("it sent other bytes than those that were asked for")
	}
	return nil
}

// spelling finds out whether a name opens what another one is the name of.
func (t *trial) spelling(ctx context.Context, one, other string) error {
	o, _, err := t.put(ctx, one, bytes.NewReader(t.bytes(1)))
	if err != nil {
		return err
	}
	_, err = t.store.Stat(ctx, Key(strings.Replace(string(o.Key), t.branch+one, t.branch+other, 1)))
	if errors.Is(err, ErrNotFound) || Lacking(err) != "" {
		return nil
	}
	return orError(err, "names that differ in it are the same")
}

// move sets an object aside and brings it back.
func (t *trial) move(ctx context.Context, o Object) error {
	if t.unlisted != nil {
		return errors.New("what is there is found by a listing, which fails")
	}
	moved, err := t.store.Quarantine(ctx, o.Key, t.run, time.Now().Add(24*time.Hour))
	if err == nil && !moved {
		err = errors.New("the object stays where it is")
	}
	if err == nil {
		err = t.read(ctx, o) // from there
	}
	if err != nil {
		return err
	}
	_, err = t.store.Restore(ctx, o.Key)
	return errors.Join(err, t.read(ctx, o))
}
