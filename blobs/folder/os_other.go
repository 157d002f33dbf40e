//go:build !linux

package folder

import (
	"context"
	"os"

	"github.com/git-datapact/git-datapact/blobs/backend"
)

// syncStaged makes the bytes of files durable.
func syncStaged(ctx context.Context, _ *os.File, paths []string) error {
	return backend.Each(ctx, paths, syncFile)
}

// writeBehind is a file that goes to disk when it is synced.
type writeBehind struct {
	*os.File
}
