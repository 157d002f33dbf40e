package blobs

import (
	"io"
	"sync"
	"sync/atomic"
)

// chunkSize is how many bytes pass from one stage to the next at a time. An
// input of at most one chunk is handled without starting a goroutine.
const chunkSize = 256 << 10

// queueLen is how many chunks a stage may lag behind the one before it.
const queueLen = 4

// maxIdleReads is how many empty reads in a row are taken for a broken reader.
const maxIdleReads = 100

// A chunk is a buffer that several stages share.
type chunk struct {
	buf  []byte // all of it
	data []byte // the filled part of buf
	refs atomic.Int32
}

// A chunkPool recycles chunks. The zero value is ready.
type chunkPool struct {
	pool sync.Pool
}

// get returns an empty chunk that one holder is to release.
func (p *chunkPool) get() *chunk {
	c, ok := p.pool.Get().(*chunk)
	if !ok {
		c = &chunk{buf: make([]byte, chunkSize)}
	}
	c.data = c.buf[:0]
	c.refs.Store(1)
	return c
}

// release gives up one holder's claim on c.
func (p *chunkPool) release(c *chunk) {
	if c.refs.Add(-1) == 0 {
		p.pool.Put(c)
	}
}

// fill reads from r until the chunk is full, r ends (true) or fails.
func (c *chunk) fill(r io.Reader) (bool, error) {
	c.data = c.buf[:0]
	for idle := 0; len(c.data) < len(c.buf); {
		n, err := r.Read(c.buf[len(c.data):])
		c.data = c.buf[:len(c.data)+n]
		if err == io.EOF {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		if n > 0 {
			idle = 0
		} else if idle++; idle == maxIdleReads {
			return false, io.ErrNoProgress
		}
	}
	return false, nil
}
