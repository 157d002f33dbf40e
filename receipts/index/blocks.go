package index

import (
	"bufio"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
)

// blockSize is how many bytes have a checksum of their own.
const blockSize = 4096

// errDamaged says that a file is not what was written.
var errDamaged = errors.New("the index is damaged")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// blocks reads a file of which each block has a checksum. It is not for concurrent use.
type blocks struct {
	in   io.ReaderAt
	size int64 // of what the sums are of
	sums []byte

	buffer []byte // whole blocks, checked
	at     int64  // where they begin
	have   int    // bytes of them
}

// window is how many bytes are read at once where they are read one after the other.
const window = 16 * blockSize

// slice is what is at a place, of at most a window less a block. It is valid until the next
// call.
func (b *blocks) slice(at int64, n, ahead int) ([]byte, error) {
	if at < 0 || n < 0 || at+int64(n) > b.size {
		return nil, errDamaged
	}
	if at < b.at || at+int64(n) > b.at+int64(b.have) {
		if err := b.fill(at, max(n, ahead)); err != nil {
			return nil, err
		}
	}
	from := int(at - b.at)
	return b.buffer[from : from+n], nil
}

// fill reads the blocks that hold n bytes from a place on, as far as there are so many.
func (b *blocks) fill(at int64, n int) error {
	begin := at - at%blockSize
	end := min(at+int64(n), b.size)
	end = min((end+blockSize-1)/blockSize*blockSize, b.size)
	b.have = 0
	if want := int(end - begin); cap(b.buffer) < want {
		b.buffer = make([]byte, want)
	}
	data := b.buffer[:end-begin]
	if _, err := b.in.ReadAt(data, begin); err != nil && err != io.EOF {
		return err
	} else if err == io.EOF && begin+int64(len(data)) < b.size {
		return errDamaged
	}
	for from := 0; from < len(data); from += blockSize {
		number := (begin + int64(from)) / blockSize
		sum := binary.BigEndian.Uint32(b.sums[4*number:])
		if crc32.Checksum(data[from:min(from+blockSize, len(data))], castagnoli) != sum {
			return errDamaged
		}
	}
	b.buffer, b.at, b.have = data, begin, len(data)
	return nil
}

// A blockWriter writes such a file.
type blockWriter struct {
	out  *bufio.Writer
	size int64
	sum  uint32 // of the block that is not full
	sums []byte
	err  error
}

func newBlockWriter(out io.Writer) *blockWriter {
	return &blockWriter{out: bufio.NewWriterSize(out, 1<<16)}
}

func (w *blockWriter) write(data []byte) {
	for len(data) > 0 && w.err == nil {
		part := data[:min(len(data), int(blockSize-w.size%blockSize))]
		_, w.err = w.out.Write(part)
		w.sum = crc32.Update(w.sum, castagnoli, part)
		w.size += int64(len(part))
		if data = data[len(part):]; w.size%blockSize == 0 {
			w.endBlock()
		}
	}
}

func (w *blockWriter) endBlock() {
	w.sums = binary.BigEndian.AppendUint32(w.sums, w.sum)
	w.sum = 0
}

// finish writes the sums, and after them a footer, to which it adds the sum of both.
func (w *blockWriter) finish(footer []byte) error {
	if w.size%blockSize > 0 {
		w.endBlock()
	}
	sum := crc32.Update(crc32.Checksum(w.sums, castagnoli), castagnoli, footer)
	for _, data := range [][]byte{w.sums, footer, binary.BigEndian.AppendUint32(nil, sum)} {
		if w.err == nil {
			_, w.err = w.out.Write(data)
		}
	}
	if w.err == nil {
		w.err = w.out.Flush()
	}
	return w.err
}
