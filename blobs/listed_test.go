package blobs

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"

	"github.com/git-datapact/git-datapact/blobs/backend"
)

// A listing is a backend that lists these keys of the branch "b", and then fails if it has
// an error.
type listing struct {
	backend.Backend
	keys  []Key
	err   error
	shown int
}

func (l *listing) List(_ context.Context, prefix string) iter.Seq2[Attributes, error] {
	return func(yield func(Attributes, error) bool) {
		if prefix != "b/" {
			return
		}
		for _, key := range l.keys {
			l.shown++
			if !yield(Attributes{Key: key}, nil) {
				return
			}
		}
		if l.err != nil {
			yield(Attributes{}, l.err)
		}
	}
}

func numbered(format string, n int) []Key {
	keys := make([]Key, n)
	for i := range keys {
		keys[i] = Key(fmt.Sprintf(format, i))
	}
	return keys
}

func TestUnlisted(t *testing.T) {
	wanted, others := numbered("b/w%04d", 100), numbered("b/o%05d", 10_000)
	for name, test := range map[string]struct {
		keys    []Key
		listing listing
		want    []Key
		shown   int
	}{
		"all are there":        {wanted, listing{keys: append(others[:50:50], wanted...)}, nil, 150},
		"one is missing":       {wanted, listing{keys: slices.Concat(wanted[:7], others[:50], wanted[8:])}, wanted[7:8], 149},
		"may not list":         {wanted, listing{err: backend.ErrDenied}, wanted, 0},
		"the listing ends":     {wanted, listing{keys: wanted[:60], err: errors.New("cut off")}, wanted[60:], 60},
		"there is much else":   {wanted, listing{keys: slices.Concat(wanted[:30], others)}, wanted[30:], 500},
		"few are not listed":   {wanted[:fewKeys], listing{keys: wanted}, wanted[:fewKeys], 0},
		"another branch's key": {append(numbered("c/%d", 3), wanted...), listing{keys: wanted}, numbered("c/%d", 3), 100},
	} {
		got := (&Store{backend: &test.listing}).unlisted(t.Context(), test.keys)
		slices.Sort(got)
		if !slices.Equal(got, test.want) || test.listing.shown != test.shown {
			t.Errorf("%s: unlisted = %q after %d objects, want %q after %d", name, got, test.listing.shown, test.want, test.shown)
		}
	}
}
