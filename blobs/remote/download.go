package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/git-datapact/git-datapact/blobs/backend"
	"github.com/git-datapact/git-datapact/blobs/wire"
)

// A download reads an object. A connection that is lost is not an error as long as
// something arrives: reading resumes where it broke off. The bytes are not verified here.
type download struct {
	// at opens the object at an offset.
	at func(offset int64) (*stream, error)
	// wait pauses before the n-th try in a row, unless the download is cancelled.
	wait func(n int) error
	// size tells how large the object is, where the answer did not.
	size func() (int64, error)

	src    *stream
	offset int64 // bytes handed out
	broken error // why src yields no more, nil while it may
	moved  bool  // src has yielded something
	tries  int   // since something arrived
}

// A stream is an answer with an object from an offset on.
type stream struct {
	io.ReadCloser
	size     int64 // of the whole object, -1 if unknown
	modified time.Time
}

// Open is part of [backend.Backend].
func (r *Remote) Open(ctx context.Context, key backend.Key) (io.ReadCloser, error) {
	return r.OpenAt(ctx, key, 0)
}

// OpenAt is part of [backend.Resumer].
func (r *Remote) OpenAt(ctx context.Context, key backend.Key, offset int64) (io.ReadCloser, error) {
	return r.download(ctx, key, offset, func(offset int64) string {
		if offset == 0 {
			return ""
		}
		return fmt.Sprintf("bytes=%d-", offset)
	})
}

// OpenRange is part of [backend.Ranger]. A helper that knows no end sends more than is read.
func (r *Remote) OpenRange(ctx context.Context, key backend.Key, offset, size int64) (io.ReadCloser, error) {
	if size == 0 {
		return io.NopCloser(strings.NewReader("")), nil
	}
	d, err := r.download(ctx, key, offset, func(from int64) string {
		if !r.ranges {
			return fmt.Sprintf("bytes=%d-", from)
		}
		return fmt.Sprintf("bytes=%d-%d", from, offset+size-1)
	})
	if err != nil {
		return nil, err
	}
	return readCloser{io.LimitReader(d, size), d}, nil
}

// download opens an object at an offset, with the range that is said to ask for.
func (r *Remote) download(ctx context.Context, key backend.Key, offset int64, span func(offset int64) string) (io.ReadCloser, error) {
	d := &download{offset: offset}
	d.at = func(offset int64) (*stream, error) { return r.stream(ctx, key, offset, span(offset)) }
	d.wait = func(n int) error { return backend.RetryWait(ctx, n) }
	d.size = func() (int64, error) {
		e, err := r.Stat(ctx, key)
		return e.Size, err
	}
	var err error
	if d.src, err = d.at(offset); err != nil {
		if offset > 0 && ctx.Err() == nil {
			if size, statErr := d.size(); statErr == nil && size <= offset {
				return io.NopCloser(strings.NewReader("")), nil
			}
		}
		return nil, fmt.Errorf("opening blob %q: %w", string(key), err)
	}
	return d, nil
}

// stream asks for an object from an offset on, by a range or for all of it.
func (r *Remote) stream(ctx context.Context, key backend.Key, offset int64, span string) (*stream, error) {
	c := call{method: http.MethodGet, key: string(key)}
	if span != "" {
		c.header = http.Header{"Range": {span}}
	}
	answer, err := r.do(ctx, c)
	if err != nil {
		return nil, err
	}
	s := &stream{ReadCloser: &told{r, ctx, answer}, size: sizeOf(answer), modified: modified(answer)}
	if offset > 0 && answer.StatusCode != http.StatusPartialContent {
		_, err = io.CopyN(io.Discard, s, offset) // what it was not asked for
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// told is the body of an answer, which may tell at its end why it is not complete.
type told struct {
	remote *Remote
	ctx    context.Context // of the request: a body is read without one
	answer *http.Response
}

func (t *told) Read(p []byte) (int, error) {
	n, err := t.answer.Body.Read(p)
	if err == nil {
		return n, nil
	}
	if t.ctx.Err() != nil {
		return n, cancelled(t.ctx)
	}
	if text := t.answer.Trailer.Get(wire.ErrorTrailer); err == io.EOF && text != "" {
		var fault wire.Error
		if json.Unmarshal([]byte(text), &fault) != nil {
			fault = wire.Error{Message: "the helper says that it failed, and not how"}
		}
		err = t.remote.fault(&fault)
	}
	if err != io.EOF {
		if _, known := err.(*Error); !known {
			err = t.remote.unreachable(t.ctx, err)
		}
	}
	return n, err
}

func (t *told) Close() error { return t.answer.Body.Close() }

// Read reads bytes of the object, in their order.
func (d *download) Read(p []byte) (int, error) {
	for {
		if d.broken != nil {
			if err := d.resume(); err != nil {
				return 0, err
			}
		}
		n, err := d.src.Read(p)
		d.offset += int64(n)
		if n > 0 {
			d.moved, d.tries = true, 0
		}
		if err == io.EOF {
			err = d.ended()
		}
		if err == io.EOF || err == nil {
			return n, err
		}
		if d.broken = err; n > 0 {
			return n, nil
		}
	}
}

// ended tells the end of the object, io.EOF, from a connection that was closed
// early, where that looks alike.
func (d *download) ended() error {
	size := d.src.size
	if size < d.offset || size == 0 { // not told
		var err error
		if size, err = d.size(); err != nil {
			return err
		}
	}
	if d.offset < size {
		return io.ErrUnexpectedEOF
	}
	return io.EOF
}

// resume opens the object where reading broke off. An error says why it is of no use.
func (d *download) resume() error {
	fault, ok := errors.AsType[*Error](d.broken)
	silent := ok && fault.Timeout()
	if errors.Is(d.broken, context.Canceled) || errors.Is(d.broken, context.DeadlineExceeded) || silent && !d.moved {
		return d.broken
	}
	if d.tries == backend.RetryTries {
		return fmt.Errorf("the connection was lost %d times in a row: %w", d.tries+1, d.broken)
	}
	d.tries++
	if err := d.wait(d.tries); err != nil {
		return err
	}
	src, err := d.at(d.offset)
	if err != nil {
		return err
	}
	old := d.src
	d.src, d.broken, d.moved = src, nil, false
	_ = old.Close() // what it says is known
	if src.size > 0 && old.size > 0 && src.size != old.size || !src.modified.IsZero() && !old.modified.IsZero() && !src.modified.Equal(old.modified) {
		return errors.New("the object was replaced while it was read")
	}
	return nil
}

// Close is part of [io.ReadCloser].
func (d *download) Close() error { return d.src.Close() }
