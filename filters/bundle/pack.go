package bundle

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"path"
	"runtime"
	"slices"
	"sync"

	"github.com/git-datapact/git-datapact/filters"
)

// A Packing is a folder that is to be packed.
type Packing struct {
	Folder string // its name, or a path of which the last element is that
	// Files are those in it, in [Order]; their digests are not looked at.
	Files []File
	// Open reads one of them from its beginning, and fails before its end or when it is
	// closed if the file is another one by then. It is called concurrently.
	Open func(i int) (io.ReadCloser, error)
	// Zstd makes frames of zstd and an index, instead of a plain archive.
	Zstd bool
	// Done is told of a file that is read. It may be nil, and is called concurrently.
	Done func(i int)
}

// Pack writes a bundle to w: a few groups ahead, which are read and compressed side by side in
// memory of some MiB each, whatever the files have. An error of reading a file names it.
func Pack(ctx context.Context, w io.Writer, p Packing) (Content, error) {
	headings, err := newHeadings(path.Base(p.Folder))
	if err != nil {
		return Content{}, err
	}
	ctx, cancel := context.WithCancel(ctx)
	pk := &packer{Packing: p, ctx: ctx, queue: make(chan *piece, ahead()), tally: newTally(p.Zstd, p.Files), headings: headings}
	var producer sync.WaitGroup
	producer.Go(pk.produce)
	content, err := pk.write(w)
	cancel()
	for left := range pk.queue {
		<-left.done
		left.free()
	}
	producer.Wait()
	return content, err
}

// ahead is how many pieces are on their way at a time. There are more than processors, since
// small files are waited for.
func ahead() int { return min(max(4, 2*runtime.GOMAXPROCS(0)), 16) }

// A packer is one call of Pack at work.
type packer struct {
	Packing
	ctx      context.Context // of the call
	queue    chan *piece     // in their order; closed by the producer
	tally    tally
	headings *headings
}

// A piece of the archive is one frame of the bundle: a group, or a part of a large file.
type piece struct {
	from, to int // files whose entries end in it
	raw, out []byte
	sums     [][sha256.Size]byte // of these files
	err      error
	done     chan struct{} // closed when it is complete
}

// pieces holds idle *piece values with their buffers.
var pieces sync.Pool

// newPiece has room for as many bytes as files weigh.
func newPiece(from, to int, weight int64) *piece {
	p, ok := pieces.Get().(*piece)
	if !ok {
		p = new(piece)
	}
	p.from, p.to, p.done, p.err = from, to, make(chan struct{}), nil
	p.raw = slices.Grow(p.raw, int(weight))
	return p
}

func (p *piece) free() {
	p.raw, p.out, p.sums = p.raw[:0], p.out[:0], p.sums[:0]
	pieces.Put(p)
}

// Write is for the entries of large files.
func (p *piece) Write(data []byte) (int, error) {
	p.raw = append(p.raw, data...)
	return len(data), nil
}

// finish compresses the piece.
func (p *piece) finish(zstd bool) {
	if zstd && p.err == nil {
		p.out = slices.Grow(p.out[:0], len(p.raw)+len(p.raw)>>8)
		p.out, p.err = filters.ZstdFrame(p.out[:0], p.raw)
	}
	close(p.done)
}

// produce cuts the archive into pieces.
func (pk *packer) produce() {
	defer close(pk.queue)
	for from := 0; from < len(pk.Files) && pk.ctx.Err() == nil; {
		to, weight := from+1, pk.Files[from].weight()
		for to < len(pk.Files) && weight+pk.Files[to].weight() <= maxWeight {
			weight += pk.Files[to].weight()
			to++
		}
		if weight > maxWeight {
			pk.large(from)
		} else {
			p := newPiece(from, to, weight)
			pk.start(p, func() { p.err = pk.group(p) })
		}
		from = to
	}
}

// start has a piece made in a goroutine of its own, once there is room for it.
func (pk *packer) start(p *piece, make func()) {
	select {
	case pk.queue <- p:
		go func() {
			make()
			p.finish(pk.Zstd)
		}()
	case <-pk.ctx.Done():
	}
}

// group puts the files of a group into a piece.
func (pk *packer) group(p *piece) error {
	for i := p.from; i < p.to; i++ {
		if err := pk.ctx.Err(); err != nil {
			return err
		}
		if err := pk.small(p, i); err != nil {
			return err
		}
	}
	return nil
}

// small puts a file into a piece. It is read to where its entry has it.
func (pk *packer) small(p *piece, i int) error {
	f := &pk.Files[i]
	r, err := pk.Open(i)
	if err != nil {
		return err
	}
	p.raw, err = pk.headings.append(p.raw, f)
	p.raw = slices.Grow(p.raw, int(f.Size)+blockSize)
	data := p.raw[len(p.raw):][:f.Size]
	if err == nil {
		_, err = io.ReadFull(r, data)
	}
	if closeErr := r.Close(); closeErr != nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	p.raw = append(p.raw[:len(p.raw)+len(data)], make([]byte, -f.Size&(blockSize-1))...)
	p.sums = append(p.sums, sha256.Sum256(data))
	pk.done(i)
	return nil
}

func (pk *packer) done(i int) {
	if pk.Done != nil {
		pk.Done(i)
	}
}

// large puts one file into as many pieces as it takes. It is hashed as it is read; the pieces
// are compressed beside that.
func (pk *packer) large(i int) {
	c := &cutter{packer: pk, file: i, piece: newPiece(i, i, maxWeight)}
	sum, err := c.copy()
	last := c.piece
	last.to, last.err = i+1, err
	last.sums = append(last.sums, sum)
	pk.start(last, func() {})
}

// A cutter makes pieces of the entry of a large file.
type cutter struct {
	*packer
	file  int
	piece *piece // that is filled
}

// Write takes bytes of the archive.
func (c *cutter) Write(data []byte) (int, error) {
	if len(c.piece.raw)+len(data) > maxWeight && len(c.piece.raw) > 0 {
		if err := c.ctx.Err(); err != nil {
			return 0, err
		}
		c.start(c.piece, func() {})
		c.piece = newPiece(c.file, c.file, maxWeight)
	}
	return c.piece.Write(data)
}

// copy writes the entry of the file, and returns the digest of the file.
func (c *cutter) copy() (sum [sha256.Size]byte, err error) {
	f := &c.Files[c.file]
	r, err := c.Open(c.file)
	if err != nil {
		return sum, err
	}
	hash, w := sha256.New(), tar.NewWriter(c)
	if err = w.WriteHeader(c.headings.header(f)); err != nil {
		err = fmt.Errorf("packing %q: %w", f.Path, err)
	}
	if err == nil {
		err = copyExactly(io.MultiWriter(hash, w), r, f.Size)
	}
	if err == nil {
		err = w.Flush()
	}
	if closeErr := r.Close(); closeErr != nil {
		err = closeErr
	}
	if err != nil {
		return sum, err
	}
	c.done(c.file)
	return [sha256.Size]byte(hash.Sum(nil)), nil
}

// copyExactly copies so many bytes, in blocks of one size, so that frames are cut alike.
func copyExactly(w io.Writer, r io.Reader, size int64) error {
	const block = 128 << 10
	buf := make([]byte, block)
	for size > 0 {
		part := buf[:min(size, block)]
		if _, err := io.ReadFull(r, part); err != nil {
			return err
		}
		if _, err := w.Write(part); err != nil {
			return err
		}
		size -= int64(len(part))
	}
	return nil
}

// write writes the pieces in their order, and what comes after them.
func (pk *packer) write(w io.Writer) (Content, error) {
	out := &counter{w: w}
	begin := int64(0)
	for p := range pk.queue {
		err := pk.place(out, p)
		if err != nil {
			return Content{}, err
		}
		if p.to > p.from { // the group is complete, as far as files tell
			pk.tally.end()
			g := &pk.tally.groups[len(pk.tally.groups)-1]
			g.Offset, g.Stored = begin, out.n-begin
			begin = out.n
		}
		p.free()
	}
	if err := pk.ctx.Err(); err != nil {
		return Content{}, err
	}
	if err := pk.finish(out); err != nil {
		return Content{}, err
	}
	return pk.tally.content(), nil
}

// place writes a piece and notes its files.
func (pk *packer) place(out io.Writer, p *piece) error {
	<-p.done
	if p.err != nil {
		return p.err
	}
	for k, sum := range p.sums {
		f := pk.Files[p.from+k]
		f.SHA256 = sum
		pk.tally.add(&f)
	}
	data := p.raw
	if pk.Zstd {
		data = p.out
	}
	_, err := out.Write(data)
	return err
}

// finish writes the end of the archive, and the index.
func (pk *packer) finish(out io.Writer) error {
	end := make([]byte, endSize)
	if !pk.Zstd {
		_, err := out.Write(end)
		return err
	}
	frame, err := filters.ZstdFrame(nil, end)
	if err == nil {
		_, err = out.Write(frame)
	}
	if err == nil {
		err = writeIndex(out, &pk.tally)
	}
	return err
}
