package blobs

import (
	"context"
	"io"
	"sync"
)

// A fan hands chunks, in order, to several sinks, each in its own goroutine.
// The slowest sink sets the pace. After the first error of any sink, send
// returns that error.
type fan struct {
	chunks *chunkPool
	queues []chan *chunk
	sinks  sync.WaitGroup

	once   sync.Once
	failed chan struct{} // closed once err is set
	err    error
}

// newFan starts a goroutine for each sink; finish ends them.
func newFan(chunks *chunkPool, sinks ...io.Writer) *fan {
	f := &fan{chunks: chunks, failed: make(chan struct{})}
	for _, sink := range sinks {
		queue := make(chan *chunk, queueLen)
		f.queues = append(f.queues, queue)
		f.sinks.Go(func() { f.run(queue, sink) })
	}
	return f
}

func (f *fan) run(queue <-chan *chunk, sink io.Writer) {
	broken := false
	for c := range queue {
		if !broken {
			_, err := sink.Write(c.data)
			if broken = err != nil; broken {
				f.fail(err)
			}
		}
		f.chunks.release(c)
	}
}

func (f *fan) fail(err error) {
	f.once.Do(func() {
		f.err = err
		close(f.failed)
	})
}

// send passes the caller's claim on c to the sinks. A chunk that not all of
// them got is left to the garbage collector.
func (f *fan) send(ctx context.Context, c *chunk) error {
	c.refs.Store(int32(len(f.queues)))
	for _, queue := range f.queues {
		select {
		case queue <- c:
		case <-f.failed:
			return f.err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// A source is an input of which the first chunk is read already.
type source struct {
	first *chunk
	rest  io.Reader
}

// feed sends all of src and returns how many bytes that were.
func (f *fan) feed(ctx context.Context, src source) (int64, error) {
	size := int64(len(src.first.data))
	if err := f.send(ctx, src.first); err != nil {
		return size, err
	}
	for {
		c := f.chunks.get()
		end, err := c.fill(src.rest)
		if err == nil {
			size += int64(len(c.data))
			err = f.send(ctx, c)
		}
		if end || err != nil {
			return size, err
		}
	}
}

// finish waits until the sinks have had every chunk sent and returns the first
// error. Nothing can be sent after it.
func (f *fan) finish() error {
	for _, queue := range f.queues {
		close(queue)
	}
	f.sinks.Wait()
	return f.err
}

// A gatherer is a writer that makes whole chunks of small writes.
type gatherer struct {
	chunks *chunkPool
	send   func(*chunk) error
	size   int64
	chunk  *chunk // the one being filled, or nil
}

func (g *gatherer) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		if g.chunk == nil {
			g.chunk = g.chunks.get()
		}
		c := g.chunk
		n := copy(c.buf[len(c.data):], rest)
		c.data, rest = c.buf[:len(c.data)+n], rest[n:]
		if len(c.data) == len(c.buf) {
			if err := g.flush(); err != nil {
				return len(p) - len(rest), err
			}
		}
	}
	g.size += int64(len(p))
	return len(p), nil
}

// flush sends what is gathered.
func (g *gatherer) flush() error {
	c := g.chunk
	if c == nil {
		return nil
	}
	g.chunk = nil
	return g.send(c)
}
