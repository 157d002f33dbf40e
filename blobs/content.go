package blobs

import (
	"context"
	"io"
	"io/fs"

	"github.com/git-datapact/git-datapact/filters"
)

// Content returns the file that an object was made of: its stored bytes,
// verified as by [Store.Get], with the filters of chain undone. A file of more
// than limit bytes is a [filters.ErrTooLarge]; a negative limit is none.
// The reader reads to io.EOF only after all stored bytes are verified, and it
// reports altered ones as a [*CorruptError] even where they do not decode. Stored
// bytes that are the recorded ones and do not decode are a [*DecodeError].
// The caller closes the reader, which is not for concurrent use.
func (s *Store) Content(ctx context.Context, obj Object, chain filters.Chain, limit int64) (io.ReadCloser, error) {
	stored, err := s.Get(ctx, obj)
	if err != nil || len(chain) == 0 && (limit < 0 || obj.Size <= limit) {
		return stored, err
	}
	r := &contentReader{key: obj.Key, stored: stored}
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
	err     error         // how reading ended; stays
}

func (r *contentReader) Read(p []byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	n, err := r.decoded.Read(p)
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
	if cause == nil {
		return io.EOF
	}
	return &DecodeError{Key: r.key, Err: cause}
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
