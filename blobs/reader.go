package blobs

import (
	"context"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"strconv"
	"strings"

	"github.com/git-datapact/git-datapact/blobs/backend"
	"github.com/git-datapact/git-datapact/blobs/cache"
)

// A verifier reads an object and compares it with what is wanted.
type verifier struct {
	src   io.ReadCloser
	want  Object
	sum   hash.Hash
	size  int64        // bytes read so far
	entry *cache.Entry // takes the bytes, nil for none
}

// Close closes what is read.
func (v *verifier) Close() error {
	if v.entry != nil {
		v.entry.Close()
	}
	return v.src.Close()
}

// next fills c. It returns io.EOF, with the last bytes, once all is verified.
func (v *verifier) next(ctx context.Context, c *chunk) error {
	end, err := c.fill(backend.ContextReader(ctx, v.src))
	if err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return fmt.Errorf("reading blob %q: %w", string(v.want.Key), err)
	}
	v.size += int64(len(c.data))
	v.sum.Write(c.data)
	if v.entry != nil {
		_, _ = v.entry.Write(c.data) // it never fails
	}
	if v.size > v.want.Size || end && v.size < v.want.Size {
		return v.corrupt("size", v.gotSize(end), strconv.FormatInt(v.want.Size, 10))
	}
	if !end {
		return nil
	}
	if got := hex.EncodeToString(v.sum.Sum(nil)); !strings.EqualFold(got, v.want.SHA256) {
		return v.corrupt("sha256", got, v.want.SHA256)
	}
	if v.entry != nil {
		v.entry.Keep()
	}
	return io.EOF
}

func (v *verifier) gotSize(end bool) string {
	got := strconv.FormatInt(v.size, 10)
	if !end {
		got += " or more"
	}
	return got
}

func (v *verifier) corrupt(what, got, want string) error {
	return &CorruptError{Key: v.want.Key, What: what, Got: got, Want: want}
}

// A reader hands out the chunks of a verifier.
type reader struct {
	chunks *chunkPool
	next   func() (*chunk, error) // a chunk, its end or failure, or both
	stop   func()                 // ends what next relies on
	src    io.Closer
	chunk  *chunk // what is read from, or nil
	off    int    // how much of it is handed out
	err    error  // what follows it; stays
}

// newReader verifies small objects whole before their first byte is handed out,
// and bigger ones ahead of their consumer, in a goroutine of their own.
func newReader(ctx context.Context, cancel func(), v *verifier, chunks *chunkPool) *reader {
	r := &reader{chunks: chunks, stop: cancel, src: v}
	if v.want.Size >= chunkSize {
		r.next, r.stop = readAhead(ctx, cancel, v, chunks)
		return r
	}
	r.next = func() (*chunk, error) {
		c := chunks.get()
		return c, v.next(ctx, c)
	}
	return r
}

type verified struct {
	chunk *chunk
	err   error
}

// readAhead runs v in a goroutine. It returns the function that yields the
// chunks and the one that ends the goroutine and waits for it.
func readAhead(ctx context.Context, cancel func(), v *verifier, chunks *chunkPool) (func() (*chunk, error), func()) {
	queue := make(chan verified, queueLen)
	go func() {
		defer close(queue)
		for done := false; !done; {
			c := chunks.get()
			err := v.next(ctx, c)
			queue <- verified{c, err}
			done = err != nil
		}
	}()
	next := func() (*chunk, error) {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("reading blob %q: %w", string(v.want.Key), err)
		}
		got := <-queue
		return got.chunk, got.err
	}
	stop := func() {
		cancel()
		for range queue {
		}
	}
	return next, stop
}

// advance makes a chunk current unless one is. Without one it returns why.
func (r *reader) advance() error {
	for r.chunk == nil && r.err == nil {
		c, err := r.next()
		r.err = err
		if c != nil && (err == nil || err == io.EOF) && len(c.data) > 0 {
			r.chunk, r.off = c, 0
		} else if c != nil {
			r.chunks.release(c)
		}
	}
	if r.chunk != nil {
		return nil
	}
	return r.err
}

func (r *reader) consume(n int) {
	if r.off += n; r.off == len(r.chunk.data) {
		r.chunks.release(r.chunk)
		r.chunk = nil
	}
}

func (r *reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if err := r.advance(); err != nil {
		return 0, err
	}
	n := copy(p, r.chunk.data[r.off:])
	r.consume(n)
	return n, nil
}

// WriteTo hands whole chunks to w without copying them.
func (r *reader) WriteTo(w io.Writer) (int64, error) {
	var total int64
	for {
		if err := r.advance(); err == io.EOF {
			return total, nil
		} else if err != nil {
			return total, err
		}
		n, err := w.Write(r.chunk.data[r.off:])
		total += int64(n)
		r.consume(n)
		if err != nil {
			return total, err
		}
	}
}

func (r *reader) Close() error {
	if r.stop == nil {
		return nil
	}
	r.stop()
	r.stop, r.err = nil, fs.ErrClosed
	if r.chunk != nil {
		r.chunks.release(r.chunk)
		r.chunk = nil
	}
	return r.src.Close()
}
