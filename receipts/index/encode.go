package index

import (
	"encoding/binary"
	"encoding/hex"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"github.com/git-datapact/git-datapact/receipts"
)

// A Record is what an index holds of a receipt. Those that an index yields are valid until
// the next one.
type Record struct {
	ID   receipts.Key
	Blob []byte // the hash of the file; none where the receipt is gone

	// Bad says that the file is not a receipt, or one that breaks a rule: nothing else is
	// known of it.
	Bad bool

	// Receipt is what the receipt says of itself, of its inputs and of the job, but for what
	// is extra. Of outputs, a stack that was told so tells the blobs and their sizes, and
	// unless these are many, the paths and filters.
	Receipt *receipts.Receipt
}

// What a body begins with.
const (
	goneBody = iota
	badBody
	soundBody
)

// A pen encodes bodies: numbers as varints, texts with their lengths before them, and texts
// that many bodies have by number, 0 for one that follows.
type pen struct {
	buf   []byte
	names *names
}

// names are texts by number.
type names struct {
	list    []string
	known   map[string]uint64
	size    int
	layouts int // how many bytes of them are layouts
}

// mostNames and mostNamed bound how many names there are, and how many bytes of them;
// longestLayout and mostLayouts how long layouts are, and how many bytes all of them.
const (
	mostNames     = 1 << 14
	mostNamed     = 4 << 20
	longestLayout = 4 << 10
	mostLayouts   = 256 << 10
)

func (p *pen) number(n uint64) { p.buf = binary.AppendUvarint(p.buf, n) }

func (p *pen) text(s string) {
	p.number(uint64(len(s)))
	p.buf = append(p.buf, s...)
}

func (p *pen) name(s string) (known bool) {
	n, known := p.names.known[s]
	if !known && len(p.names.list) < mostNames && p.names.size+len(s) <= mostNamed {
		p.names.list, p.names.size = append(p.names.list, s), p.names.size+len(s)
		n, known = uint64(len(p.names.list)), true
		p.names.known[s] = n
	}
	if p.number(n); !known {
		p.text(s)
	}
	return known
}

// layout writes how many outputs there are and what they are called. The layouts of most
// receipts of a branch are few, and are names. Where they are many they are written out, and
// long ones are left out.
func (p *pen) layout(outputs []receipts.Output) (named bool) {
	p.number(uint64(len(outputs)))
	text := layoutOf(outputs)
	_, known := p.names.known[text]
	if text == "" || !known && p.names.layouts+len(text) > mostLayouts {
		p.number(0)
		p.text(text)
		return false
	}
	if !known {
		p.names.layouts += len(text)
	}
	return p.name(text)
}

// beginning is before every timestamp, as seconds of Unix, so that 0 stays for none.
const beginning = -62135596801

// seconds is a number for a time, in the order of times.
func seconds(t receipts.Timestamp) uint64 {
	if t.IsZero() {
		return 0
	}
	return uint64(t.Time().Unix() - beginning)
}

func timestamp(n uint64) receipts.Timestamp {
	if n == 0 || n > 1<<40 {
		return receipts.Timestamp{}
	}
	return receipts.NewTimestamp(time.Unix(int64(n)+beginning, 0))
}

func (p *pen) metadata(list []receipts.Metadata) {
	p.number(uint64(len(list)))
	for _, m := range list {
		p.name(m.Key)
		kind := uint64(documentValue)
		if _, ok := m.Value.(string); ok {
			kind = textValue
		}
		p.number(kind)
		p.text(m.Text())
	}
}

// What the value of metadata is.
const (
	textValue = iota
	documentValue
)

// body encodes a record, and reports whether its layout, if it has one, is among the names.
func (p *pen) body(r *Record) (data []byte, named bool) {
	p.buf = p.buf[:0]
	switch {
	case len(r.Blob) == 0:
		return append(p.buf, goneBody), true
	case r.Bad:
		return append(p.buf, badBody), true
	}
	p.buf = append(p.buf, soundBody)
	p.number(seconds(r.Receipt.Timestamp))
	p.name(r.Receipt.Branch)
	p.name(jobName(r.Receipt.Job))
	p.number(uint64(len(r.Receipt.Input)))
	for i := range r.Receipt.Input {
		in := &r.Receipt.Input[i]
		p.name(in.Branch)
		if key, ok := receipts.KeyOf(in.Result); ok {
			p.number(0)
			p.buf = append(p.buf, key[:]...)
		} else {
			p.number(1)
			p.text(in.Result)
		}
		p.number(seconds(in.Timestamp))
		p.metadata(in.Metadata)
	}
	p.metadata(r.Receipt.Metadata)
	named = p.layout(r.Receipt.Output)
	for i := range r.Receipt.Output {
		p.blob(r.Receipt.Output[i].Blob)
		p.number(uint64(r.Receipt.Output[i].Size))
	}
	return p.buf, named
}

// blob writes the name of a blob, which by default is a SHA-1, as those bytes after a 0.
func (p *pen) blob(name string) {
	if key, ok := receipts.KeyOf(name); ok {
		p.number(0)
		p.buf = append(p.buf, key[:]...)
		return
	}
	p.number(uint64(len(name)))
	p.buf = append(p.buf, name...)
}

// layoutMark begins the text of a layout.
const layoutMark = "\x02"

// layoutOf is a text for the paths and filters of outputs, "" for one that is too long, or
// was.
func layoutOf(outputs []receipts.Output) string {
	p := pen{buf: []byte(layoutMark)}
	for i := range outputs {
		if len(p.buf) > longestLayout || LeftOut(outputs) {
			return ""
		}
		p.text(outputs[i].Path)
		p.number(uint64(len(outputs[i].Filters)))
		for _, filter := range outputs[i].Filters {
			p.text(filter)
		}
	}
	return string(p.buf)
}

// LeftOut reports whether it is not told what outputs are called.
func LeftOut(outputs []receipts.Output) bool { return len(outputs) > 0 && outputs[0].Path == "" }

// jobName is a text for what ran, "" for what is not known.
func jobName(job *receipts.Job) string {
	if job == nil {
		return ""
	}
	p := pen{buf: []byte{1}}
	for _, part := range []string{job.Config, job.Docker, job.Image} {
		p.text(part)
	}
	if job.Code != nil {
		p.text(job.Code.Ref)
		p.text(job.Code.Tree)
	}
	return string(p.buf)
}

// An eye decodes bodies. What is wrong with one stays known, and all that comes after is
// empty.
type eye struct {
	left    string
	names   []string
	jobs    map[string]*receipts.Job
	outputs bool // they are wanted
	wrong   bool
}

func (e *eye) number() uint64 {
	var n uint64
	for shift := 0; shift < 64 && len(e.left) > 0; shift += 7 {
		c := e.left[0]
		e.left = e.left[1:]
		n |= uint64(c&0x7f) << shift
		if c < 0x80 {
			return n
		}
	}
	e.wrong = true
	return 0
}

func (e *eye) text() string {
	n := e.number()
	if n > uint64(len(e.left)) {
		e.wrong = true
		return ""
	}
	text := e.left[:n]
	e.left = e.left[n:]
	return text
}

func (e *eye) name() string {
	n := e.number()
	if n == 0 {
		return e.text()
	}
	if n > uint64(len(e.names)) {
		e.wrong = true
		return ""
	}
	return e.names[n-1]
}

// count reads how many of something come next, each of some bytes at least.
func (e *eye) count(least int) int {
	n := e.number()
	if n > uint64(len(e.left)/least) {
		e.wrong = true
		return 0
	}
	return int(n)
}

func (e *eye) metadata(list []receipts.Metadata) []receipts.Metadata {
	n := e.count(3)
	list = slices.Grow(list[:0], n)[:n]
	for i := range list {
		list[i].Key = e.name()
		if kind := e.number(); kind == textValue {
			list[i].Value = e.text()
		} else {
			list[i].Value = e.document()
		}
	}
	return list
}

// document reads a value that is not a text.
func (e *eye) document() any {
	text := e.text()
	facts, err := receipts.ParseMetadata([]byte(`{"value":` + text + `}`))
	if err != nil || len(facts) != 1 {
		e.wrong = true
		return nil
	}
	return facts[0].Value
}

// body decodes a body into a record, whose receipt it uses again.
func (e *eye) body(text string, r *Record) bool {
	e.left, e.wrong = text, false
	if text == "" {
		return false
	}
	kind := text[0]
	e.left = text[1:]
	r.Bad = kind == badBody
	if kind == goneBody {
		r.Blob = nil
	}
	if kind < soundBody {
		return e.left == ""
	}
	if r.Receipt == nil {
		r.Receipt = &receipts.Receipt{}
	}
	receipt := r.Receipt
	receipt.Timestamp = timestamp(e.number())
	receipt.Branch = e.name()
	receipt.Job = e.job(e.name())
	n := e.count(5)
	receipt.Input = slices.Grow(receipt.Input[:0], n)[:n]
	for i := range receipt.Input {
		in := &receipt.Input[i]
		in.Branch = e.name()
		if e.number() == 1 {
			in.Result = e.text()
		} else {
			in.Result = e.key()
		}
		in.Timestamp = timestamp(e.number())
		in.Metadata = e.metadata(in.Metadata)
	}
	receipt.Metadata = e.metadata(receipt.Metadata)
	if kind != soundBody || !e.outputs {
		return kind == soundBody && !e.wrong
	}
	n = e.count(1)
	if text := e.name(); text == "" {
		receipt.Output = slices.Grow(receipt.Output[:0], n)[:n]
		clear(receipt.Output)
	} else {
		receipt.Output = readLayout(text, receipt.Output)
		e.wrong = e.wrong || len(receipt.Output) != n
	}
	for i := range receipt.Output {
		receipt.Output[i].Blob = e.blob()
		receipt.Output[i].Size = int64(e.number())
	}
	return !e.wrong && e.left == ""
}

// readLayout reads what a text says of outputs into a list, which stays empty where it is no
// layout.
func readLayout(text string, list []receipts.Output) []receipts.Output {
	list = list[:0]
	text, ok := strings.CutPrefix(text, layoutMark)
	e := eye{left: text, wrong: !ok}
	for e.left != "" && !e.wrong {
		list = slices.Grow(list, 1)[:len(list)+1] // with the filters of one before
		o := &list[len(list)-1]
		o.Path = e.text()
		filters := e.count(1)
		o.Filters = slices.Grow(o.Filters[:0], filters)[:filters]
		for k := range o.Filters {
			o.Filters[k] = e.text()
		}
	}
	if e.wrong {
		return list[:0]
	}
	return list
}

func (e *eye) blob() string {
	n := e.number()
	if n > 0 && n <= uint64(len(e.left)) {
		name := e.left[:n]
		e.left = e.left[n:]
		return name
	}
	if n > 0 {
		e.wrong = true
		return ""
	}
	return e.key()
}

// key reads the bytes of a key, in hexadecimal digits.
func (e *eye) key() string {
	if len(e.left) < len(receipts.Key{}) {
		e.wrong = true
		return ""
	}
	digits := hex.EncodeToString([]byte(e.left[:len(receipts.Key{})]))
	e.left = e.left[len(receipts.Key{}):]
	return digits
}

// job reads what a name says of what ran.
func (e *eye) job(name string) *receipts.Job {
	if name == "" {
		return nil
	}
	if job, known := e.jobs[name]; known {
		return job
	}
	in := eye{left: name[1:]}
	job := &receipts.Job{Config: in.text(), Docker: in.text(), Image: in.text()}
	if in.left != "" {
		job.Code = &receipts.Code{Ref: in.text(), Tree: in.text()}
	}
	if in.wrong || in.left != "" || name[0] != 1 {
		e.wrong = true
		return nil
	}
	if len(e.jobs) < mostNames {
		e.jobs[name] = job
	}
	return job
}

// hash is that of some texts.
func hash(texts ...string) uint64 {
	h := fnv.New64a()
	var length [8]byte
	for _, text := range texts {
		_, _ = h.Write(binary.BigEndian.AppendUint64(length[:0], uint64(len(text))))
		_, _ = h.Write([]byte(text))
	}
	return h.Sum64()
}

// prefixes are the least and the greatest number whose first hexadecimal digits are those
// that a text begins with, 16 at most.
func prefixes(text string) (least, greatest uint64) {
	free := 64
	for _, c := range []byte(text[:min(len(text), 16)]) {
		n := uint64(0)
		switch {
		case c >= '0' && c <= '9':
			n = uint64(c - '0')
		case c >= 'a' && c <= 'f':
			n = uint64(c-'a') + 10
		default:
			return least, least | (1<<free - 1)
		}
		free -= 4
		least |= n << free
	}
	return least, least | (1<<free - 1)
}
