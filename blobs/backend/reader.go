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
