package bundle

import (
	"archive/tar"
	"bytes"
	"fmt"
	"time"
)

// The fields of a header in which files differ: POSIX.1-2001, ustar interchange format.
const (
	nameEnd  = 100
	sizeAt   = 124
	sizeEnd  = sizeAt + 11 // an octal number
	sumAt    = 148
	sumEnd   = sumAt + 6 // an octal number: the sum of the header, with spaces here
	sumField = 8
	maxUstar = 1<<33 - 1
)

// Headings makes the headers of files. Package tar makes one for each mode; name, size and
// sum of the others are put into that. It makes those of names and sizes that do not fit there,
// too. It may be used concurrently.
type headings struct {
	folder            string
	plain, executable block
}

// A block is a header that lacks the name.
type block struct {
	bytes []byte
	sum   uint32 // of all bytes, with spaces in its place
}

func newHeadings(folder string) (*headings, error) {
	h := &headings{folder: folder}
	var err error
	if h.plain, err = newBlock(false); err == nil {
		h.executable, err = newBlock(true)
	}
	return h, err
}

func newBlock(executable bool) (block, error) {
	header, err := new(headings).tarred(nil, &File{Path: "any", Executable: executable})
	if err != nil {
		return block{}, err
	}
	clear(header[:nameEnd])
	b := block{bytes: header}
	for i, c := range header {
		if i >= sumAt && i < sumAt+sumField {
			c = ' '
		}
		b.sum += uint32(c)
	}
	return b, nil
}

// header is that of a file, for package tar.
func (h *headings) header(f *File) *tar.Header {
	header := &tar.Header{Typeflag: tar.TypeReg, Name: h.folder + "/" + f.Path, Size: f.Size, Mode: plainMode, ModTime: time.Unix(0, 0)}
	if f.Executable {
		header.Mode = executableMode
	}
	return header
}

// tarred appends the header that package tar makes.
func (h *headings) tarred(dst []byte, f *File) ([]byte, error) {
	out := bytes.NewBuffer(dst)
	if err := tar.NewWriter(out).WriteHeader(h.header(f)); err != nil {
		return dst, fmt.Errorf("packing %q: %w", f.Path, err)
	}
	return out.Bytes(), nil
}

// append appends the header of a file.
func (h *headings) append(dst []byte, f *File) ([]byte, error) {
	begin := len(h.folder) + 1
	if begin+len(f.Path) > nameEnd || f.Size > maxUstar || !ascii(h.folder) || !ascii(f.Path) {
		return h.tarred(dst, f)
	}
	of := &h.plain
	if f.Executable {
		of = &h.executable
	}
	dst = append(dst, of.bytes...)
	header := dst[len(dst)-blockSize:]
	name := header[:begin+len(f.Path)]
	copy(name, h.folder)
	name[begin-1] = '/'
	copy(name[begin:], f.Path)
	size := header[sizeAt:sizeEnd]
	octal(size, uint64(f.Size))
	sum := of.sum - uint32(len(size))*'0'
	for _, field := range [][]byte{name, size} {
		for _, c := range field {
			sum += uint32(c)
		}
	}
	octal(header[sumAt:sumEnd], uint64(sum))
	return dst, nil
}

// octal writes a number with zeros before it.
func octal(field []byte, n uint64) {
	for i := range field {
		field[len(field)-1-i] = '0' + byte(n&7)
		n >>= 3
	}
}

// ascii reports whether package tar takes a name as it is.
func ascii(name string) bool {
	for i := range len(name) {
		if name[i] == 0 || name[i] >= 0x80 {
			return false
		}
	}
	return true
}
