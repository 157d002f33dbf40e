package bundle

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"path"
	"strings"

	"github.com/git-datapact/git-datapact/filters"
)

const (
	plainMode      = 0o644
	executableMode = 0o755
	blockSize      = 512
	endSize        = 2 * blockSize       // bytes of the blocks at the end
	maxGroup       = 2*maxWeight + 1<<16 // bytes that a group may have as an archive
)

// An archive reads the entries of one.
type archive struct {
	tar    *tar.Reader
	folder string
	last   string // path of the file before
}

func newArchive(r io.Reader, folder string) *archive {
	return &archive{tar: tar.NewReader(r), folder: path.Base(folder) + "/"}
}

// next reads the header of a file. It refuses whatever no packer writes, and names the entry.
func (a *archive) next() (File, error) {
	h, err := a.tar.Next()
	if err == io.EOF {
		return File{}, err
	}
	if err != nil {
		return File{}, fmt.Errorf("reading the bundle: %w", err)
	}
	if fault := a.fault(h); fault != "" {
		return File{}, fmt.Errorf("entry %q of the bundle: %s", h.Name, fault)
	}
	f := File{Path: h.Name[len(a.folder):], Size: h.Size, Executable: h.Mode == executableMode}
	a.last = f.Path
	return f, nil
}

func (a *archive) fault(h *tar.Header) string {
	name, inside := strings.CutPrefix(h.Name, a.folder)
	switch {
	case h.Typeflag != tar.TypeReg:
		return "is a " + kind(h.Typeflag) + ", want a regular file"
	case !inside:
		return fmt.Sprintf("is not in the folder %q", a.folder)
	case checkPath(name) != nil:
		return "is not the path of a file in it"
	case a.last != "" && name == a.last:
		return "is there twice"
	case a.last != "" && name < a.last:
		return "is not in its order"
	case h.Mode != plainMode && h.Mode != executableMode:
		return fmt.Sprintf("has mode %o, want 644 or 755", h.Mode)
	case h.Linkname != "", h.Uid != 0, h.Gid != 0, h.Uname != "", h.Gname != "", h.ModTime.UnixNano() != 0, h.Devmajor != 0, h.Devminor != 0:
		return "has an owner, a time or a link, which no bundle keeps"
	}
	for key := range h.PAXRecords {
		if key != "path" && key != "size" {
			return fmt.Sprintf("has the extended header %q, which no bundle has", key)
		}
	}
	return ""
}

func kind(flag byte) string {
	switch flag {
	case tar.TypeSymlink:
		return "symbolic link"
	case tar.TypeLink:
		return "hard link"
	case tar.TypeChar, tar.TypeBlock:
		return "device"
	case tar.TypeDir:
		return "folder"
	case tar.TypeFifo:
		return "named pipe"
	}
	return fmt.Sprintf("special entry %q", flag)
}

// Unpack reads the archive of a folder from its beginning to its end, and calls visit, unless
// that is nil, with each file and its bytes, before it is known whether they are right. It
// returns the files, and what a receipt is to say of them. The path of the folder may be that of
// its output.
func Unpack(r io.Reader, folder string, visit func(f File, data io.Reader) error) ([]File, Content, error) {
	counted := &counter{r: r}
	a := newArchive(counted, folder)
	var files []File
	t := tally{}
	for {
		end := (counted.n + blockSize - 1) / blockSize * blockSize
		f, err := a.next()
		if err == io.EOF && counted.n != end+endSize {
			err = fmt.Errorf("reading the bundle: %w", io.ErrUnexpectedEOF)
		}
		if err == io.EOF {
			break
		}
		if err == nil {
			err = a.digest(&f, visit)
		}
		if err != nil {
			return nil, Content{}, err
		}
		t.add(&f)
		files = append(files, f)
	}
	if n, err := io.Copy(io.Discard, r); err != nil || n > 0 {
		return nil, Content{}, errors.Join(err, trailing(n))
	}
	return files, t.content(), nil
}

func trailing(n int64) error {
	if n == 0 {
		return nil
	}
	return errors.New("reading the bundle: something follows its end")
}

// digest reads the bytes of a file.
func (a *archive) digest(f *File, visit func(f File, data io.Reader) error) error {
	sum := sha256.New()
	data := io.TeeReader(a.tar, sum)
	if visit != nil {
		if err := visit(*f, data); err != nil {
			return err
		}
	}
	if _, err := io.Copy(io.Discard, data); err != nil {
		return fmt.Errorf("entry %q of the bundle: %w", f.Path, err)
	}
	sum.Sum(f.SHA256[:0])
	return nil
}

// A counter counts what passes.
type counter struct {
	r io.Reader
	w io.Writer
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// An Entry is a file and its bytes.
type Entry struct {
	File
	Data []byte
}

// Entries unpacks the frames of a group that is not large, and proves them. The bytes are valid
// as long as the buffer is, which may be nil: one of at least their size is used again.
func (g *Group) Entries(frames []byte, folder string, buffer []byte) (entries []Entry, raw []byte, err error) {
	if cap(buffer) < maxGroup {
		buffer = make([]byte, 0, maxGroup)
	}
	raw, err = filters.UnZstd(buffer[:0], frames)
	if err != nil {
		return nil, raw, fmt.Errorf("decoding the group of %q: %w", g.First, err)
	}
	src := bytes.NewReader(raw)
	a, t := newArchive(src, folder), tally{}
	for {
		f, err := a.next()
		if err == io.EOF {
			break
		}
		if err == nil && f.Size > int64(src.Len()) {
			err = fmt.Errorf("entry %q of the bundle: it is cut off", f.Path)
		}
		if err != nil {
			return nil, raw, err
		}
		data := raw[len(raw)-src.Len():][:f.Size]
		f.SHA256 = sha256.Sum256(data)
		t.add(&f)
		entries = append(entries, Entry{f, data})
	}
	return entries, raw, g.prove(&t)
}

// prove compares the files of a group with its line.
func (g *Group) prove(t *tally) error {
	t.end()
	if len(t.groups) != 1 || t.groups[0].Sum != g.Sum {
		return fmt.Errorf("the group of %q in the bundle does not have the files that its receipt proves", g.First)
	}
	return nil
}

// Stream unpacks the one file of a large group from the reader of its frames. The bytes that it
// reads are proved at their end.
func (g *Group) Stream(ctx context.Context, frames io.Reader, folder string) (File, io.ReadCloser, error) {
	content, err := zstd.NewReader(ctx, frames, g.Bytes+maxGroup)
	if err != nil {
		return File{}, nil, err
	}
	a := newArchive(content, folder)
	f, err := a.next()
	if err == nil && f.Size != g.Bytes {
		err = fmt.Errorf("entry %q of the bundle: it has %d bytes, want %d", f.Path, f.Size, g.Bytes)
	}
	if err != nil {
		return File{}, nil, errors.Join(err, content.Close())
	}
	return f, &stream{Closer: content, group: g, file: f, archive: a, sum: sha256.New()}, nil
}

// A stream is a large file as it is read.
type stream struct {
	io.Closer
	group   *Group
	file    File
	archive *archive
	sum     hash.Hash
	err     error
}

func (s *stream) Read(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.archive.tar.Read(p)
	s.sum.Write(p[:n])
	if err == io.EOF {
		err = s.end()
	}
	s.err = err
	return n, err
}

// end is io.EOF if the file was the one that is proved, and no other follows.
func (s *stream) end() error {
	if f, err := s.archive.next(); err == nil {
		return fmt.Errorf("entry %q of the bundle: it is in the group of another", f.Path)
	} else if err != io.EOF {
		return err
	}
	t := tally{}
	s.sum.Sum(s.file.SHA256[:0])
	t.add(&s.file)
	if err := s.group.prove(&t); err != nil {
		return err
	}
	return io.EOF
}
