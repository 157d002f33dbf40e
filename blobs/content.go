package blobs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/git-datapact/git-datapact/blobs/backend"
	"github.com/git-datapact/git-datapact/filters"
)

// Content returns the file that an object was made of: its stored bytes,
// verified as by [Store.Get], with the filters of chain undone. What a receipt
// tells of the file is verified too; want is nil where it tells nothing. The file
// is bounded by [filters.Chain.Limit]: a want beyond it is a [*DecodeError] that
// wraps [filters.ErrTooLarge], before the first byte.
// The reader reads to io.EOF only after all is verified. It reports altered bytes
// as a [*CorruptError] even where they do not decode. Stored bytes that are the
// recorded ones are a [*DecodeError] if they do not decode, and a [*ContentError]
// if they decode to another file than want; it yields no more bytes than want has.
// The caller closes the reader, which is not for concurrent use.
func (s *Store) Content(ctx context.Context, obj Object, chain filters.Chain, want *Digest) (io.ReadCloser, error) {
	stored, err := s.Get(ctx, obj)
	if err != nil || len(chain) == 0 && want == nil {
		return stored, err
	}
	r := &contentReader{key: obj.Key, chain: chain, stored: stored, want: want}
	r.consumed.Reader = stored
	limit := chain.Limit(obj.Size)
	if want != nil {
		limit, r.sum = want.Size, sha256.New()
	}
	if r.decoder, err = chain.NewReader(ctx, &r.consumed, limit); err == nil {
		err = believable(obj, chain, want)
	}
	if err != nil {
		err = r.settle(err)
		stored.Close()
		return nil, err
	}
	r.decoded = backend.ContextReader(ctx, r.decoder) // also what was decoded ahead
	return r, nil
}

// believable refuses a told size that the stored bytes cannot hold.
func believable(obj Object, chain filters.Chain, want *Digest) error {
	if limit := chain.Limit(obj.Size); want != nil && len(chain) > 0 && want.Size > limit {
		return fmt.Errorf("%d stored bytes hold at most %d, not the recorded %d: %w", obj.Size, limit, want.Size, filters.ErrTooLarge)
	}
	return nil
}

type contentReader struct {
	key      Key
	chain    filters.Chain
	stored   io.ReadCloser
	consumed counter       // stored, as the decoder reads it
	decoder  io.ReadCloser // nil once closed
	decoded  io.Reader     // the decoder until the context is done
	want     *Digest       // nil when unknown; then sum is nil too
	sum      hash.Hash     // of the file so far
	size     int64         // of the file so far
	err      error         // how reading ended; stays
}

// A counter counts what is read. The count may be asked for at any time.
type counter struct {
	io.Reader
	n atomic.Int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n.Add(int64(n))
	return n, err
}

func (r *contentReader) Read(p []byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	n, err := r.decoded.Read(p)
	r.size += int64(n)
	if r.want != nil {
		r.sum.Write(p[:n])
	}
	if r.size > r.chain.Limit(r.consumed.n.Load()) { // of what is there, whatever size is told
		return 0, r.refuse()
	}
	if err != nil {
		r.err = r.settle(err)
	}
	return n, r.err
}

// refuse ends reading what grows out of proportion.
func (r *contentReader) refuse() error {
	r.err = r.settle(fmt.Errorf("%d bytes of %d: %w", r.size, r.consumed.n.Load(), filters.ErrTooLarge))
	return r.err
}

// settle turns the decoder's last word into the reader's: what is left of the
// stored bytes is verified first, and that verdict goes before the decoder's.
func (r *contentReader) settle(cause error) error {
	closeErr := r.closeDecoder()
	if _, err := io.Copy(io.Discard, r.stored); err != nil {
		return err
	}
	if cause == io.EOF {
		cause = closeErr
	}
	switch {
	case cause == nil:
		return r.compare()
	case r.want != nil && cause == filters.ErrTooLarge:
		return r.differs("size", fmt.Sprintf("more than %d", r.want.Size), strconv.FormatInt(r.want.Size, 10))
	}
	return &DecodeError{Key: r.key, Err: cause}
}

// compare returns io.EOF if the whole file is the one that is wanted.
func (r *contentReader) compare() error {
	if r.want == nil {
		return io.EOF
	}
	if r.size != r.want.Size {
		return r.differs("size", strconv.FormatInt(r.size, 10), strconv.FormatInt(r.want.Size, 10))
	}
	if got := hex.EncodeToString(r.sum.Sum(nil)); !strings.EqualFold(got, r.want.SHA256) {
		return r.differs("sha256", got, r.want.SHA256)
	}
	return io.EOF
}

func (r *contentReader) differs(what, got, want string) error {
	return &ContentError{Key: r.key, What: what, Got: got, Want: want}
}

// closeDecoder also waits until the decoder no longer reads stored bytes.
func (r *contentReader) closeDecoder() error {
	if r.decoder == nil {
		return nil
	}
	err := r.decoder.Close()
	r.decoder = nil
	return err
}

func (r *contentReader) Close() error {
	if r.err == nil {
		r.err = fs.ErrClosed
	}
	err := r.closeDecoder()
	if closeErr := r.stored.Close(); err == nil {
		err = closeErr
	}
	return err
}
