package blobs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"strconv"
	"strings"

	"github.com/git-datapact/git-datapact/filters"
)

// Content returns the file that an object was made of: its stored bytes,
// verified as by [Store.Get], with the filters of chain undone. What a receipt
// tells of the file is verified too; want is nil where it tells nothing, and then
// [filters.Chain.Limit] bounds the file.
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
	r := &contentReader{key: obj.Key, stored: stored, want: want}
	limit := chain.Limit(obj.Size)
	if want != nil {
		limit, r.sum = want.Size, sha256.New()
	}
	r.decoder, err = chain.NewReader(stored, limit)
	if err != nil {
		err = r.settle(err)
		stored.Close()
		return nil, err
	}
	r.decoded = contextReader(ctx, r.decoder)
	return r, nil
}

type contentReader struct {
	key     Key
	stored  io.ReadCloser
	decoder io.ReadCloser // nil once closed
	decoded io.Reader     // the decoder until the context is done
	want    *Digest       // nil when unknown; then sum is nil too
	sum     hash.Hash     // of the file so far
	size    int64         // of the file so far
	err     error         // how reading ended; stays
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
	if err != nil {
		r.err = r.settle(err)
	}
	return n, r.err
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
	case r.want != nil && errors.Is(cause, filters.ErrTooLarge):
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
