package filters

import (
	"context"
	"errors"
	"io"
	"math"
)

// ErrTooLarge reports that a stream decodes to more bytes than allowed.
var ErrTooLarge = errors.New("decoded data exceeds its limit")

// NewReader returns a reader that undoes the filters of r, last one first. It
// yields at most limit bytes and then [ErrTooLarge] if more follow; a negative
// limit means no bound. Truncated input gives an error that wraps
// [io.ErrUnexpectedEOF]; an error of r comes back as it is. An unknown filter
// is an [UnknownError]. r is first read by the first Read.
//
// Once ctx is done Read fails with its error, at once also while it decodes what
// yields nothing.
//
// Past the first 256 KiB a goroutine decodes ahead, up to 512 KiB. Close stops
// it and must be called; it waits for a Read of r under way and leaves r open.
// A zstd window over 128 MiB is refused, which bounds memory. Read and Close
// must not be called concurrently.
func (c Chain) NewReader(ctx context.Context, r io.Reader, limit int64) (io.ReadCloser, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if len(c) == 0 {
		return &chainReader{Reader: limitReader(untilDone(ctx, r), limit)}, nil
	}
	cr := &chainReader{Reader: r}
	for i := len(c) - 1; i >= 0; i-- {
		s, err := newStage(c[i], untilDone(ctx, cr.Reader))
		if err != nil {
			return nil, errors.Join(err, cr.Close())
		}
		cr.closers = append(cr.closers, s)
		bound := limit
		if i > 0 {
			bound = between(limit)
		}
		cr.Reader = limitReader(s, bound)
	}
	return newAheadReader(cr), nil
}

// A chainReader reads from the last stage of a chain.
type chainReader struct {
	io.Reader
	closers []io.Closer
}

// Close closes every stage and returns the first error.
func (cr *chainReader) Close() error {
	var err error
	for _, closer := range cr.closers {
		if cerr := closer.Close(); err == nil {
			err = cerr
		}
	}
	return err
}

// between returns how much the stages before the last may decode to when the
// last is held to limit: no honest encoder makes twice as much of its input,
// beside a header. It stops input that grows within and shrinks again.
func between(limit int64) int64 {
	const header = 1 << 20
	if limit < 0 || limit > (math.MaxInt64-header)/2 {
		return -1
	}
	return 2*limit + header
}

// A limitedReader ends with ErrTooLarge instead of a byte too many.
type limitedReader struct {
	r    io.Reader
	left int64
	err  error // sticky
}

func limitReader(r io.Reader, limit int64) io.Reader {
	if limit < 0 {
		return r
	}
	return &limitedReader{r: r, left: limit}
}

func (l *limitedReader) Read(p []byte) (int, error) {
	if l.err != nil || len(p) == 0 {
		return 0, l.err
	}
	if int64(len(p))-1 > l.left {
		p = p[:l.left+1] // one byte more, to see whether there is one
	}
	n, err := l.r.Read(p)
	if int64(n) > l.left {
		n, err = int(l.left), ErrTooLarge
	}
	l.left -= int64(n)
	l.err = err
	return n, err
}
