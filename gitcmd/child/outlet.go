package child

import (
	"errors"
	"io"
	"os"
	"time"
)

const (
	// mostLeft bounds what is read of a pipe after the process has ended: as many bytes
	// as a pipe can hold, so that one who goes on writing does not count.
	mostLeft = 1 << 20
	// grace is how long a pipe is read after the end, where it cannot be asked
	// whether it is empty.
	grace = time.Second
)

// An outlet is the reading end of a pipe that a process prints to. It is at its end when
// that process has ended and what was in the pipe is read, whoever else holds the
// other end.
type outlet struct {
	file *os.File
	over bool // the process has ended
	left int  // bytes read since
}

// end tells that the process has ended. It may be called while another goroutine reads.
func (o *outlet) end() {
	if err := o.file.SetReadDeadline(time.Unix(1, 0)); errors.Is(err, os.ErrNoDeadline) {
		time.AfterFunc(grace, func() { _ = o.file.Close() })
	}
}

func (o *outlet) Read(p []byte) (int, error) {
	if !o.over {
		n, err := o.file.Read(p)
		if errors.Is(err, os.ErrClosed) {
			return n, io.EOF
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
		o.over = true
	}
	if len(p) == 0 {
		return 0, nil
	}
	n, err := readNow(o.file, p[:min(len(p), mostLeft-o.left)])
	if o.left += n; n == 0 || err != nil {
		return 0, io.EOF
	}
	return n, nil
}

// Close closes the reading end.
func (o *outlet) Close() error { return o.file.Close() }
