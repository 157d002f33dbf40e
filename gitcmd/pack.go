package gitcmd

import (
	"bufio"
	"context"
	"encoding/binary"
	"hash/adler32"
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
	for _, o := range p.all {
		o.encode(out)
	}
	if err := out.Flush(); err != nil {
		return err
	}
	_, err := to.Write(sum.Sum(nil))
	return err
}

// encode writes the kind and the size of an object, 4 bits of that and then 7 a byte, the
// lowest first, and its content. What fails, the writer says when it is flushed.
func (o packed) encode(out *bufio.Writer) {
	size := uint64(len(o.data))
	head := []byte{packKinds[o.kind]<<4 | byte(size&15)}
	for size >>= 4; size > 0; size >>= 7 {
		head[len(head)-1] |= 0x80
		head = append(head, byte(size&0x7f))
	}
	_, _ = out.Write(head)
	store(out, o.data)
}

// maxStored is how many bytes a stored block has at most.
const maxStored = 1<<16 - 1

// store writes a stream of RFC 1950 that holds data in stored blocks, see RFC 1951, 3.2.4:
// compress/zlib would make tables of 650 KB first, which it uses for nothing.
func store(out *bufio.Writer, data []byte) {
	_, _ = out.Write([]byte{0x78, 0x01})
	sum := adler32.Checksum(data)
	for last := byte(0); last == 0; {
		block := data[:min(len(data), maxStored)]
		if data = data[len(block):]; len(data) == 0 {
			last = 1
		}
		size := uint16(len(block))
		_, _ = out.Write([]byte{last, byte(size), byte(size >> 8), ^byte(size), ^byte(size >> 8)})
		_, _ = out.Write(block)
	}
	_, _ = out.Write(binary.BigEndian.AppendUint32(nil, sum))
}
