package filters

import (
	"errors"
	"io"
	"runtime"
)

// maxInFlight bounds the frames compressed side by side, and so memory: eight
// of them take under 64 MiB.
const maxInFlight = 8

var errClosed = errors.New("using a closed filter")

// NewWriter returns a writer that filters what it is given into w. Close ends
// the streams and must be called, after an error too; it does not close w. An
// error of w comes back from the next Write or from Close as it is. An unknown
// filter is an [UnknownError].
//
// The writer must not be used concurrently. Nothing but Write and Close calls
// w, both in the caller's goroutine.
func (c Chain) NewWriter(w io.Writer) (io.WriteCloser, error) {
	codecs, err := c.codecs()
	if err != nil {
		return nil, err
	}
	cw := &chainWriter{Writer: w}
	for i := len(codecs) - 1; i >= 0; i-- {
		fw := &frameWriter{w: cw.Writer, codec: codecs[i]}
		cw.Writer = fw
		cw.closers = append(cw.closers, fw)
	}
	return cw, nil
}

// A chainWriter writes to the first filter of a chain.
type chainWriter struct {
	io.Writer
	closers []io.Closer // last filter first
}

// Close closes every filter and returns the first error.
func (cw *chainWriter) Close() error {
	var err error
	for i := len(cw.closers) - 1; i >= 0; i-- {
		if cerr := cw.closers[i].Close(); err == nil {
			err = cerr
		}
	}
	return err
}

// A frameWriter cuts its input into frames, compresses them side by side and
// writes them to w in order. Input of one frame needs no goroutine.
type frameWriter struct {
	w      io.Writer
	codec  codec
	frame  *frame      // being filled; nil before the first byte
	queue  chan *frame // being compressed, oldest first; nil before the second frame
	err    error       // the first error of w or the codec
	closed bool
}

func (fw *frameWriter) Write(p []byte) (int, error) {
	if fw.closed {
		return 0, errClosed
	}
	written := 0
	for fw.err == nil && written < len(p) {
		if fw.frame != nil && fw.frame.full() {
			fw.dispatch()
			continue
		}
		if fw.frame == nil {
			fw.frame = newFrame()
		}
		written += fw.frame.fill(p[written:])
	}
	return written, fw.err
}

// dispatch starts to compress the frame that was filled. When as many as
// allowed are under way it first waits for the oldest, which it writes last
// so that the cores are busy meanwhile.
func (fw *frameWriter) dispatch() {
	if fw.queue == nil {
		fw.queue = make(chan *frame, min(runtime.GOMAXPROCS(0), maxInFlight))
	}
	var oldest *frame
	if len(fw.queue) == cap(fw.queue) {
		oldest = <-fw.queue
		<-oldest.done
	}
	f := fw.frame
	fw.frame = nil
	f.done = make(chan struct{})
	go func() {
		defer close(f.done)
		f.encode(fw.codec)
	}()
	fw.queue <- f
	fw.emit(oldest)
}

// emit writes a compressed frame, unless an error came first, and frees it.
func (fw *frameWriter) emit(f *frame) {
	if f == nil {
		return
	}
	if fw.err == nil {
		fw.err = f.err
	}
	if fw.err == nil {
		n, err := fw.w.Write(f.dst)
		if err == nil && n < len(f.dst) {
			err = io.ErrShortWrite
		}
		fw.err = err
	}
	f.free()
}

// Close writes what is left, or the frame of an empty input, and waits for
// every goroutine.
func (fw *frameWriter) Close() error {
	if fw.closed {
		return fw.err
	}
	fw.closed = true
	switch {
	case fw.err != nil: // nothing more is written
	case fw.queue == nil:
		fw.encodeOnly()
	default:
		fw.dispatch()
	}
	for len(fw.queue) > 0 {
		oldest := <-fw.queue
		<-oldest.done
		fw.emit(oldest)
	}
	return fw.err
}

// encodeOnly writes the one frame of a short input.
func (fw *frameWriter) encodeOnly() {
	f := fw.frame
	if f == nil {
		f = newFrame()
	}
	f.encode(fw.codec)
	fw.emit(f)
}
