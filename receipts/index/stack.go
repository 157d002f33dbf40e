package index

import (
	"bytes"
	"errors"
	"io"
	"slices"

	"github.com/git-datapact/git-datapact/receipts"
)

// A Stack is an index that is open. It is for one goroutine. After an error, what was
// answered so far does not count.
type Stack struct {
	// Tree is what the index is of, and what it was of before it was laid over.
	Tree, stored string

	segments []*segment // the upper ones first
	files    []string   // where the lower ones are, the upper ones first
	closers  []io.Closer
	over     []byte // the uppermost segment, where it is not in a file
}

// Close closes the files.
func (s *Stack) Close() error {
	var errs []error
	for _, c := range s.closers {
		errs = append(errs, c.Close())
	}
	s.closers = nil
	return errors.Join(errs...)
}

// Rows is a number of receipts that there are at most.
func (s *Stack) Rows() int {
	n := 0
	for _, segment := range s.segments {
		n += segment.rows
	}
	return n
}

// Bad is how many bad receipts there may be; 0 says that there are none.
func (s *Stack) Bad() int {
	n := 0
	for _, segment := range s.segments {
		n += segment.bad
	}
	return n
}

// WithOutputs has the records that are visited tell the blobs, sizes, paths and filters of
// outputs.
func (s *Stack) WithOutputs() {
	for _, segment := range s.segments {
		segment.outputs = true
	}
}

// Each visits all receipts in the order of their ids.
func (s *Stack) Each(visit func(*Record) error) error {
	return eachOf(s.segments, func(r *Record, _ []int) error {
		if len(r.Blob) == 0 {
			return nil
		}
		return visit(r)
	})
}

// Find reads the record of an id into r, and reports whether there is one.
func (s *Stack) Find(id receipts.Key, r *Record) (bool, error) {
	for _, segment := range s.segments {
		number, found, err := segment.find(id)
		if err != nil {
			return false, err
		}
		if found {
			err := segment.record(number, r)
			return err == nil && len(r.Blob) > 0, err
		}
	}
	return false, nil
}

// hidden reports whether an upper segment has a record of an id.
func (s *Stack) hidden(level int, id receipts.Key) (bool, error) {
	for _, upper := range s.segments[:level] {
		if _, found, err := upper.find(id); found || err != nil {
			return found, err
		}
	}
	return false, nil
}

// Facts visits the receipts that may have a value of metadata, their own or that of an
// input: those that do, and with luck no others.
func (s *Stack) Facts(key, value string, visit func(*Record) error) error {
	h := hash(key, value)
	return s.candidates(factsPart, h, h, visit)
}

// Tells reports whether all receipts that have inputs of branches have metadata of a key,
// their own or those of an input. It may be that they have, and it does not know.
func (s *Stack) Tells(key string) (bool, error) {
	for _, segment := range s.segments {
		all, err := segment.count(factsPart, hash(telling, ""))
		if err != nil {
			return false, err
		}
		if some, err := segment.count(factsPart, hash(telling, key)); some != all || err != nil {
			return false, err
		}
	}
	return key != "", nil
}

// Reads visits the receipts that may have an input: those that do, and with luck no others.
func (s *Stack) Reads(branch, result string, visit func(*Record) error) error {
	h := hash(branch, result)
	return s.candidates(readsPart, h, h, visit)
}

// Digests visits the receipts that may have an output of which the blob, the SHA-256 of what
// is stored or that of the file begins with some hexadecimal digits: those that do, and
// others that begin with the same 16.
func (s *Stack) Digests(digits string, visit func(*Record) error) error {
	least, greatest := prefixes(digits)
	return s.candidates(digestsPart, least, greatest, visit)
}

// Outputs visits the receipts of which wanted may say yes, who is shown outputs alone, and of
// these their paths and filters: those of which it does, and with luck no others.
func (s *Stack) Outputs(wanted func(*receipts.Receipt) bool, visit func(*Record) error) error {
	return s.visitAll(visit, func(segment *segment) ([]uint32, error) { return segment.withOutputs(wanted) })
}

func (s *Stack) candidates(part int, least, greatest uint64, visit func(*Record) error) error {
	return s.visitAll(visit, func(segment *segment) (rows []uint32, err error) {
		err = segment.pairs(part, least, greatest, func(p pair) { rows = append(rows, p.row) })
		return rows, err
	})
}

// visitAll visits the records of the rows that are found in each segment.
func (s *Stack) visitAll(visit func(*Record) error, find func(*segment) ([]uint32, error)) error {
	var r Record
	for level, segment := range s.segments {
		rows, err := find(segment)
		if err != nil {
			return err
		}
		slices.Sort(rows)
		for _, row := range slices.Compact(rows) {
			if err := s.visit(level, int(row), &r, visit); err != nil {
				return err
			}
		}
	}
	return nil
}

// visit visits the record of a row, unless an upper segment hides it.
func (s *Stack) visit(level, row int, r *Record, visit func(*Record) error) error {
	segment := s.segments[level]
	if err := segment.record(row, r); err != nil {
		return err
	}
	hidden, err := s.hidden(level, r.ID)
	if hidden || err != nil || len(r.Blob) == 0 {
		return err
	}
	return visit(r)
}

// Back visits the receipts of executions that finished at a time or before it, any time for
// the zero one, the last ones first.
func (s *Stack) Back(until receipts.Timestamp, visit func(*Record) error) error {
	latest := ^uint64(0)
	if !until.IsZero() {
		latest = seconds(until)
	}
	steps := make([]*backward, len(s.segments))
	for i, segment := range s.segments {
		var err error
		if steps[i], err = segment.backward(latest); err != nil {
			return err
		}
	}
	var r Record
	for {
		level := -1
		for i, step := range steps {
			if step.left >= 0 && (level < 0 || steps[level].pair.key < step.pair.key) {
				level = i
			}
		}
		if level < 0 {
			return nil
		}
		if err := s.visit(level, int(steps[level].pair.row), &r, visit); err != nil {
			return err
		}
		if err := steps[level].advance(); err != nil {
			return err
		}
	}
}

// A backward reads the times of a segment from a place back.
type backward struct {
	segment *segment
	in      blocks
	left    int // the number of the pair at hand, -1 for none
	pair    pair
}

func (s *segment) backward(latest uint64) (*backward, error) {
	n, err := s.search(timesPart, func(p pair) bool { return p.key > latest })
	b := &backward{segment: s, in: s.reader(), left: n}
	if err != nil {
		return nil, err
	}
	return b, b.advance()
}

func (b *backward) advance() error {
	if b.left--; b.left < 0 {
		return nil
	}
	at := b.segment.begin(timesPart) + int64(b.left)*pairSize
	if at < b.in.at || b.in.have == 0 { // read what comes before with it
		from := max(at-window/2, b.segment.begin(timesPart))
		if _, err := b.in.slice(from, int(at-from)+pairSize, 0); err != nil {
			return err
		}
	}
	data, err := b.in.slice(at, pairSize, 0)
	if err == nil {
		b.pair = parsePair(data)
	}
	return err
}

// lay puts a segment that is not in a file on top.
func (s *Stack) lay(data []byte) error {
	over, err := openSegment(bytes.NewReader(data), int64(len(data)))
	if err == nil && len(s.segments) > 0 && over.hashSize != s.segments[0].hashSize {
		err = errDamaged
	}
	if err == nil {
		s.segments, s.over = slices.Insert(s.segments, 0, over), data
	}
	return err
}
