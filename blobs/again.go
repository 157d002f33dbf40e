package blobs

import (
	"context"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"strings"
	"sync"

	"github.com/git-datapact/git-datapact/blobs/backend"
	"github.com/git-datapact/git-datapact/filters"
)

// Content is what is put into a store: what the filters of chain make of what r reads.
type content struct {
	r     io.Reader
	at    again // r, nil if it can be read but once
	chain filters.Chain
	moved func(bytes int64) // of r, nil if nobody watches
}

// A Mover is content that is told how many more bytes of it are done: read, or on their way
// to where reading is not all. What a Put that succeeds tells adds up to the content's size.
type Mover interface {
	Moved(bytes int64)
}

// An again can be read another time, from its beginning.
type again interface {
	io.ReaderAt
	Size() int64
}

func contentOf(r io.Reader, chain filters.Chain) content {
	c := content{r: r, chain: chain}
	c.at, _ = r.(again)
	if m, ok := r.(Mover); ok {
		c.moved = m.Moved
	}
	return c
}

// size is [backend.Once] for what cannot be read again.
func (c content) size() int64 {
	if c.at == nil {
		return backend.Once
	}
	return c.at.Size()
}

// again makes the stored bytes once more.
func (c content) again(ctx context.Context, want Object) (io.ReadCloser, error) {
	src := backend.ContextReader(ctx, named(io.NewSectionReader(c.at, 0, c.at.Size())))
	if len(c.chain) == 0 {
		return newProof(io.NopCloser(src), want), nil
	}
	return newProof(encodeAgain(src, c.chain), want), nil
}

// encodeAgain reads what the filters make of src. Closing it ends that, and waits for it.
func encodeAgain(src io.Reader, chain filters.Chain) io.ReadCloser {
	r, w := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		encoder, err := chain.NewWriter(w)
		if err == nil {
			_, err = io.CopyBuffer(struct{ io.Writer }{encoder}, src, make([]byte, chunkSize))
			if closeErr := encoder.Close(); err == nil {
				err = closeErr
			}
		}
		_ = w.CloseWithError(err) // io.EOF if that is nil
	}()
	return encoding{r, done}
}

type encoding struct {
	*io.PipeReader
	done <-chan struct{}
}

func (e encoding) Close() error {
	err := e.PipeReader.Close()
	<-e.done
	return err
}

// A proof reads bytes that are to be those of an object. It hands out the last one after it
// has seen that all are.
type proof struct {
	src  io.ReadCloser
	want Object
	sum  hash.Hash
	size int64 // bytes handed out
}

func newProof(src io.ReadCloser, want Object) *proof {
	return &proof{src: src, want: want, sum: sha256.New()}
}

func (p *proof) Read(buf []byte) (int, error) {
	left := p.want.Size - p.size
	switch {
	case left == 0 && p.want.Size > 0:
		return 0, io.EOF
	case left == 0:
		return 0, p.end()
	case len(buf) == 0:
		return 0, nil
	}
	n, err := p.src.Read(buf[:min(int64(len(buf)), max(1, left-1))])
	p.size += int64(n)
	p.sum.Write(buf[:n])
	if n > 0 && left == 1 {
		if err := p.end(); err != io.EOF {
			return 0, err
		}
		return n, nil
	}
	if err == io.EOF {
		err = ErrChanged
	}
	return n, err
}

// end is io.EOF if the bytes were those that are wanted, and no more come.
func (p *proof) end() error {
	if n, err := io.ReadFull(p.src, make([]byte, 1)); n > 0 {
		return ErrChanged
	} else if err != io.EOF {
		return err
	}
	if !strings.EqualFold(hexSum(p.sum), p.want.SHA256) {
		return ErrChanged
	}
	return io.EOF
}

func (p *proof) Close() error { return p.src.Close() }

// ErrChanged is that content was something else when it was read again.
var ErrChanged = errors.New("the content changed while it was stored")

// An unstaged file keeps nothing of what is written to it.
type unstaged struct{}

func (unstaged) Write(p []byte) (int, error) { return len(p), nil }
func (unstaged) Close() error                { return nil }
func (unstaged) Name() string                { return "" }
func (unstaged) Discard() error              { return nil }

// A share tells of content how much is done, by how much is of what is stored of it.
type share struct {
	size, of int64 // of the content, and of what is stored
	report   func(bytes int64)

	mu     sync.Mutex // what sends them may end a little later than it says
	stored int64
	told   int64
}

// moved is told of bytes that are stored. Those that come again do not count.
func (s *share) moved(bytes int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stored = min(s.of, s.stored+bytes)
	if s.of > 0 {
		s.tell(int64(float64(s.size) * (float64(s.stored) / float64(s.of))))
	}
}

// end tells of what is left.
func (s *share) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tell(s.size)
}

func (s *share) tell(done int64) {
	if done = min(done, s.size); s.report != nil && done > s.told {
		s.report(done - s.told)
		s.told = done
	}
}
