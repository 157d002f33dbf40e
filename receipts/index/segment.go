package index

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"sort"

	"github.com/git-datapact/git-datapact/receipts"
)

// version is that of the format. Files of others are not read.
const version = 4

// magic is what a footer begins with.
const magic = "DPIX"

// The parts of a segment.
const (
	bodiesPart = iota
	rowsPart
	factsPart
	readsPart
	digestsPart
	timesPart
	namesPart
	parts
)

// lists are the parts that are lists of pairs.
var lists = [...]int{factsPart, readsPart, digestsPart, timesPart}

// pairSize is the size of a pair of a key and the number of a row.
const pairSize = 12

// A pair is a key and the row that has it.
type pair struct {
	key uint64
	row uint32
}

func (p pair) append(to []byte) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64(to, p.key), p.row)
}

func parsePair(data []byte) pair {
	return pair{binary.BigEndian.Uint64(data), binary.BigEndian.Uint32(data[8:])}
}

// A footer says what is in a segment.
type footer struct {
	hashSize int
	rows     int
	bad      int // of them
	unnamed  int // of them, with layouts that are not among the names
	lengths  [parts]int64
}

// footerSize is its size with the sum at the end.
const footerSize = 4 + 4 + 4 + 8 + 8 + 8 + 8*parts + 4

func (f *footer) encode() []byte {
	data := append([]byte(magic), 0, 0, 0, version)
	data = binary.BigEndian.AppendUint32(data, uint32(f.hashSize))
	data = binary.BigEndian.AppendUint64(data, uint64(f.rows))
	data = binary.BigEndian.AppendUint64(data, uint64(f.bad))
	data = binary.BigEndian.AppendUint64(data, uint64(f.unnamed))
	for _, n := range f.lengths {
		data = binary.BigEndian.AppendUint64(data, uint64(n))
	}
	return data
}

func parseFooter(data []byte) (f footer, err error) {
	if string(data[:4]) != magic || binary.BigEndian.Uint32(data[4:]) != version {
		return f, fmt.Errorf("the index has another format: %w", errDamaged)
	}
	f.hashSize = int(binary.BigEndian.Uint32(data[8:]))
	f.rows = int(binary.BigEndian.Uint64(data[12:]))
	f.bad = int(binary.BigEndian.Uint64(data[20:]))
	f.unnamed = int(binary.BigEndian.Uint64(data[28:]))
	for i := range f.lengths {
		f.lengths[i] = int64(binary.BigEndian.Uint64(data[36+8*i:]))
		if f.lengths[i] < 0 || f.lengths[i] > 1<<50 {
			return f, errDamaged
		}
	}
	if f.hashSize < 20 || f.hashSize > 64 || f.rows < 0 || int64(f.rows) > 1<<31 || f.bad < 0 || f.bad > f.rows || f.unnamed < 0 || f.unnamed > f.rows ||
		f.lengths[rowsPart] != int64(f.rows)*int64(f.rowSize()) || f.lengths[namesPart] > 2*mostNamed {
		return f, errDamaged
	}
	for _, part := range lists {
		if f.lengths[part]%pairSize != 0 {
			return f, errDamaged
		}
	}
	return f, nil
}

func (f *footer) rowSize() int { return len(receipts.Key{}) + f.hashSize + 8 }

func (f *footer) size() (total int64) {
	for _, n := range f.lengths {
		total += n
	}
	return total
}

// begin is where a part begins.
func (f *footer) begin(part int) (at int64) {
	for _, n := range f.lengths[:part] {
		at += n
	}
	return at
}

// A segment is one that is read. It is not for concurrent use.
type segment struct {
	footer
	in     io.ReaderAt
	sums   []byte
	probes blocks // for one row here and one there
	bodies blocks // likewise
	names  []string
	jobs   map[string]*receipts.Job

	outputs bool // records have them
}

// openSegment opens a segment of a size.
func openSegment(in io.ReaderAt, size int64) (*segment, error) {
	if size < footerSize {
		return nil, errDamaged
	}
	data := make([]byte, footerSize)
	if _, err := in.ReadAt(data, size-footerSize); err != nil && err != io.EOF {
		return nil, err
	}
	f, err := parseFooter(data)
	if err != nil {
		return nil, err
	}
	blocks := (f.size() + blockSize - 1) / blockSize
	if size != f.size()+4*blocks+footerSize {
		return nil, errDamaged
	}
	s := &segment{footer: f, in: in, sums: make([]byte, 4*blocks), jobs: map[string]*receipts.Job{}}
	if _, err := in.ReadAt(s.sums, f.size()); err != nil && err != io.EOF {
		return nil, err
	}
	sum := crc32.Update(crc32.Checksum(s.sums, castagnoli), castagnoli, data[:footerSize-4])
	if sum != binary.BigEndian.Uint32(data[footerSize-4:]) {
		return nil, errDamaged
	}
	s.probes, s.bodies = s.reader(), s.reader()
	return s, nil
}

// reader reads the segment beside others.
func (s *segment) reader() blocks { return blocks{in: s.in, size: s.size(), sums: s.sums} }

// readNames reads the names, when the first body is wanted.
func (s *segment) readNames() error {
	if s.names != nil || s.lengths[namesPart] == 0 {
		return nil
	}
	in := s.reader()
	data, err := in.slice(s.begin(namesPart), int(s.lengths[namesPart]), 0)
	if err != nil {
		return err
	}
	e := eye{left: string(data)}
	list := make([]string, 0, 16)
	for e.left != "" && !e.wrong {
		list = append(list, e.text())
	}
	if e.wrong {
		return errDamaged
	}
	s.names = list
	return nil
}

// A row is where a record is.
type row struct {
	id   receipts.Key
	blob []byte // all zeros where the receipt is gone
	body int64
}

func (s *segment) parseRow(data []byte) (r row) {
	copy(r.id[:], data)
	r.blob = data[len(r.id) : len(r.id)+s.hashSize]
	r.body = int64(binary.BigEndian.Uint64(data[len(r.id)+s.hashSize:]))
	return r
}

// row reads one.
func (s *segment) row(number int) (row, error) {
	if number < 0 || number >= s.rows {
		return row{}, errDamaged
	}
	data, err := s.probes.slice(s.begin(rowsPart)+int64(number)*int64(s.rowSize()), s.rowSize(), 0)
	if err != nil {
		return row{}, err
	}
	return s.parseRow(bytes.Clone(data)), nil
}

// find is the number of the row of an id, or where it would be.
func (s *segment) find(id receipts.Key) (number int, found bool, err error) {
	number = sort.Search(s.rows, func(i int) bool {
		if err != nil {
			return true
		}
		var r row
		if r, err = s.row(i); err != nil {
			return true
		}
		c := bytes.Compare(r.id[:], id[:])
		found = found || c == 0
		return c >= 0
	})
	return number, found, err
}

// record reads the record of a row into r.
func (s *segment) record(number int, r *Record) error {
	at, err := s.row(number)
	if err != nil {
		return err
	}
	end := s.lengths[bodiesPart]
	if number+1 < s.rows {
		next, err := s.row(number + 1)
		if err != nil {
			return err
		}
		end = next.body
	}
	return s.decode(&s.bodies, at, end, 0, r)
}

// decode reads the body of a row.
func (s *segment) decode(in *blocks, at row, end int64, ahead int, r *Record) error {
	if at.body < 0 || end < at.body || end > s.lengths[bodiesPart] {
		return errDamaged
	}
	if err := s.readNames(); err != nil {
		return err
	}
	data, err := in.slice(at.body, int(end-at.body), ahead)
	if err != nil {
		return err
	}
	r.ID, r.Blob = at.id, append(r.Blob[:0], at.blob...)
	e := eye{names: s.names, jobs: s.jobs, outputs: s.outputs}
	if !e.body(string(data), r) {
		return errDamaged
	}
	return nil
}

// A walk reads the records of a segment in the order of their ids.
type walk struct {
	segment    *segment
	rows       blocks
	bodies     blocks
	number     int // of the row after the one that is at hand
	next, then row
	end        bool
}

func (s *segment) walk() (*walk, error) {
	w := &walk{segment: s, rows: s.reader(), bodies: s.reader()}
	if s.rows > 0 {
		if err := w.read(0); err != nil {
			return nil, err
		}
	}
	return w, w.advance()
}

// read reads the row of a number.
func (w *walk) read(number int) error {
	s := w.segment
	data, err := w.rows.slice(s.begin(rowsPart)+int64(number)*int64(s.rowSize()), s.rowSize(), window)
	if err != nil {
		return err
	}
	blob := w.then.blob[:0]
	w.then = s.parseRow(data)
	w.then.blob = append(blob, w.then.blob...)
	return nil
}

// advance goes to the next row.
func (w *walk) advance() error {
	if w.end = w.number >= w.segment.rows; w.end {
		return nil
	}
	w.next, w.then = w.then, w.next
	if w.number++; w.number == w.segment.rows {
		return nil
	}
	if err := w.read(w.number); err != nil {
		return err
	}
	if bytes.Compare(w.next.id[:], w.then.id[:]) >= 0 {
		return errDamaged
	}
	return nil
}

// record reads the record that the walk is at.
func (w *walk) record(r *Record) error {
	end := w.segment.lengths[bodiesPart]
	if w.number < w.segment.rows {
		end = w.then.body
	}
	return w.segment.decode(&w.bodies, w.next, end, window, r)
}

// search is the first place in a list from which on the pairs are as wanted.
func (s *segment) search(part int, wanted func(pair) bool) (int, error) {
	var failed error
	place := sort.Search(int(s.lengths[part]/pairSize), func(i int) bool {
		if failed != nil {
			return true
		}
		data, err := s.probes.slice(s.begin(part)+int64(i)*pairSize, pairSize, 0)
		if failed = err; err != nil {
			return true
		}
		return wanted(parsePair(data))
	})
	return place, failed
}

// withOutputs are the rows of records whose outputs may be those that are wanted, by their
// paths and filters.
func (s *segment) withOutputs(wanted func(*receipts.Receipt) bool) (rows []uint32, err error) {
	if s.unnamed > 0 {
		return s.walkOutputs(wanted)
	}
	if err := s.readNames(); err != nil {
		return nil, err
	}
	var r receipts.Receipt
	for _, name := range s.names {
		if r.Output = readLayout(name, r.Output); !wanted(&r) {
			continue
		}
		h := hash(laidOut, name)
		if err := s.pairs(factsPart, h, h, func(p pair) { rows = append(rows, p.row) }); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// walkOutputs is withOutputs where not all layouts are among the names.
func (s *segment) walkOutputs(wanted func(*receipts.Receipt) bool) (rows []uint32, err error) {
	w, err := s.walk()
	if err != nil {
		return nil, err
	}
	defer func(before bool) { s.outputs = before }(s.outputs)
	s.outputs = true
	var r Record
	for ; !w.end; err = w.advance() {
		if err == nil {
			err = w.record(&r)
		}
		if err != nil {
			return nil, err
		}
		if len(r.Blob) > 0 && !r.Bad && (LeftOut(r.Receipt.Output) || wanted(r.Receipt)) {
			rows = append(rows, uint32(w.number-1))
		}
	}
	return rows, err
}

// count is how many pairs of a list have a key.
func (s *segment) count(part int, key uint64) (int, error) {
	from, err := s.search(part, func(p pair) bool { return p.key >= key })
	if err != nil {
		return 0, err
	}
	to, err := s.search(part, func(p pair) bool { return p.key > key })
	return to - from, err
}

// pairs visits those of a list whose keys are at least one and at most another.
func (s *segment) pairs(part int, least, greatest uint64, visit func(pair)) error {
	from, err := s.search(part, func(p pair) bool { return p.key >= least })
	if err != nil {
		return err
	}
	in := s.reader()
	for i := from; i < int(s.lengths[part]/pairSize); i++ {
		data, err := in.slice(s.begin(part)+int64(i)*pairSize, pairSize, blockSize)
		if err != nil {
			return err
		}
		p := parsePair(data)
		if p.key > greatest {
			break
		}
		visit(p)
	}
	return nil
}
