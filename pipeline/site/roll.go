package site

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"iter"
	"math"
	"os"
	"slices"
	"sync"

	"github.com/git-datapact/git-datapact/receipts"
)

// A roll is the records of a branch in their order. They are in a file, each after its length;
// memory holds their ids and where they begin. The file is opened for each look at it, as there
// may be more branches than files that a process may have open, unless it is held. A roll may be
// read by several goroutines.
type roll struct {
	path   string
	held   *os.File // nil for none
	ids    []receipts.Key
	starts []int64 // where each begins, and where the last one ends

	bytes   int64 // of all stored outputs
	newest  receipts.Timestamp
	expired bool // some are

	hashed sync.Once
	seed   maphash.Seed
	slots  []uint32 // the numbers of records, each 1 more, by the hashes of their ids
}

// How the file of a roll begins: with these bytes, and then with the number of records.
const (
	rollMagic = "git datapact site: records 2\n"
	rollBegin = int64(len(rollMagic) + 8)
)

// lengthSize is how many bytes the length of a record takes.
const lengthSize = 4

// block is how many bytes of a roll are read at a time.
const block = 1 << 18

// len is how many records there are, none where there is no roll.
func (r *roll) len() int {
	if r == nil {
		return 0
	}
	return len(r.ids)
}

// hold keeps the file open for many looks at it, until it is let go.
func (r *roll) hold() (release func(), err error) {
	if r.len() == 0 || r.held != nil {
		return func() {}, nil
	}
	if r.held, err = os.Open(r.path); err != nil {
		return nil, err
	}
	return func() {
		_ = r.held.Close() // it was only read
		r.held = nil
	}, nil
}

// open returns the file for one look at it, and what lets it go.
func (r *roll) open() (file *os.File, release func(), err error) {
	if r.held != nil {
		return r.held, func() {}, nil
	}
	if file, err = os.Open(r.path); err != nil {
		return nil, nil, err
	}
	return file, func() { _ = file.Close() }, nil // it was only read
}

// find returns the number of a record.
func (r *roll) find(id receipts.Key) (int, bool) {
	if r.len() == 0 {
		return 0, false
	}
	r.hashed.Do(r.hash)
	for at := r.slot(id); ; at++ {
		switch n := r.slots[at%len(r.slots)]; {
		case n == 0:
			return 0, false
		case r.ids[n-1] == id:
			return int(n - 1), true
		}
	}
}

func (r *roll) slot(id receipts.Key) int {
	return int(maphash.Bytes(r.seed, id[:]) % uint64(len(r.slots)))
}

// hash prepares to find records.
func (r *roll) hash() {
	r.seed, r.slots = maphash.MakeSeed(), make([]uint32, len(r.ids)+len(r.ids)/2+1)
	for n, id := range r.ids {
		at := r.slot(id)
		for r.slots[at%len(r.slots)] != 0 {
			at++
		}
		r.slots[at%len(r.slots)] = uint32(n + 1)
	}
}

// read reads the record of a number.
func (r *roll) read(n int) (*record, error) {
	file, release, err := r.open()
	if err != nil {
		return nil, err
	}
	defer release()
	data := make([]byte, r.starts[n+1]-r.starts[n])
	if _, err := file.ReadAt(data, r.starts[n]); err != nil {
		return nil, fmt.Errorf("reading %s: %w", r.path, err)
	}
	rec := &record{}
	if err := rec.decode(string(data[lengthSize:])); err != nil {
		return nil, fmt.Errorf("reading %s: %w", r.path, err)
	}
	return rec, nil
}

// bodies reads all records as they are written.
func (r *roll) bodies() iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		if r.len() == 0 {
			return
		}
		file, release, err := r.open()
		if err != nil {
			yield("", err)
			return
		}
		defer release()
		var data []byte
		for from, to := 0, 0; from < r.len(); from = to {
			for to = from + 1; to < r.len() && r.starts[to+1]-r.starts[from] <= block; {
				to++
			}
			data = slices.Grow(data[:0], int(r.starts[to]-r.starts[from]))[:r.starts[to]-r.starts[from]]
			if _, err := file.ReadAt(data, r.starts[from]); err != nil {
				yield("", err)
				return
			}
			text := string(data)
			for n := from; n < to; n++ {
				if !yield(text[r.starts[n]-r.starts[from]+lengthSize:r.starts[n+1]-r.starts[from]], nil) {
					return
				}
			}
		}
	}
}

// all reads all records. Each is good until the next.
func (r *roll) all() iter.Seq2[*record, error] {
	return r.decoded((*record).decode)
}

// heads reads of all records no more than id, time and bytes. Each is good until the next.
func (r *roll) heads() iter.Seq2[*record, error] {
	return r.decoded(func(rec *record, body string) error {
		e := &eye{left: body}
		e.head(rec)
		return e.err
	})
}

func (r *roll) decoded(decode func(*record, string) error) iter.Seq2[*record, error] {
	return func(yield func(*record, error) bool) {
		rec := &record{}
		for body, err := range r.bodies() {
			if err == nil {
				err = decode(rec, body)
			}
			if err != nil {
				yield(nil, fmt.Errorf("reading %s: %w", r.path, err))
				return
			}
			if !yield(rec, nil) {
				return
			}
		}
	}
}

// note sums up a record that comes next.
func (r *roll) note(rec *record) {
	r.bytes += rec.bytes
	r.newest = rec.at
	r.expired = r.expired || rec.expired != ""
}

// recall reads a roll as it was written. Every record of it is looked at.
func recall(path string) (*roll, error) {
	r := &roll{path: path}
	err := r.measure()
	if err == nil {
		err = r.check()
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

// measure finds where the records are.
func (r *roll) measure() error {
	file, release, err := r.open()
	if err != nil {
		return err
	}
	defer release()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if err := r.scan(file, info.Size()); err != nil {
		return fmt.Errorf("reading %s: %w", r.path, err)
	}
	return nil
}

func (r *roll) scan(file io.Reader, size int64) error {
	in := bufio.NewReaderSize(file, block)
	var head [rollBegin]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return err
	}
	count := binary.LittleEndian.Uint64(head[len(rollMagic):])
	if string(head[:len(rollMagic)]) != rollMagic || count > uint64(size)/(lengthSize+uint64(len(receipts.Key{}))) {
		return errors.New("it is not what this version writes")
	}
	at := rollBegin
	r.ids, r.starts = make([]receipts.Key, count), make([]int64, 1, count+1)
	r.starts[0] = at
	for range count {
		var length [lengthSize]byte
		if _, err := io.ReadFull(in, length[:]); err != nil {
			return err
		}
		n := binary.LittleEndian.Uint32(length[:])
		if _, err := in.Discard(int(n)); err != nil {
			return err
		}
		at += lengthSize + int64(n)
		r.starts = append(r.starts, at)
	}
	if at != size {
		return errors.New("there is more than it should have")
	}
	return nil
}

// check reads all records, and sums them up.
func (r *roll) check() error {
	n := 0
	for rec, err := range r.all() {
		if err != nil {
			return err
		}
		r.ids[n] = rec.raw
		r.note(rec)
		n++
	}
	return nil
}

// A scribe writes a roll.
type scribe struct {
	roll *roll
	file *os.File
	out  *bufio.Writer
	pen  pen
}

// newScribe begins a roll of so many records in an empty file; those of one that is not recalled
// need not be counted. The file is the scribe's from then on.
func newScribe(file *os.File, count int) *scribe {
	r := &roll{path: file.Name(), starts: make([]int64, 1, count+1), ids: make([]receipts.Key, 0, count)}
	w := &scribe{roll: r, file: file, out: bufio.NewWriterSize(file, 1<<16)}
	r.starts[0] = rollBegin
	_, _ = w.out.Write(binary.LittleEndian.AppendUint64([]byte(rollMagic), uint64(count))) // the error comes with Flush
	return w
}

// add adds a record. The first error stays, and comes back.
func (w *scribe) add(rec *record) error {
	body := rec.body
	if body == "" {
		body = w.pen.record(rec)
	}
	if uint64(len(body)) > math.MaxUint32 || uint64(w.roll.len()) == math.MaxUint32-1 {
		return fmt.Errorf("remembering receipt %s: it is too large, or one too many", rec.raw.ID())
	}
	var length [lengthSize]byte
	binary.LittleEndian.PutUint32(length[:], uint32(len(body)))
	_, _ = w.out.Write(length[:])
	_, err := w.out.WriteString(body)
	w.roll.ids = append(w.roll.ids, rec.raw)
	w.roll.starts = append(w.roll.starts, w.roll.starts[w.roll.len()-1]+lengthSize+int64(len(body)))
	w.roll.note(rec)
	return err
}

// finish ends the file. Then the roll can be read.
func (w *scribe) finish() error { return errors.Join(w.out.Flush(), w.file.Close()) }

// compareRecords puts older receipts first, and of one second those with the smaller id.
func compareRecords(a, b *record) int {
	return cmp.Or(a.at.Compare(b.at), bytes.Compare(a.raw[:], b.raw[:]))
}
