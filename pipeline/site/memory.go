package site

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
)

// A record is remembered as numbers, which are varints, and texts, each after its length, which
// is one without a sign. Its id, by which records are found, comes first and as bytes.

// A pen encodes records.
type pen struct{ buf []byte }

func (p *pen) number(n int64) { p.buf = binary.AppendVarint(p.buf, n) }

func (p *pen) count(n int) { p.buf = binary.AppendUvarint(p.buf, uint64(n)) }

func (p *pen) text(s string) {
	p.count(len(s))
	p.buf = append(p.buf, s...)
}

func (p *pen) time(t receipts.Timestamp) {
	if t.IsZero() {
		p.number(0)
		return
	}
	p.number(t.Time().Unix() - beginning)
}

// beginning is before every timestamp, as seconds of Unix, so that 0 stays for none.
const beginning = -62135596801

// record encodes a record.
func (p *pen) record(r *record) string {
	p.buf = append(p.buf[:0], r.raw[:]...)
	p.time(r.at)
	p.number(r.bytes)
	p.number(int64(r.outputs))
	p.text(string(r.blob))
	p.text(r.expired)
	p.count(len(r.inputs))
	for _, in := range r.inputs {
		p.text(in.branch)
		p.text(in.result)
	}
	p.count(len(r.facts))
	for _, f := range r.facts {
		p.text(f.key)
		p.text(f.value)
	}
	for _, part := range []string{r.job.config, r.job.docker, r.job.image, r.job.ref, r.job.tree} {
		p.text(part)
	}
	return string(p.buf)
}

// An eye reads what a pen wrote. The first error stays, and all that comes after it is empty.
// Texts are parts of what is read, so that they take no room of their own.
type eye struct {
	left string
	err  error
}

func (e *eye) number() int64 {
	n, size := binary.Varint([]byte(e.left[:min(len(e.left), binary.MaxVarintLen64)]))
	e.skip(size)
	if e.err != nil {
		return 0
	}
	return n
}

// count reads how many of something come next, each of a byte at least.
func (e *eye) count() int {
	n, size := uint64(0), 1
	if e.left != "" && e.left[0] < 0x80 { // most of them
		n = uint64(e.left[0])
	} else {
		n, size = binary.Uvarint([]byte(e.left[:min(len(e.left), binary.MaxVarintLen64)]))
	}
	if e.skip(size); e.err == nil && n > uint64(len(e.left)) {
		e.err = fmt.Errorf("%d is not a length", n)
	}
	if e.err != nil {
		return 0
	}
	return int(n)
}

// skip goes on by so many bytes; none is an error.
func (e *eye) skip(size int) {
	if size <= 0 && e.err == nil {
		e.err = io.ErrUnexpectedEOF
	}
	if e.err != nil {
		e.left, size = "", 0
	}
	e.left = e.left[size:]
}

func (e *eye) text() string {
	n := e.count()
	text := e.left[:n]
	e.left = e.left[n:]
	return text
}

func (e *eye) time() receipts.Timestamp {
	n := e.number()
	if n == 0 {
		return receipts.Timestamp{}
	}
	return receipts.NewTimestamp(time.Unix(n+beginning, 0))
}

// head reads how a record begins: what sums and curves need.
func (e *eye) head(r *record) {
	if e.left = e.left[copy(r.raw[:], e.left):]; e.left == "" {
		e.err = io.ErrUnexpectedEOF
	}
	r.at, r.bytes = e.time(), e.number()
}

// decode reads a record. Its lists take the room of those that it had.
func (r *record) decode(body string) error {
	e := &eye{left: body}
	e.head(r)
	r.fresh, r.body, r.outputs, r.blob, r.expired = false, body, int(e.number()), gitcmd.Hash(e.text()), e.text()
	r.inputs = r.inputs[:0]
	for range e.count() {
		r.inputs = append(r.inputs, input{e.text(), e.text()})
	}
	r.facts = r.facts[:0]
	for range e.count() {
		r.facts = append(r.facts, fact{e.text(), e.text()})
	}
	r.job = job{e.text(), e.text(), e.text(), e.text(), e.text()}
	if e.err == nil && e.left != "" {
		e.err = errors.New("there is more than it should have")
	}
	return e.err
}
