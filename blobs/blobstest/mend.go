package blobstest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/git-datapact/git-datapact/blobs"
)

func testMend(t *testing.T, s Subject) {
	for _, size := range []int{0, 10, chunk, 9<<20 + 1} {
		data := random(30, size)
		obj, _ := put(t, s, "team/set", data, nil)
		for _, bad := range [][]byte{[]byte("bad"), append(slices.Clone(data), 1), random(31, size), nil} {
			s.Overwrite(t, obj.Key, bad)
			if err := s.Store.Mend(t.Context(), obj, reading(data)); err != nil {
				t.Fatalf("Mend of %d bytes: %v", size, err)
			}
			if got := get(t, s, obj); !bytes.Equal(got, data) {
				t.Errorf("Get after Mend of %d bytes differs", size)
			}
		}
		if err := s.Store.Delete(t.Context(), obj.Key); err != nil {
			t.Fatal(err)
		}
		if err := s.Store.Mend(t.Context(), obj, reading(data)); err != nil {
			t.Fatalf("Mend of %d bytes that are missing: %v", size, err)
		}
		get(t, s, obj)
		if _, stored := put(t, s, "team/set", data, nil); !stored.Existed {
			t.Error("Put after Mend: Existed = false")
		}
		wantKeys(t, s, "", obj.Key)
		if err := s.Store.Delete(t.Context(), obj.Key); err != nil {
			t.Fatal(err)
		}
	}
}

// testMendRefused: whatever is wrong with the new bytes, the old ones stay.
func testMendRefused(t *testing.T, s Subject) {
	for _, size := range []int{chunk + 10, 9<<20 + 1} {
		mendRefused(t, s, random(32, size))
	}
	for _, key := range []blobs.Key{"", "main", "../x/y", "main/../x"} {
		if err := s.Store.Mend(t.Context(), blobs.Object{Key: key}, reading(nil)); err == nil {
			t.Errorf("Mend of key %q succeeded", key)
		}
	}
}

// reading opens bytes to read.
func reading(data []byte) func(context.Context) (io.ReadCloser, error) {
	return func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
}

func mendRefused(t *testing.T, s Subject, data []byte) {
	obj, _ := put(t, s, "main", data, nil)
	bad := []byte("bad")
	s.Overwrite(t, obj.Key, bad)
	held := blobs.Object{Key: obj.Key, Size: int64(len(bad)), SHA256: hexSHA256(bad)}
	broken := errors.New("mirror is gone")
	for name, good := range map[string]io.Reader{
		"short":  bytes.NewReader(data[:len(data)-1]),
		"long":   bytes.NewReader(append(slices.Clone(data), 0)),
		"other":  bytes.NewReader(random(33, len(data))),
		"empty":  bytes.NewReader(nil),
		"broken": io.MultiReader(bytes.NewReader(data[:chunk]), iotest.ErrReader(broken)),
	} {
		err := s.Store.Mend(t.Context(), obj, func(context.Context) (io.ReadCloser, error) { return io.NopCloser(good), nil })
		if err == nil || !strings.Contains(err.Error(), string(obj.Key)) || name == "broken" && !errors.Is(err, broken) {
			t.Errorf("Mend with %s bytes: %v, want an error that names the key", name, err)
		}
		get(t, s, held)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Store.Mend(ctx, obj, reading(data)); !errors.Is(err, context.Canceled) {
		t.Errorf("Mend after cancelling: %v", err)
	}
	get(t, s, held)
	absent := func(context.Context) (io.ReadCloser, error) { return nil, broken }
	if err := s.Store.Mend(t.Context(), obj, absent); !errors.Is(err, broken) {
		t.Errorf("Mend of what is not there: %v", err)
	}
	get(t, s, held)
	wantKeys(t, s, "", obj.Key)
	if err := s.Store.Delete(t.Context(), obj.Key); err != nil {
		t.Fatal(err)
	}
}
