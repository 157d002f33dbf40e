package blobstest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"github.com/git-datapact/git-datapact/blobs"
)

func testFailingReader(t *testing.T, s Subject) {
	u := begin(t, s)
	for _, size := range []int{0, 100, chunk, 3*chunk + 1} {
		for _, chain := range chains() {
			for _, broken := range []error{errors.New("disk is gone"), io.ErrUnexpectedEOF} {
				r := io.MultiReader(bytes.NewReader(random(8, size)), iotest.ErrReader(broken))
				if _, err := u.Put(t.Context(), "main", r, chain); !errors.Is(err, broken) {
					t.Errorf("Put failing after %d bytes with %v: %v, want %v", size, chain, err, broken)
				}
			}
		}
	}
	commit(t, u)
	wantKeys(t, s, "")
}

func testCancelledPut(t *testing.T, s Subject) {
	u := begin(t, s)
	for _, size := range []int{0, 100, 4 * chunk} {
		for _, chain := range chains() {
			ctx, cancel := context.WithCancel(t.Context())
			r := io.MultiReader(bytes.NewReader(random(9, size)), readerFunc(func(p []byte) (int, error) {
				cancel()
				return len(p), nil
			}))
			if _, err := u.Put(ctx, "main", r, chain); !errors.Is(err, context.Canceled) {
				t.Errorf("Put cancelled after %d bytes with %v: %v", size, chain, err)
			}
			cancel()
		}
	}
	commit(t, u)
	wantKeys(t, s, "")
}

func testCancelledCommit(t *testing.T, s Subject) {
	u := begin(t, s)
	var keys []blobs.Key
	for n := range 3 {
		stored, err := u.Put(t.Context(), "main", bytes.NewReader(random(10, n)), nil)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, blobs.Key("main/"+stored.Blob))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := u.Commit(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Commit after cancelling: %v", err)
	}
	wantKeys(t, s, "", uncommitted(s, keys...)...)
}

func testUncommitted(t *testing.T, s Subject) {
	u := begin(t, s)
	data := random(11, 100)
	if _, err := u.Put(t.Context(), "main", bytes.NewReader(data), nil); err != nil {
		t.Fatal(err)
	}
	keys := uncommitted(s, blobs.Key("main/"+hexSHA1(data)))
	wantKeys(t, s, "", keys...)
	if err := u.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	wantKeys(t, s, "", keys...)
	if _, stored := put(t, s, "main", data, nil); stored.Existed != s.AtOnce {
		t.Errorf("Put after an upload that was given up: Existed = %v, want %v", stored.Existed, s.AtOnce)
	}
}

// uncommitted are those keys of an upload that a store shows before the commit.
func uncommitted(s Subject, keys ...blobs.Key) []blobs.Key {
	if s.AtOnce {
		return keys
	}
	return nil
}

func testOver(t *testing.T, s Subject) {
	for _, end := range []func(*blobs.Upload) error{
		func(u *blobs.Upload) error { return u.Commit(t.Context()) },
		func(u *blobs.Upload) error { return u.Close() },
	} {
		u := begin(t, s)
		if err := end(u); err != nil {
			t.Fatal(err)
		}
		if _, err := u.Put(t.Context(), "main", bytes.NewReader(nil), nil); err == nil {
			t.Error("Put after the end succeeded")
		}
		if err := u.Commit(t.Context()); err == nil {
			t.Error("Commit after the end succeeded")
		}
		if err := u.Close(); err != nil {
			t.Errorf("Close after the end: %v", err)
		}
	}
	wantKeys(t, s, "")
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
