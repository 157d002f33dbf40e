package receipts

import (
	"strconv"
)

// Encode returns the receipt's canonical bytes, as the package documentation
// defines them. What [Receipt.Validate] accepts it encodes; else it may fail on
// a string that is not UTF-8, a metadata value that is not JSON, or a receipt
// that [Parse] would find too deep or too large.
func (r *Receipt) Encode() ([]byte, error) {
	w := &writer{buf: make([]byte, 0, r.room())}
	if err := r.write(w); err != nil {
		return nil, err
	}
	return w.buf, nil
}

// room is about how many bytes the receipt takes, rather more than fewer: a buffer that
// grows would be there several times.
func (r *Receipt) room() int {
	const around, each = 170, 120 // what stands around the texts of an output, and of a content
	size := 1024
	for i := range r.Output {
		o := &r.Output[i]
		size += around + len(o.Blob) + len(o.Checksum.SHA256) + len(o.Path)
		if o.Content != nil {
			size += each + len(o.Content.SHA256)
		}
		if len(o.Filters) > 0 {
			size += each
		}
	}
	return min(size, MaxSize)
}

// encodes tells whether Encode would fail, and keeps no bytes.
func (r *Receipt) encodes() error {
	return r.write(&writer{discard: true})
}

func (r *Receipt) write(w *writer) error {
	r.encode(w)
	w.buf = append(w.buf, '\n')
	w.bound()
	return w.err
}

func (r *Receipt) encode(w *writer) {
	o := w.object(r.Extra)
	o.key("branch").string(r.Branch)
	if len(r.Input) > 0 || !r.Extra.lacks(keyInput) {
		encodeList(o.key("input"), r.Input, (*Input).encode)
	}
	if r.Job != nil {
		r.Job.encode(o.key("job"))
	}
	o.metadata(r.Metadata)
	if len(r.Output) > 0 || !r.Extra.lacks(keyOutput) {
		encodeList(o.key("output"), r.Output, (*Output).encode)
	}
	o.key("timestamp").timestamp(r.Timestamp)
	o.end()
}

func (in *Input) encode(w *writer) {
	o := w.object(in.Extra)
	o.key("branch").string(in.Branch)
	o.metadata(in.Metadata)
	o.key("result").string(in.Result)
	if !in.Timestamp.IsZero() || !in.Extra.lacks(keyTimestamp) {
		o.key("timestamp").timestamp(in.Timestamp)
	}
	o.end()
}

func (m *Metadata) encode(w *writer) {
	o := w.object(m.Extra)
	o.key("key").string(m.Key)
	o.key("value").value(m.Value)
	o.end()
}

func (o *Output) encode(w *writer) {
	obj := w.object(o.Extra)
	obj.key("blob").string(o.Blob)
	o.Checksum.encode(obj.key("checksum"))
	if o.Content != nil {
		o.Content.encode(obj.key("content"))
	}
	if len(o.Filters) > 0 {
		encodeList(obj.key("filters"), o.Filters, func(name *string, w *writer) { w.string(*name) })
	}
	obj.optional("mode", o.Mode)
	obj.key("path").string(o.Path)
	obj.key("size").size(o.Size)
	obj.end()
}

func (c *Checksum) encode(w *writer) {
	o := w.object(c.Extra)
	o.key("sha256").string(c.SHA256)
	o.end()
}

func (j *Job) encode(w *writer) {
	o := w.object(j.Extra)
	if j.Code != nil {
		j.Code.encode(o.key("code"))
	}
	o.optional("config", j.Config)
	o.optional("docker", j.Docker)
	o.optional("image", j.Image)
	o.end()
}

func (c *Code) encode(w *writer) {
	o := w.object(c.Extra)
	o.key("ref").string(c.Ref)
	o.key("tree").string(c.Tree)
	o.end()
}

func (c *Content) encode(w *writer) {
	o := w.object(c.Extra)
	if c.Files != 0 {
		o.key("files").size(c.Files)
	}
	o.key("sha256").string(c.SHA256)
	o.key("size").size(c.Size)
	o.end()
}

func encodeList[T any](w *writer, list []T, encode func(*T, *writer)) {
	w.open('[')
	for i := range list {
		w.next()
		if w.tooLarge {
			break
		}
		ok := w.err == nil
		encode(&list[i], w)
		if ok && w.err != nil {
			w.err = within(index(i), w.err)
		}
	}
	w.close(']')
}

func (w *writer) timestamp(ts Timestamp) {
	if ts.IsZero() {
		w.value(nil)
		return
	}
	w.string(ts.String())
}

func (w *writer) size(n int64) { w.buf = strconv.AppendInt(w.buf, n, 10) }

// An object writes known keys, which are to come in byte order, and its extra
// ones in their places between them.
type object struct {
	*writer
	extra []member
	name  string // of the member being written
	ok    bool   // no error so far
}

func (w *writer) object(x Extra) *object {
	w.open('{')
	return &object{writer: w, extra: x.members, ok: w.err == nil}
}

// key begins the member with this name.
func (o *object) key(name string) *writer {
	o.settle()
	for len(o.extra) > 0 && o.extra[0].key < name {
		o.writeExtra()
	}
	o.name = name
	o.writer.key(name)
	return o.writer
}

// optional writes a text that says nothing by being "".
func (o *object) optional(name, text string) {
	if text != "" {
		o.key(name).string(text)
	}
}

func (o *object) metadata(list []Metadata) {
	if len(list) > 0 {
		encodeList(o.key("metadata"), list, (*Metadata).encode)
	}
}

func (o *object) end() {
	o.settle()
	for len(o.extra) > 0 {
		o.writeExtra()
	}
	o.close('}')
}

func (o *object) writeExtra() {
	o.writer.key(o.extra[0].key)
	o.raw(o.extra[0].value)
	o.extra = o.extra[1:]
}

// settle adds the name of the member just written to an error in it.
func (o *object) settle() {
	if o.ok && o.err != nil {
		o.err = within(o.name, o.err)
		o.ok = false
	}
}
