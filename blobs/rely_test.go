package blobs

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

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
			object := Object{Key: Key(fmt.Sprintf("main/%040x", i)), Size: test.size}
			before := a.times
			there, err := u.Rely(t.Context(), "main", []Object{object})
			if want := a.times > before && test.holds(a.times); err != nil || there[0] != want {
				t.Fatalf("%s: relying on object %d = %v, %v, want %v", name, i, there, err, want)
			}
		}
		if a.times != test.asked {
			t.Errorf("%s: asked %d times, want %d", name, a.times, test.asked)
		}
	}
}

// A showing bucket lists its objects, some of which are old.
type showing struct {
	asked
	objects []Attributes
}

func (s *showing) List(context.Context, string) iter.Seq2[Attributes, error] {
	return func(yield func(Attributes, error) bool) {
		for _, object := range s.objects {
			if !yield(object, nil) {
				return
			}
		}
	}
}

// TestRelyListed wants a listing to take the place of a look at each of many objects, if it
// shows them young and as large as they are to be.
func TestRelyListed(t *testing.T) {
	const many = 1000
	now := time.Now()
	for name, test := range map[string]struct {
		show  func(n int) (size int64, stored time.Time)
		asked int
	}{
		"all are young": {func(int) (int64, time.Time) { return 7, now }, 0},
		"one is old": {func(n int) (int64, time.Time) {
			return 7, now.Add(-8 * 24 * time.Hour * time.Duration(max(0, n-many+2)))
		}, 1},
		"one is of other size": {func(n int) (int64, time.Time) { return 7 + int64(max(0, n-many+2)), now }, 1},
	} {
		s := &showing{asked: asked{holds: func(int) bool { return true }}}
		var all []Object
		for i := range many {
			all = append(all, Object{Key: Key(fmt.Sprintf("main/%040x", i)), Size: 7})
			size, stored := test.show(i)
			s.objects = append(s.objects, Attributes{Key: all[i].Key, Size: size, ModTime: stored})
		}
		u, err := (&Store{backend: s}).NewUpload(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		relied, err := u.Rely(t.Context(), "main", all)
		if err != nil || len(relied) != many || slices.Contains(relied, false) {
			t.Errorf("%s: Rely = %v, %v", name, relied, err)
		}
		if s.times != test.asked {
			t.Errorf("%s: asked %d times, want %d", name, s.times, test.asked)
		}
	}
}
