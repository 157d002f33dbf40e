package gitcmd

import (
	"bufio"
	"compress/zlib"
	"context"
	"encoding/binary"
	"io"
)

// writePack sends the objects to git, which stores each under its own rules for
// compression and syncing.
func (r *Repository) writePack(ctx context.Context, p *pack) error {
	reader, writer := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = writer.CloseWithError(p.encode(writer)) // io.EOF if that is nil
	}()
	_, err := r.git.pipe(ctx, reader, "unpack-objects", "-q")
	_ = reader.Close() // git may have ended before all was sent
	<-done
	return err
}

// A pack collects new objects in memory.
type pack struct {
	format Format
	known  map[Hash]bool
	all    []packed
}

// A packed is an object of a pack.
type packed struct {
	kind Kind
	data []byte
}

func newPack(format Format) *pack { return &pack{format: format, known: map[Hash]bool{}} }

// packKinds are the numbers of kinds of objects in a pack.
var packKinds = map[Kind]byte{Commit: 1, Tree: 2, Blob: 3}

// put adds an object, whose data the caller leaves alone from then on, and returns its name.
func (p *pack) put(kind Kind, data []byte) Hash {
	name := p.format.name(kind, data)
	if !p.known[name] {
		p.known[name] = true
		p.all = append(p.all, packed{kind, data})
	}
	return name
}

// encode writes the pack, every object whole, in the format of gitformat-pack(5). Nothing is
// compressed: what git keeps it compresses anyway, and the pack goes through a pipe alone.
func (p *pack) encode(to io.Writer) error {
	sum := p.format.new()
	out := bufio.NewWriterSize(io.MultiWriter(to, sum), 64<<10)
	head := binary.BigEndian.AppendUint32([]byte("PACK\x00\x00\x00\x02"), uint32(len(p.all)))
	_, _ = out.Write(head) // as with all that follows, Flush tells
	stored, err := zlib.NewWriterLevel(out, zlib.NoCompression)
	if err != nil {
		return err
	}
	for _, o := range p.all {
		if err := o.encode(out, stored); err != nil {
			return err
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	_, err = to.Write(sum.Sum(nil))
	return err
}

// encode writes the kind and the size of an object, 4 bits of that and then 7 a byte, the
// lowest first, and its content, through a writer that is used again.
func (o packed) encode(to io.Writer, stored *zlib.Writer) error {
	size := uint64(len(o.data))
	head := []byte{packKinds[o.kind]<<4 | byte(size&15)}
	for size >>= 4; size > 0; size >>= 7 {
		head[len(head)-1] |= 0x80
		head = append(head, byte(size&0x7f))
	}
	if _, err := to.Write(head); err != nil {
		return err
	}
	stored.Reset(to)
	if _, err := stored.Write(o.data); err != nil {
		return err
	}
	return stored.Close()
}
