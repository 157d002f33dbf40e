package site

import (
	"errors"
	"iter"
	"math"
	"slices"
	"sort"
	"sync/atomic"

	"github.com/git-datapact/git-datapact/receipts"
)

// A serial is the number of a record among all of a site: those of the first branch in their order,
// then those of the next.
type serial uint32

// A kinship tells what the receipts of all branches have read, and what has read them. What
// they have read is looked up when it is asked for. After it is linked, it may be used by
// several goroutines.
type kinship struct {
	branches []*branch
	rolls    []*roll        // of each
	first    []serial       // of each, the number of its first record
	place    map[string]int // of each name
	size     int            // of all

	newest   []uint32 // for each record the newest of its readings, 1 more, or 0 for none
	readings []reading

	recent [1 << 12]atomic.Pointer[record]
}

// A reading is that a receipt was read.
type reading struct {
	reader serial
	before uint32 // the next older one of the same receipt, 1 more, or 0 for none
}

// mostRecent is how many bytes a record has at most that is kept at hand.
const mostRecent = 2 << 10

// newKinship returns that of some branches.
func newKinship(branches []*branch, of func(*branch) *roll) (*kinship, error) {
	k := &kinship{branches: branches, place: map[string]int{}}
	for i, b := range branches {
		k.rolls, k.first, k.place[b.name] = append(k.rolls, of(b)), append(k.first, serial(k.size)), i
		if k.size += of(b).len(); uint64(k.size) > math.MaxUint32 {
			return nil, errors.New("there are too many receipts: 2^32")
		}
	}
	return k, nil
}

// where returns the branch of a number, and which of its records it is.
func (k *kinship) where(n serial) (branch, i int) {
	branch = sort.Search(len(k.first), func(i int) bool { return k.first[i] > n }) - 1
	return branch, int(n - k.first[branch])
}

// record reads a record, or has it at hand.
func (k *kinship) record(n serial) (*record, error) {
	place := &k.recent[int(n)%len(k.recent)]
	if r := place.Load(); r != nil && r.number == n {
		return r, nil
	}
	branch, i := k.where(n)
	r, err := k.rolls[branch].read(i)
	if err != nil {
		return nil, err
	}
	if r.branch, r.number = k.branches[branch], n; len(r.body) <= mostRecent {
		place.Store(r)
	}
	return r, nil
}

// find returns the number of the receipt that an input names, if it is here.
func (k *kinship) find(in input) (serial, bool) {
	branch, ok := k.place[in.branch]
	if !ok {
		return 0, false
	}
	raw, ok := receipts.KeyOf(in.result)
	if !ok {
		return 0, false
	}
	i, ok := k.rolls[branch].find(raw)
	return k.first[branch] + serial(i), ok
}

// link finds out which records were read by which.
func (k *kinship) link() error {
	k.newest = make([]uint32, k.size)
	n := serial(0)
	for _, roll := range k.rolls {
		for r, err := range roll.all() {
			if err != nil {
				return err
			}
			for _, in := range r.inputs {
				if err := k.note(n, in); err != nil {
					return err
				}
			}
			n++
		}
	}
	return nil
}

// note notes an input of a reader, once.
func (k *kinship) note(reader serial, in input) error {
	from, ok := k.find(in)
	if !ok {
		return nil
	}
	before := k.newest[from]
	if before != 0 && k.readings[before-1].reader == reader {
		return nil
	}
	if uint64(len(k.readings)) == math.MaxUint32 {
		return errors.New("there are too many inputs of receipts: 2^32")
	}
	k.readings = append(k.readings, reading{reader, before})
	k.newest[from] = uint32(len(k.readings))
	return nil
}

// readers are those that read a receipt, the newest first.
func (k *kinship) readers(n serial) iter.Seq[serial] {
	return func(yield func(serial) bool) {
		for at := k.newest[n]; at != 0; at = k.readings[at-1].before {
			if !yield(k.readings[at-1].reader) {
				return
			}
		}
	}
}

// A direction leads from a receipt to what it read, or to what read it.
type direction bool

const (
	up   direction = true
	down direction = false
)

// next are the relatives one step away, the newest first downwards.
func (k *kinship) next(one relative, where direction) iter.Seq2[relative, error] {
	return func(yield func(relative, error) bool) {
		if !one.here {
			return
		}
		if where == down {
			for reader := range k.readers(one.number) {
				if !yield(relative{number: reader, here: true}, nil) {
					return
				}
			}
			return
		}
		r, err := k.record(one.number)
		if err != nil {
			yield(relative{}, err)
			return
		}
		for _, in := range r.inputs {
			other := relative{input: in}
			if n, ok := k.find(in); ok {
				other = relative{number: n, here: true}
			}
			if !yield(other, nil) {
				return
			}
		}
	}
}

// mark marks records and all their kin within reach, those that show them or take facts over
// from them.
func (k *kinship) mark(from []serial, marks []bool) error {
	for _, n := range from {
		marks[n] = true
	}
	for _, where := range []direction{up, down} {
		if err := k.spread(from, where, marks); err != nil {
			return err
		}
	}
	return nil
}

// spread marks the kin of records in one direction.
func (k *kinship) spread(from []serial, where direction, marks []bool) error {
	seen := make([]bool, k.size)
	for _, n := range from {
		seen[n] = true
	}
	edge := slices.Clone(from)
	for steps := 0; steps < reach && len(edge) > 0; steps++ {
		var next []serial
		for _, n := range edge {
			for other, err := range k.next(relative{number: n, here: true}, where) {
				if err != nil {
					return err
				}
				if other.here && !seen[other.number] {
					seen[other.number], marks[other.number] = true, true
					next = append(next, other.number)
				}
			}
		}
		edge = next
	}
	return nil
}
