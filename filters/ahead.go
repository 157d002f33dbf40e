package filters

import "io"

const (
	aheadAfter  = 256 << 10 // bytes read before a goroutine pays
	aheadBlock  = 128 << 10 // bytes handed over at a time
	aheadBlocks = 4
)

// An aheadReader lets a goroutine read ahead, so that the caller's digests
// and writes go on beside decoding. Small files never start it.
type aheadReader struct {
	r     io.ReadCloser
	plain int           // bytes read so far without the goroutine
	stop  chan struct{} // closed by Close; nil before the goroutine runs
	free  chan []byte   // blocks for the goroutine to fill
	full  chan block    // filled ones; closed by the goroutine when it ends
	cur   block         // being read
	data  []byte        // what is left of cur
	done  error         // set by Close
}

// A block is what one turn of the goroutine got.
type block struct {
	buf []byte
	err error // after the bytes of buf
}

func newAheadReader(r io.ReadCloser) *aheadReader {
	return &aheadReader{r: r}
}

func (a *aheadReader) Read(p []byte) (int, error) {
	switch {
	case a.done != nil:
		return 0, a.done
	case len(p) == 0:
		return 0, nil
	case a.stop == nil && a.plain < aheadAfter:
		n, err := a.r.Read(p)
		a.plain += n
		return n, err
	case a.stop == nil:
		a.start()
	}
	return a.readBlocks(p)
}

func (a *aheadReader) readBlocks(p []byte) (int, error) {
	for len(a.data) == 0 {
		if a.cur.err != nil {
			return 0, a.cur.err
		}
		if a.cur.buf != nil {
			a.free <- a.cur.buf
		}
		a.cur = <-a.full
		a.data = a.cur.buf
	}
	n := copy(p, a.data)
	a.data = a.data[n:]
	return n, nil
}

func (a *aheadReader) start() {
	a.stop = make(chan struct{})
	a.free = make(chan []byte, aheadBlocks)
	a.full = make(chan block, aheadBlocks) // as many as blocks: sends never wait
	for range aheadBlocks {
		a.free <- make([]byte, aheadBlock)
	}
	go a.run()
}

// run fills blocks until the first error or until Close.
func (a *aheadReader) run() {
	defer close(a.full)
	for {
		select {
		case <-a.stop:
			return
		case buf := <-a.free:
			n, err := readBlock(a.r, buf[:cap(buf)])
			a.full <- block{buf[:n], err}
			if err != nil {
				return
			}
		}
	}
}

// readBlock fills buf as far as r goes and returns the error that stopped it.
func readBlock(r io.Reader, buf []byte) (int, error) {
	n := 0
	for idle := 0; n < len(buf); {
		m, err := r.Read(buf[n:])
		n += m
		if err != nil {
			return n, err
		}
		if m > 0 {
			idle = 0
		} else if idle++; idle == maxIdleReads {
			return n, io.ErrNoProgress
		}
	}
	return n, nil
}

func (a *aheadReader) Close() error {
	if a.done != nil {
		return nil
	}
	a.done = errClosed
	if a.stop != nil {
		close(a.stop)
		for range a.full { // until the goroutine ends
		}
	}
	return a.r.Close()
}
