package blobs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"gocloud.dev/blob"
)

const (
	// resumeTries is how often a download is resumed in a row without a single byte
	// arriving. The driver itself retries the request that resumes it.
	resumeTries = 4
	// resumeWait is the pause before the second of these tries; it doubles each time.
	resumeWait = 250 * time.Millisecond
)

// A download reads an object of a bucket. A connection that is lost is not an
// error as long as something arrives: reading resumes where it broke off. The
// bytes are not verified here.
type download struct {
	// at opens the object at an offset.
	at func(offset int64) (*blob.Reader, error)
	// wait pauses, unless the download is cancelled.
	wait func(time.Duration) error
	// size tells how large the object is, where the answer did not.
	size func() (int64, error)

	src    *blob.Reader
	offset int64 // bytes handed out
	broken error // why src yields no more, nil while it may
	moved  bool  // src has yielded something
	tries  int   // since something arrived
}

func (c *cloud) open(ctx context.Context, key Key) (io.ReadCloser, error) {
	d := &download{}
	d.at = func(offset int64) (*blob.Reader, error) {
		return c.bucket.NewRangeReader(ctx, string(key), offset, -1, nil)
	}
	d.wait = func(pause time.Duration) error { return sleep(ctx, pause) }
	d.size = func() (int64, error) {
		e, err := c.stat(ctx, key)
		return e.Size, err
	}
	var err error
	if d.src, err = d.at(0); err != nil {
		return nil, fmt.Errorf("opening blob %q: %w", string(key), c.translate(ctx, err))
	}
	return readCloser{readerFunc(func(p []byte) (int, error) {
		n, err := d.read(p)
		if err != nil && err != io.EOF {
			err = c.translate(ctx, err)
		}
		return n, err
	}), d}, nil
}

type readCloser struct {
	io.Reader
	io.Closer
}

func sleep(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// read returns the driver's own errors.
func (d *download) read(p []byte) (int, error) {
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
	size := d.src.Size()
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
	timeout, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](d.broken)
	silent := ok && timeout.Timeout()
	if errors.Is(d.broken, context.Canceled) || errors.Is(d.broken, context.DeadlineExceeded) || silent && !d.moved {
		return d.broken
	}
	if d.tries == resumeTries {
		return fmt.Errorf("the connection was lost %d times in a row: %w", d.tries+1, d.broken)
	}
	if d.tries > 0 {
		if err := d.wait(resumeWait << (d.tries - 1)); err != nil {
			return err
		}
	}
	d.tries++
	src, err := d.at(d.offset)
	if err != nil {
		return err
	}
	old := d.src
	d.src, d.broken, d.moved = src, nil, false
	_ = old.Close() // what it says is known
	if differ(src.Size(), old.Size()) || differ(unixNano(src.ModTime()), unixNano(old.ModTime())) {
		return errors.New("the object was replaced while it was read")
	}
	return nil
}

// differ compares what two answers tell, where both do.
func differ(a, b int64) bool { return a != b && a != 0 && b != 0 }

func unixNano(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func (d *download) Close() error { return d.src.Close() }
