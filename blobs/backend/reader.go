package backend

import (
	"context"
	"io"
)

// A ReaderFunc is an [io.Reader] that is a function.
type ReaderFunc func(p []byte) (int, error)

func (f ReaderFunc) Read(p []byte) (int, error) { return f(p) }

// ContextReader reads from r until ctx is done.
func ContextReader(ctx context.Context, r io.Reader) io.Reader {
	return ReaderFunc(func(p []byte) (int, error) {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		return r.Read(p)
	})
}

// Counted tells moved of the bytes that are read from r.
func Counted(r io.Reader, moved func(bytes int64)) io.Reader {
	return ReaderFunc(func(p []byte) (int, error) {
		n, err := r.Read(p)
		if n > 0 {
			moved(int64(n))
		}
		return n, err
	})
}
