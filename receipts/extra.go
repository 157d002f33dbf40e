package receipts

import (
	"slices"
	"strings"
)

// Extra is what a reader keeps of a JSON object beyond the fields of its Go
// type, so that writing it again loses nothing: the keys that this package
// does not know, and which of the keys that writers always write were left
// out. The zero value keeps nothing. An Extra is immutable and may be copied.
type Extra struct {
	members []member // sorted by key
	absent  keyBits
}

// A member is an unknown key and the JSON text of its value.
type member struct{ key, value string }

// keyBits is a set of the keys that a valid receipt may leave out although
// writers always write them.
type keyBits uint8

const (
	keyInput keyBits = 1 << iota
	keyOutput
	keyTimestamp
)

// Equal reports whether x and y keep the same.
func (x Extra) Equal(y Extra) bool {
	return x.absent == y.absent && slices.Equal(x.members, y.members)
}

// with returns x with key set to the JSON text value.
func (x Extra) with(key, value string) Extra {
	rest, _ := x.without(key)
	rest.members = append(rest.members, member{key, value})
	rest.sort()
	return rest
}

// without returns a copy of x that has no key, and the JSON text it had.
func (x Extra) without(key string) (rest Extra, value string) {
	rest.absent = x.absent
	for _, m := range x.members {
		if m.key == key {
			value = m.value
		} else {
			rest.members = append(rest.members, m)
		}
	}
	return rest, value
}

func (x *Extra) sort() {
	slices.SortFunc(x.members, func(a, b member) int { return strings.Compare(a.key, b.key) })
}

// note marks key as absent unless it was present.
func (x *Extra) note(key keyBits, present bool) {
	if !present {
		x.absent |= key
	}
}

// lacks reports whether the object that was read had no such key.
func (x *Extra) lacks(key keyBits) bool { return x.absent&key != 0 }
