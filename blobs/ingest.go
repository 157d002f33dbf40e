package blobs

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"

	"github.com/git-datapact/git-datapact/blobs/backend"
	"github.com/git-datapact/git-datapact/filters"
)

// A Digest describes a run of bytes.
type Digest struct {
	SHA256 string // hex
	Size   int64  // bytes
}

// Stored describes what [Upload.Put] did with a file.
type Stored struct {
	Blob    string // sha1 of the stored bytes, in hex: the object's name in its branch
	Size    int64  // of the stored bytes
	SHA256  string // of the stored bytes, in hex
	Content Digest // of the file, before filters
	Existed bool   // in the store before, or put by the same upload before
}

// An ingestion is one pass over a file: it is measured, filtered, measured
// again and written.
type ingestion struct {
	chunks *chunkPool
	chain  filters.Chain
	to     io.Writer
}

// run consumes r. A file of at most one chunk is handled in sequence, a bigger
// one with its stages side by side.
func (in *ingestion) run(ctx context.Context, r io.Reader) (Stored, error) {
	r = backend.ContextReader(ctx, named(r))
	first := in.chunks.get()
	end, err := first.fill(r)
	switch {
	case err != nil:
		return Stored{}, err
	case end:
		defer in.chunks.release(first)
		return in.small(first.data)
	case len(in.chain) == 0:
		return in.plain(ctx, source{first, r})
	}
	return in.filtered(ctx, source{first, r})
}

// small takes the whole file.
func (in *ingestion) small(content []byte) (Stored, error) {
	stored := content
	if len(in.chain) > 0 {
		room := in.chunks.get()
		defer in.chunks.release(room)
		var err error
		if stored, err = encode(in.chain, content, room.buf); err != nil {
			return Stored{}, err
		}
	}
	name := sha1.Sum(stored)
	out := Stored{Blob: hex.EncodeToString(name[:])}
	out.Content = digestOf(content)
	out.SHA256, out.Size = out.Content.SHA256, out.Content.Size
	if len(in.chain) > 0 {
		d := digestOf(stored)
		out.SHA256, out.Size = d.SHA256, d.Size
	}
	_, err := in.to.Write(stored)
	return out, err
}

// encode filters content, into room if it fits.
func encode(chain filters.Chain, content, room []byte) ([]byte, error) {
	buf := bytes.NewBuffer(room[:0])
	w, err := chain.NewWriter(buf)
	if err != nil {
		return nil, err
	}
	_, err = w.Write(content)
	if closeErr := w.Close(); err == nil {
		err = closeErr
	}
	return buf.Bytes(), err
}

func digestOf(data []byte) Digest {
	sum := sha256.Sum256(data)
	return Digest{SHA256: hex.EncodeToString(sum[:]), Size: int64(len(data))}
}

// plain stores the file as it is.
func (in *ingestion) plain(ctx context.Context, src source) (Stored, error) {
	name, sum := sha1.New(), sha256.New()
	out := newFan(in.chunks, sum, name, in.to)
	size, err := out.feed(ctx, src)
	if finishErr := out.finish(); err == nil {
		err = finishErr
	}
	d := Digest{SHA256: hexSum(sum), Size: size}
	return Stored{Blob: hexSum(name), Size: size, SHA256: d.SHA256, Content: d}, err
}

// filtered stores what the filters make of the file.
func (in *ingestion) filtered(ctx context.Context, src source) (Stored, error) {
	content, name, sum := sha256.New(), sha1.New(), sha256.New()
	out := newFan(in.chunks, sum, name, in.to)
	gather := &gatherer{chunks: in.chunks, send: func(c *chunk) error { return out.send(ctx, c) }}
	size, err := in.encodeAll(ctx, content, gather, src)
	if outErr := out.finish(); outErr != nil {
		err = outErr // what the encoder then ran into is a consequence
	}
	return Stored{
		Blob: hexSum(name), Size: gather.size, SHA256: hexSum(sum),
		Content: Digest{SHA256: hexSum(content), Size: size},
	}, err
}

// encodeAll passes the file to the sum and, through the filters, to gather.
func (in *ingestion) encodeAll(ctx context.Context, sum io.Writer, gather *gatherer, src source) (int64, error) {
	encoder, err := in.chain.NewWriter(gather)
	if err != nil {
		return 0, err
	}
	input := newFan(in.chunks, encoder, sum)
	size, err := input.feed(ctx, src)
	for _, last := range []func() error{input.finish, encoder.Close, gather.flush} {
		if lastErr := last(); err == nil {
			err = lastErr
		}
	}
	return size, err
}

func hexSum(h hash.Hash) string {
	return hex.EncodeToString(h.Sum(nil))
}

// named tells a failure of the caller's reader from one of the store.
func named(r io.Reader) io.Reader {
	return backend.ReaderFunc(func(p []byte) (int, error) {
		n, err := r.Read(p)
		if err != nil && err != io.EOF {
			err = fmt.Errorf("reading content: %w", err)
		}
		return n, err
	})
}
