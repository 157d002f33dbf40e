package blobs

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/git-datapact/git-datapact/blobs/backend"
	"github.com/git-datapact/git-datapact/filters"
	"github.com/git-datapact/git-datapact/filters/bundle"
)

const (
	spanSize    = 8 << 20 // stored bytes of small groups that are read by one request
	spansAtOnce = 8       // such requests
)

// A Packed is an object that a folder was packed into, as its receipt describes it.
type Packed struct {
	Object
	Folder string          // path of the folder; its last element is in the bundle
	Chain  filters.Chain   // as in the receipt, with the filter for folders at its beginning
	Want   *bundle.Content // what the receipt tells of the folder, nil for nothing
}

// A Bundle reads single files of a packed folder, by ranges where it has an index and the store
// has ranges. What it hands out is proved by the receipt. Its methods may be called
// concurrently. It needs not be closed.
type Bundle struct {
	store *Store
	of    Packed
	rest  filters.Chain // that are undone before the folder is unpacked
	index *bundle.Index // nil where it is read whole

	count   atomic.Int64 // bytes read
	listing sync.Mutex
	files   []bundle.File // nil before they are listed
}

// OpenBundle opens a bundle: it reads its index, or where there is none all of it. The errors
// are those of [Store.Content].
func (s *Store) OpenBundle(ctx context.Context, of Packed) (*Bundle, error) {
	b, err := s.bundle(of)
	if err != nil {
		return nil, err
	}
	err = b.openIndex(ctx)
	if _, unindexed := errors.AsType[unindexedError](err); unindexed {
		b.files, err = b.whole(ctx, nil)
	}
	if err != nil {
		return nil, err
	}
	return b, nil
}

func (s *Store) bundle(of Packed) (*Bundle, error) {
	if err := of.Key.Check(); err != nil {
		return nil, err
	}
	rest, ok := of.Chain.Folder()
	if !ok {
		return nil, fmt.Errorf("reading blob %q: it is not a packed folder", string(of.Key))
	}
	return &Bundle{store: s, of: of, rest: rest}, nil
}

// openIndex reads the index of a bundle. One that is damaged, or lacking, is an unindexedError:
// only who reads all of the bundle can tell whether its bytes are the recorded ones.
func (b *Bundle) openIndex(ctx context.Context) error {
	_, ranged := b.store.backend.(backend.Ranger)
	if !ranged || b.of.Want == nil || !slices.Equal(b.rest, filters.Chain{filters.Zstd}) {
		return unindexedError{bundle.ErrNoIndex}
	}
	read := func(offset, size int64) ([]byte, error) { return b.read(ctx, offset, size) }
	index, err := bundle.OpenIndex(read, b.of.Size, *b.of.Want)
	if _, away := errors.AsType[toldError](err); err != nil && !away {
		return unindexedError{err}
	}
	b.index = index
	return err
}

// BytesRead is how many stored bytes were read of the bundle so far.
func (b *Bundle) BytesRead() int64 { return b.count.Load() }

// An unindexedError says why the index of a bundle cannot be used.
type unindexedError struct{ error }

func (e unindexedError) Unwrap() error { return e.error }

// A toldError names the blob that it is about.
type toldError struct {
	error
	content error // what is wrong with the content of the blob, nil where reading it failed
}

func (e toldError) Unwrap() error { return e.error }

// told marks an error of the store, which names its blob.
func told(err error) error {
	if err == nil {
		return nil
	}
	return toldError{error: err}
}

// named says of an error about what is in the bundle which blob it is.
func (b *Bundle) named(err error) error {
	if _, ok := errors.AsType[toldError](err); ok || err == nil {
		return err
	}
	named := fmt.Errorf("reading blob %q: %w", string(b.of.Key), err)
	if content, differs := errors.AsType[*bundle.ContentError](err); differs {
		named = &ContentError{Key: b.of.Key, What: "list of files", Got: describe(content.Got), Want: describe(content.Want)}
	}
	return toldError{named, err}
}

func describe(c bundle.Content) string {
	return fmt.Sprintf("%s (%d files, %d bytes)", c.SHA256, c.Files, c.Size)
}

// open opens a part of the stored bytes, which nobody has verified.
func (b *Bundle) open(ctx context.Context, offset, size int64) (part io.ReadCloser, err error) {
	err = b.store.anywhere(ctx, b.of.Key, func(key Key) (err error) {
		part, err = b.store.backend.(backend.Ranger).OpenRange(ctx, key, offset, size)
		return err
	})
	b.count.Add(size)
	return part, told(err)
}

func (b *Bundle) read(ctx context.Context, offset, size int64) ([]byte, error) {
	part, err := b.open(ctx, offset, size)
	if err != nil {
		return nil, err
	}
	data := make([]byte, size)
	_, err = io.ReadFull(part, data)
	if err = errors.Join(cut(err), part.Close()); err != nil {
		err = told(fmt.Errorf("reading blob %q: %w", string(b.of.Key), err))
	}
	return data, err
}

// cut says of stored bytes that end early what is wrong with them.
func cut(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// whole reads all of the bundle, verified, and calls visit with every file, unless that is nil.
func (b *Bundle) whole(ctx context.Context, visit func(bundle.File, io.Reader) error) ([]bundle.File, error) {
	stored, err := b.store.Get(ctx, b.of.Object)
	if err != nil {
		return nil, told(err)
	}
	b.count.Add(b.of.Size)
	files, err := b.unpack(ctx, stored, visit)
	if _, restErr := io.Copy(io.Discard, stored); restErr != nil { // that other bytes are there goes first
		err = told(restErr)
	}
	return files, b.named(errors.Join(err, stored.Close()))
}

func (b *Bundle) unpack(ctx context.Context, stored io.Reader, visit func(bundle.File, io.Reader) error) ([]bundle.File, error) {
	decoded, err := b.rest.NewReader(ctx, stored, b.archiveLimit())
	if err != nil {
		return nil, err
	}
	files, content, err := bundle.Unpack(decoded, b.of.Folder, visit)
	if closeErr := decoded.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return nil, err
	}
	if b.of.Want != nil && content != *b.of.Want {
		return nil, &bundle.ContentError{Got: content, Want: *b.of.Want}
	}
	return files, nil
}

// archiveLimit bounds how many bytes the archive may have.
func (b *Bundle) archiveLimit() int64 {
	const perFile = 3 << 12 // more than a header with the longest of paths
	limit := b.of.Chain.Limit(b.of.Size)
	if want := b.of.Want; want != nil && want.Files < limit/perFile {
		limit = min(limit, max(want.Size, 0)+(want.Files+1)*perFile)
	}
	return limit
}

// Files lists the files in their order. The slice is not to be changed.
func (b *Bundle) Files() ([]bundle.File, error) {
	b.listing.Lock()
	defer b.listing.Unlock()
	if b.files != nil || b.index == nil {
		return b.files, nil
	}
	files, err := b.index.Files()
	if err != nil {
		return nil, b.named(err)
	}
	b.files = files
	return files, nil
}

// Open streams one file, by its path below the folder. All of its bytes are right if it reads to
// io.EOF. Without such a file it is an [fs.ErrNotExist]. The caller closes the reader.
func (b *Bundle) Open(ctx context.Context, path string) (bundle.File, io.ReadCloser, error) {
	if b.index == nil {
		return b.openWhole(ctx, path)
	}
	g, ok := b.index.Find(path)
	if !ok || g.Large() && g.First != path {
		return bundle.File{}, nil, b.lacking(path)
	}
	frames, err := b.open(ctx, g.Offset, g.Stored)
	if err != nil {
		return bundle.File{}, nil, err
	}
	if g.Large() {
		f, content, err := g.Stream(ctx, frames, b.of.Folder)
		if err != nil {
			return f, nil, errors.Join(b.named(err), frames.Close())
		}
		return f, &member{b.naming(content), content, frames}, nil
	}
	var found bundle.Entry
	err = b.group(&g, frames, &buffers{}, func(e bundle.Entry) error {
		if e.Path == path {
			found = e
		}
		return nil
	})
	if err == nil && found.Path == "" {
		err = b.lacking(path)
	}
	if err = errors.Join(err, frames.Close()); err != nil {
		return bundle.File{}, nil, err
	}
	return found.File, io.NopCloser(bytes.NewReader(found.Data)), nil
}

func (b *Bundle) lacking(path string) error {
	return fmt.Errorf("file %q in %s: %w", path, b.of.Folder, fs.ErrNotExist)
}

// A member is a large file as it is read.
type member struct {
	io.Reader
	content, frames io.Closer
}

func (m *member) Close() error { return errors.Join(m.content.Close(), m.frames.Close()) }

// naming says of errors of a reader which blob they are about.
func (b *Bundle) naming(r io.Reader) io.Reader {
	return backend.ReaderFunc(func(p []byte) (int, error) {
		n, err := r.Read(p)
		if err != nil && err != io.EOF {
			err = b.named(err)
		}
		return n, err
	})
}

// buffers are those of groups on their way.
type buffers struct{ frames, raw []byte }

// group reads a small group from its frames, and calls visit with its files once they are
// proved. The buffers are used again.
func (b *Bundle) group(g *bundle.Group, frames io.Reader, with *buffers, visit func(bundle.Entry) error) error {
	if limit := int64(spanSize); g.Stored > limit {
		return b.named(fmt.Errorf("the group of %q has %d bytes, want at most %d", g.First, g.Stored, limit))
	}
	with.frames = slices.Grow(with.frames[:0], int(g.Stored))[:g.Stored]
	if _, err := io.ReadFull(frames, with.frames); err != nil {
		return b.named(cut(err))
	}
	entries, raw, err := g.Entries(with.frames, b.of.Folder, with.raw)
	if with.raw = raw; err != nil {
		return b.named(err)
	}
	for _, e := range entries {
		if err := visit(e); err != nil {
			return err
		}
	}
	return nil
}

// openWhole streams one file of a bundle that is read whole.
func (b *Bundle) openWhole(ctx context.Context, path string) (bundle.File, io.ReadCloser, error) {
	i, ok := slices.BinarySearchFunc(b.files, bundle.File{Path: path}, bundle.Order)
	if !ok {
		return bundle.File{}, nil, b.lacking(path)
	}
	ctx, cancel := context.WithCancel(ctx)
	r, w := io.Pipe()
	go func() {
		_, err := b.whole(ctx, func(f bundle.File, data io.Reader) error {
			if f.Path != path {
				return nil
			}
			_, err := io.Copy(w, data)
			return err
		})
		_ = w.CloseWithError(err)
	}()
	return b.files[i], piped{r, cancel}, nil
}

// A piped file comes from a bundle that is read beside it.
type piped struct {
	*io.PipeReader
	cancel func()
}

func (p piped) Close() error {
	p.cancel()
	return p.PipeReader.Close()
}

// Each calls visit with the files that are wanted, by their places among all of them, and a
// reader of each. It is called concurrently for different files, and its readers are right if
// they read to io.EOF.
func (b *Bundle) Each(ctx context.Context, wanted func(i int) bool, visit func(i int, data io.Reader) error) error {
	files, err := b.Files()
	if err != nil {
		return err
	}
	if b.index == nil {
		return b.eachWhole(ctx, files, wanted, visit)
	}
	spans := b.spans(wanted)
	return backend.EachOf(ctx, min(spansAtOnce, b.store.Transfers()), spans, func(s span) error {
		return b.span(ctx, s, wanted, visit)
	})
}

func (b *Bundle) eachWhole(ctx context.Context, files []bundle.File, wanted func(i int) bool, visit func(i int, data io.Reader) error) error {
	i := -1
	_, err := b.whole(ctx, func(f bundle.File, data io.Reader) error {
		if i++; !wanted(i) {
			return nil
		}
		return visit(i, b.proved(files[i], data))
	})
	return err
}

// A span is groups that follow each other, or one that is large.
type span struct {
	groups []bundle.Group
	first  int // file of the first of them
}

// spans are the groups that have wanted files, by requests.
func (b *Bundle) spans(wanted func(i int) bool) []span {
	var spans []span
	file, open, size := 0, false, int64(0)
	groups := b.index.Groups
	for k, g := range groups {
		any := false
		for i := range int(g.Files) {
			any = any || wanted(file+i)
		}
		switch {
		case !any:
			open = false
		case open && !g.Large() && size+g.Stored <= spanSize:
			last := &spans[len(spans)-1]
			last.groups = groups[k-len(last.groups) : k+1]
			size += g.Stored
		default:
			spans = append(spans, span{groups[k : k+1], file})
			open, size = !g.Large(), g.Stored
		}
		file += int(g.Files)
	}
	return spans
}

// span reads groups by one request.
func (b *Bundle) span(ctx context.Context, s span, wanted func(i int) bool, visit func(i int, data io.Reader) error) (err error) {
	last := s.groups[len(s.groups)-1]
	at := s.groups[0].Offset
	part, err := b.open(ctx, at, last.Offset+last.Stored-at)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, part.Close()) }()
	if last.Large() {
		_, content, err := last.Stream(ctx, part, b.of.Folder)
		if err != nil {
			return b.named(err)
		}
		return errors.Join(visit(s.first, b.naming(content)), content.Close())
	}
	i, with := s.first, spanBuffers.Get().(*buffers)
	defer spanBuffers.Put(with)
	for k := range s.groups {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := b.group(&s.groups[k], part, with, func(e bundle.Entry) error {
			i++
			if !wanted(i - 1) {
				return nil
			}
			return visit(i-1, bytes.NewReader(e.Data))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

var spanBuffers = sync.Pool{New: func() any { return new(buffers) }}

// proved holds a file of a bundle that is read whole against its digest.
func (b *Bundle) proved(want bundle.File, data io.Reader) io.Reader {
	sum := sha256.New()
	return backend.ReaderFunc(func(p []byte) (int, error) {
		n, err := data.Read(p)
		sum.Write(p[:n])
		if err == io.EOF && !bytes.Equal(sum.Sum(nil), want.SHA256[:]) {
			err = b.named(fmt.Errorf("entry %q of the bundle: it changed since it was listed", want.Path))
		}
		return n, err
	})
}
