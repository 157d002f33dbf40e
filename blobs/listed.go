package blobs

import (
	"context"
	"iter"
	"maps"
	"path"
	"slices"
)

const (
	// fewKeys is up to how many keys of a branch are looked for one by one: a page of a
	// listing takes as long as some of these looks.
	fewKeys = 64
	// strangers is how many objects are listed for each that is looked for. A branch that
	// holds more others than that is not listed to its end.
	strangers = 4
)

// A namer is a backend that lists what is right in a folder by name alone, which takes much
// less than looking at each object.
type namer interface {
	Names(ctx context.Context, folder string) iter.Seq2[Key, error]
}

// lists reports whether a listing tells of many objects in less time than looks at each.
func (u *Upload) lists() bool {
	_, named := u.store.backend.(namer)
	return named || u.sender != nil
}

// names lists the keys of a branch.
func (s *Store) names(ctx context.Context, branch string) iter.Seq2[Key, error] {
	if n, ok := s.backend.(namer); ok {
		return n.Names(ctx, branch)
	}
	return func(yield func(Key, error) bool) {
		for object, err := range s.backend.List(ctx, branch+"/") {
			if !yield(object.Key, err) {
				return
			}
		}
	}
}

// unlisted returns which of the keys a listing of their branches does not show. It shows what
// is there when it is asked, as folders do and the stores of Amazon, Google and Microsoft promise; what it cannot tell, since keys may not list or there is too much else,
// counts as not shown.
func (s *Store) unlisted(ctx context.Context, keys []Key) []Key {
	branches := map[string][]Key{}
	for _, key := range keys {
		branch := path.Dir(string(key))
		branches[branch] = append(branches[branch], key)
	}
	var unlisted []Key
	for branch, keys := range branches {
		if len(keys) > fewKeys {
			keys = s.unlistedOf(ctx, branch, keys)
		}
		unlisted = append(unlisted, keys...)
	}
	return unlisted
}

// unlistedOf is unlisted for the keys of one branch.
func (s *Store) unlistedOf(ctx context.Context, branch string, keys []Key) []Key {
	wanted := make(map[Key]bool, len(keys))
	for _, key := range keys {
		wanted[key] = true
	}
	for key := range bounded(s.names(ctx, branch), len(keys)) {
		if delete(wanted, key); len(wanted) == 0 {
			break
		}
	}
	return slices.Collect(maps.Keys(wanted))
}

// bounded yields what is listed until so many are sure to be among too many others, or the
// listing fails.
func bounded[T any](listing iter.Seq2[T, error], wanted int) iter.Seq[T] {
	return func(yield func(T) bool) {
		left := (1 + strangers) * wanted
		for listed, err := range listing {
			if err != nil || !yield(listed) {
				return
			}
			if left--; left == 0 {
				return
			}
		}
	}
}
