package blobs

import (
	"context"
	"fmt"
	"testing"

	"github.com/git-datapact/git-datapact/blobs/backend"
)

// An asked backend has the objects of a size that holds, and counts how often it is asked.
type asked struct {
	backend.Backend
	holds func(n int) bool
	times int
}

func (a *asked) Begin(context.Context) (backend.Batch, error) { return sending{}, nil }

func (a *asked) Stat(_ context.Context, key Key) (backend.Entry, error) {
	if a.times++; !a.holds(a.times) {
		return backend.Entry{}, ErrNotFound
	}
	return backend.Entry{Attributes: Attributes{Key: key, Size: 7}}, nil
}

func (a *asked) Refresh(context.Context, backend.Entry) (bool, error) { return true, nil }

// A sending batch is that of a bucket, to which nothing is sent.
type sending struct {
	backend.Batch
	backend.Sender
}

// TestRelyInVain wants a bucket that has none of many small objects not to be asked for each.
func TestRelyInVain(t *testing.T) {
	const many = 100
	for name, test := range map[string]struct {
		holds func(n int) bool
		size  int64
		asked int
	}{
		"none":             {func(int) bool { return false }, 7, unaskedAfter},
		"none, and large":  {func(int) bool { return false }, unaskedSize + 1, many},
		"all":              {func(int) bool { return true }, 7, many},
		"one now and then": {func(n int) bool { return n%unaskedAfter == 0 }, 7, many},
		"the first only":   {func(n int) bool { return n == 1 }, 7, 1 + unaskedAfter},
	} {
		a := &asked{holds: test.holds}
		u, err := (&Store{backend: a}).NewUpload(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for i := range many {
			stored := Stored{Blob: fmt.Sprintf("%040x", i), Size: test.size}
			before := a.times
			there, err := u.Rely(t.Context(), "main", stored)
			if want := a.times > before && test.holds(a.times); err != nil || there != want {
				t.Fatalf("%s: relying on object %d = %v, %v, want %v", name, i, there, err, want)
			}
		}
		if a.times != test.asked {
			t.Errorf("%s: asked %d times, want %d", name, a.times, test.asked)
		}
	}
}
