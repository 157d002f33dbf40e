package site

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
	"unique"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
)

// The records of a branch are remembered in a file of their own, in their order: numbers as
// varints, texts with their lengths before them, and texts that many records have by number
// from their second time on.

// A pen writes records. The first error stays.
type pen struct {
	out   *bufio.Writer
	known map[string]uint64
	buf   []byte
}

func newPen(out io.Writer) *pen {
	return &pen{out: bufio.NewWriterSize(out, 1<<16), known: map[string]uint64{}}
}

func (p *pen) number(n int64) {
	p.buf = binary.AppendVarint(p.buf[:0], n)
	_, _ = p.out.Write(p.buf) // the error comes with Flush
}

func (p *pen) text(s string) {
	p.number(int64(len(s)))
	_, _ = p.out.WriteString(s)
}

// name writes a text that comes again.
func (p *pen) name(s string) {
	n, known := p.known[s]
	if p.number(int64(n)); !known {
		p.known[s] = uint64(len(p.known) + 1)
		p.text(s)
	}
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

func (p *pen) record(r *record) {
	p.text(string(r.id))
	p.text(string(r.blob))
	p.time(r.at)
	p.number(int64(r.outputs))
	p.number(r.bytes)
	p.number(r.length)
	p.number(int64(len(r.inputs)))
	for _, in := range r.inputs {
		p.name(in.branch)
		p.text(in.result)
	}
	p.number(int64(len(r.facts)))
	for _, f := range r.facts {
		p.name(f.key)
		p.text(f.value)
	}
	p.name(r.expired)
	p.job(r.job)
}

func (p *pen) job(h unique.Handle[job]) {
	if h == (unique.Handle[job]{}) {
		p.number(0)
		return
	}
	p.number(1)
	j := h.Value()
	for _, part := range []string{j.config, j.docker, j.image, j.ref, j.tree} {
		p.name(part)
	}
}

// An eye reads what a pen wrote. The first error stays, and all that comes after it is empty.
// Texts are parts of what is read, so that they take no room of their own.
type eye struct {
	left  string
	known []string
	err   error
}

func (e *eye) number() int64 {
	n, size := int64(0), 0
	if e.err == nil {
		n, size = binary.Varint([]byte(e.left[:min(len(e.left), binary.MaxVarintLen64)]))
	}
	if e.err == nil && size <= 0 {
		e.err = io.ErrUnexpectedEOF
	}
	if e.err != nil {
		return 0
	}
	e.left = e.left[size:]
	return n
}

// count reads how many of something come next, each of a byte at least.
func (e *eye) count() int {
	n := e.number()
	if e.err == nil && (n < 0 || n > int64(len(e.left))) {
		e.err = fmt.Errorf("%d is not a length", n)
	}
	if e.err != nil {
		return 0
	}
	return int(n)
}

func (e *eye) text() string {
	n := e.count()
	text := e.left[:n]
	e.left = e.left[n:]
	return text
}

func (e *eye) name() string {
	n := e.number()
	switch {
	case e.err != nil:
		return ""
	case n == 0:
		s := e.text()
		e.known = append(e.known, s)
		return s
	case n < 0 || n > int64(len(e.known)):
		e.err = fmt.Errorf("%d names nothing", n)
		return ""
	}
	return e.known[n-1]
}

func (e *eye) time() receipts.Timestamp {
	n := e.number()
	if n == 0 {
		return receipts.Timestamp{}
	}
	return receipts.NewTimestamp(time.Unix(n+beginning, 0))
}

func (e *eye) record(b *branch) *record {
	r := &record{branch: b}
	r.id, r.blob, r.at = receipts.ID(e.text()), gitcmd.Hash(e.text()), e.time()
	r.outputs, r.bytes, r.length = int(e.number()), e.number(), e.number()
	if _, err := receipts.ParseID(string(r.id)); e.err == nil && err != nil {
		e.err = err
	}
	r.inputs = make([]input, e.count())
	for i := range r.inputs {
		r.inputs[i] = input{e.name(), e.text()}
	}
	r.facts = make([]fact, e.count())
	for i := range r.facts {
		r.facts[i] = fact{e.name(), e.text()}
	}
	r.expired, r.job = e.name(), e.job()
	return r
}

func (e *eye) job() unique.Handle[job] {
	if e.number() == 0 {
		return unique.Handle[job]{}
	}
	return unique.Make(job{e.name(), e.name(), e.name(), e.name(), e.name()})
}

// remember writes the records of a branch.
func (b *branch) remember(out io.Writer) error {
	p := newPen(out)
	p.number(int64(len(b.records)))
	for _, r := range b.records {
		p.record(r)
	}
	return p.out.Flush()
}

// recall reads the records of a branch as they were written last.
func (b *branch) recall(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	e := &eye{left: string(data)}
	b.records = make([]*record, 0, e.count())
	for range cap(b.records) {
		if r := e.record(b); e.err == nil {
			b.records = append(b.records, r)
		}
	}
	if e.err == nil && e.left != "" {
		e.err = errors.New("there is more than it should have")
	}
	if e.err != nil {
		return fmt.Errorf("reading %s: %w", path, e.err)
	}
	b.written = b.records
	return nil
}
