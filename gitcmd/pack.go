package gitcmd

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
)

// A pack collects new objects in memory, each whole, as gitformat-pack(5) describes.
type pack struct {
	format  Format
	known   map[Hash]bool
	entries bytes.Buffer
}

func newPack(format Format) *pack { return &pack{format: format, known: map[Hash]bool{}} }

// packKinds are the numbers of kinds of objects in a pack.
var packKinds = map[Kind]byte{Commit: 1, Tree: 2, Blob: 3}

// put adds an object and returns its name.
func (p *pack) put(kind Kind, data []byte) Hash {
	name := p.format.name(kind, data)
	if p.known[name] {
		return name
	}
	p.known[name] = true
	// The kind and the size: four bits of it, then seven in each byte, the lowest first.
	size := uint64(len(data))
	head := packKinds[kind]<<4 | byte(size&0xf)
	for size >>= 4; size > 0; size >>= 7 {
		p.entries.WriteByte(head | 0x80)
		head = byte(size & 0x7f)
	}
	p.entries.WriteByte(head)
	// What goes through a pipe to git, which compresses it again, is not made small.
	stored, _ := zlib.NewWriterLevel(&p.entries, zlib.NoCompression) // the level is right
	_, _ = stored.Write(data)                                        // to memory: it cannot fail
	_ = stored.Close()
	return name
}

// encode returns the pack's bytes.
func (p *pack) encode() []byte {
	data := append([]byte("PACK"), 0, 0, 0, 2)
	data = binary.BigEndian.AppendUint32(data, uint32(len(p.known)))
	data = append(data, p.entries.Bytes()...)
	sum := p.format.new()
	_, _ = sum.Write(data)
	return sum.Sum(data)
}
