package filters

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"sync"
)

// sourceSize suits small files; decoders read bigger pieces past it.
const sourceSize = 16 << 10

// maxPiece is how much a decoder gets before it is asked again whether to go on.
const maxPiece = 128 << 10

// A source is the buffered input of a decoder. It keeps the error that ended
// it, which decoders tend to replace.
type source struct {
	*bufio.Reader
	tap tap
}

// A tap counts and notes what comes from a reader.
type tap struct {
	r   io.Reader
	n   int64
	err error
}

func (t *tap) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	t.n += int64(n)
	if err != nil {
		t.err = err
	}
	return n, err
}

// maxIdleReads is how many empty reads in a row are taken for a broken reader.
const maxIdleReads = 100

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// untilDone reads from r until ctx is done. A decoder may take all of its input
// without yielding a byte, so each piece of that input asks.
func untilDone(ctx context.Context, r io.Reader) io.Reader {
	return readerFunc(func(p []byte) (int, error) {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		return r.Read(p[:min(len(p), maxPiece)])
	})
}

// sources holds idle *source values.
var sources sync.Pool

func newSource(r io.Reader) *source {
	s, ok := sources.Get().(*source)
	if !ok {
		s = &source{Reader: bufio.NewReaderSize(nil, sourceSize)}
	}
	s.tap = tap{r: r}
	s.Reset(&s.tap)
	return s
}

func (s *source) free() {
	s.tap = tap{}
	s.Reset(nil)
	sources.Put(s)
}

// A stage undoes one filter.
type stage struct {
	name    Name
	src     *source
	decoder io.ReadCloser
	err     error // sticky
}

func newStage(name Name, r io.Reader) (*stage, error) {
	codec, err := name.codec()
	if err != nil {
		return nil, err
	}
	s := &stage{name: name, src: newSource(r)}
	if s.decoder, err = codec.decoder(s.src); err != nil {
		return nil, fmt.Errorf("setting up filter %q: %w", name, err)
	}
	return s, nil
}

func (s *stage) Read(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.decoder.Read(p)
	if err != nil {
		s.err = s.verdict(err)
	}
	return n, s.err
}

// verdict turns an error of the decoder into what the caller should see: an
// error of the input goes first, and an end before the first frame is a cut.
func (s *stage) verdict(err error) error {
	if cause := s.src.tap.err; cause != nil && cause != io.EOF {
		return cause
	}
	if err == io.EOF && s.src.tap.n > 0 {
		return io.EOF
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("decoding filter %q: %w", s.name, err)
}

func (s *stage) Close() error {
	if s.decoder == nil {
		return nil
	}
	err := s.decoder.Close()
	s.src.free()
	s.decoder, s.src, s.err = nil, nil, errClosed
	return err
}
