package index

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"io"
	"iter"
	"slices"

	"github.com/git-datapact/git-datapact/receipts"
)

// A writer writes a segment, the records in the order of their ids.
type writer struct {
	footer
	out  *blockWriter
	pen  pen
	rows []byte
	last receipts.Key
}

func newWriter(out io.Writer, hashSize int) *writer {
	w := &writer{out: newBlockWriter(out), pen: pen{names: &names{known: map[string]uint64{}}}}
	w.hashSize = hashSize
	return w
}

// add writes a record, and returns the number of its row.
func (w *writer) add(r *Record) (uint32, error) {
	if w.footer.rows > 0 && bytes.Compare(w.last[:], r.ID[:]) >= 0 {
		return 0, errors.New("receipts are not in the order of their ids")
	}
	w.last = r.ID
	w.rows = append(w.rows, r.ID[:]...)
	if len(r.Blob) > 0 {
		w.rows = append(w.rows, r.Blob...)
	} else {
		w.rows = append(w.rows, make([]byte, w.hashSize)...)
	}
	w.rows = binary.BigEndian.AppendUint64(w.rows, uint64(w.out.size))
	body, named := w.pen.body(r)
	w.out.write(body)
	if r.Bad {
		w.bad++
	}
	if !named {
		w.unnamed++
	}
	w.footer.rows++
	return uint32(w.footer.rows - 1), w.out.err
}

// finish writes what comes after the bodies: the rows, and the pairs of each list.
func (w *writer) finish(pairs func(part int) iter.Seq2[pair, error]) error {
	w.lengths[bodiesPart] = w.out.size
	w.out.write(w.rows)
	w.lengths[rowsPart] = int64(len(w.rows))
	var buf []byte
	for _, part := range lists {
		from := w.out.size
		for p, err := range pairs(part) {
			if err != nil {
				return err
			}
			buf = p.append(buf[:0])
			w.out.write(buf)
		}
		w.lengths[part] = w.out.size - from
	}
	from := w.out.size
	p := pen{}
	for _, name := range w.pen.names.list {
		p.text(name)
	}
	w.out.write(p.buf)
	w.lengths[namesPart] = w.out.size - from
	return w.out.finish(w.encode())
}

// A collector writes a segment of records with all that they say.
type collector struct {
	*writer
	found [parts][]pair
}

func newCollector(out io.Writer, hashSize int) *collector {
	return &collector{writer: newWriter(out, hashSize)}
}

// add writes a record.
func (c *collector) add(r *Record) error {
	row, err := c.writer.add(r)
	if err != nil || r.Bad || len(r.Blob) == 0 {
		return err
	}
	note := func(part int, key uint64) { c.found[part] = append(c.found[part], pair{key, row}) }
	for _, m := range r.Receipt.Metadata {
		note(factsPart, hash(m.Key, m.Text()))
	}
	for key := range told(r.Receipt) {
		note(factsPart, hash(telling, key))
	}
	for i := range r.Receipt.Input {
		in := &r.Receipt.Input[i]
		note(readsPart, hash(in.Branch, in.Result))
		for _, m := range in.Metadata {
			note(factsPart, hash(m.Key, m.Text()))
		}
	}
	for i := range r.Receipt.Output {
		out := &r.Receipt.Output[i]
		for _, digest := range []string{out.Blob, out.Checksum.SHA256} {
			key, _ := prefixes(digest)
			note(digestsPart, key)
		}
		if out.Content != nil {
			key, _ := prefixes(out.Content.SHA256)
			note(digestsPart, key)
		}
	}
	note(factsPart, hash(laidOut, layoutOf(r.Receipt.Output)))
	note(timesPart, seconds(r.Receipt.Timestamp))
	return nil
}

// laidOut is no key of metadata. As one, it has the layout for its value.
const laidOut = "\x00layout"

// telling is no key of metadata. As one, it has the keys for values that receipts with inputs
// of branches have metadata of, and "" for each such receipt.
const telling = "\x00"

// told are the values of telling that a receipt has.
func told(r *receipts.Receipt) iter.Seq[string] {
	return func(yield func(string) bool) {
		held := func(in receipts.Input) bool { return in.Branch != "" && in.Branch[0] != ':' }
		if !slices.ContainsFunc(r.Input, held) || !yield("") {
			return
		}
		for _, m := range r.Metadata {
			if !yield(m.Key) {
				return
			}
		}
		for _, in := range r.Input {
			for _, m := range in.Metadata {
				if !yield(m.Key) {
					return
				}
			}
		}
	}
}

func (c *collector) finish() error {
	return c.writer.finish(func(part int) iter.Seq2[pair, error] {
		slices.SortFunc(c.found[part], comparePairs)
		return func(yield func(pair, error) bool) {
			for _, p := range slices.Compact(c.found[part]) {
				if !yield(p, nil) {
					return
				}
			}
		}
	})
}

func comparePairs(a, b pair) int { return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.row, b.row)) }

// merge writes a segment of what several hold, the upper ones first. Whether it is the
// lowest of its stack tells whether it need not remember what is gone. It holds some 50
// bytes for each record.
func merge(out io.Writer, segments []*segment, lowest bool) error {
	w := newWriter(out, segments[0].hashSize)
	moved := make([][]int32, len(segments)) // the new rows, -1 for what is hidden
	total := 0
	for i, s := range segments {
		moved[i] = make([]int32, 0, s.rows)
		total += s.rows
	}
	w.rows = make([]byte, 0, total*w.rowSize())
	(&Stack{segments: segments}).WithOutputs()
	err := eachOf(segments, func(r *Record, at []int) error {
		row := int32(-1)
		if len(r.Blob) > 0 || !lowest {
			n, err := w.add(r)
			if err != nil {
				return err
			}
			row = int32(n)
		}
		for k, i := range at {
			moved[i] = append(moved[i], row)
			if k > 0 {
				moved[i][len(moved[i])-1] = -1
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return w.finish(func(part int) iter.Seq2[pair, error] { return mergedPairs(segments, part, moved) })
}

// eachOf visits each record of some segments once, as the uppermost has it, and says which
// segments have one of its id.
func eachOf(segments []*segment, visit func(r *Record, at []int) error) error {
	walks := make([]*walk, len(segments))
	for i, s := range segments {
		var err error
		if walks[i], err = s.walk(); err != nil {
			return err
		}
	}
	var r Record
	at := make([]int, 0, len(walks))
	for {
		at = at[:0]
		for i, w := range walks {
			if w.end {
				continue
			}
			c := -1
			if len(at) > 0 {
				c = bytes.Compare(w.next.id[:], walks[at[0]].next.id[:])
			}
			if c < 0 {
				at = append(at[:0], i)
			} else if c == 0 {
				at = append(at, i)
			}
		}
		if len(at) == 0 {
			return nil
		}
		if err := walks[at[0]].record(&r); err != nil {
			return err
		}
		if err := visit(&r, at); err != nil {
			return err
		}
		for _, i := range at {
			if err := walks[i].advance(); err != nil {
				return err
			}
		}
	}
}

// mergedPairs are the pairs of a list of several segments, with the rows that they have
// been moved to.
func mergedPairs(segments []*segment, part int, moved [][]int32) iter.Seq2[pair, error] {
	return func(yield func(pair, error) bool) {
		var streams []*pairStream
		for i, s := range segments {
			stream := &pairStream{in: s.reader(), at: s.begin(part), end: s.begin(part) + s.lengths[part], moved: moved[i]}
			stream.advance()
			streams = append(streams, stream)
		}
		for {
			var least *pairStream
			for _, s := range streams {
				if s.err != nil {
					yield(pair{}, s.err)
					return
				}
				if !s.done && (least == nil || comparePairs(s.pair, least.pair) < 0) {
					least = s
				}
			}
			if least == nil || !yield(least.pair, nil) {
				return
			}
			least.advance()
		}
	}
}

// A pairStream reads pairs one after the other.
type pairStream struct {
	in      blocks
	at, end int64
	moved   []int32
	pair    pair
	done    bool
	err     error
}

func (s *pairStream) advance() {
	for s.at < s.end {
		data, err := s.in.slice(s.at, pairSize, window)
		if err != nil {
			s.err = err
			return
		}
		s.at += pairSize
		p := parsePair(data)
		if int(p.row) >= len(s.moved) {
			s.err = errDamaged
			return
		}
		if row := s.moved[p.row]; row >= 0 {
			s.pair = pair{p.key, uint32(row)}
			return
		}
	}
	s.done = true
}
