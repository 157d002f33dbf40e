package blobs

import (
	"context"
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

// unlisted returns which of the keys a listing of their branches does not show. It shows what is there when it is asked, as the stores of Amazon, Google and
// Microsoft promise; what it cannot tell, since keys may not list or there is too much else,
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
	left := (1 + strangers) * len(keys)
	for object, err := range s.backend.List(ctx, branch+"/") {
		if err != nil {
			break
		}
		if delete(wanted, object.Key); len(wanted) == 0 {
			break
		}
		if left--; left == 0 {
			break
		}
	}
	return slices.Collect(maps.Keys(wanted))
}
