//go:build !linux

package blobs

import (
	"context"
	"os"
)

// syncStaged makes the bytes of files durable.
func syncStaged(ctx context.Context, _ *os.File, paths []string) error {
	return each(ctx, paths, syncFile)
}

// writeBehind is a file that goes to disk when it is synced.
type writeBehind struct {
	*os.File
}
