//go:build !linux && !darwin && !freebsd

package archive

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// PackedFiles opens files that are packed.
type packedFiles struct{ roots }

func newPackedFiles(root *os.Root) packedFiles { return packedFiles{newRoots(root, false)} }

// open opens a file as it was listed.
func (d packedFiles) open(file *ResultFile) (io.ReadCloser, error) {
	f, err := d.openFile(file.Path, os.O_RDONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, changedError(file.Path)
	}
	if err != nil {
		return nil, fmt.Errorf("reading output: %w", err)
	}
	return packedFile{f, file}, nil
}

// A packedFile is one that is packed. Closing it tells whether it is as it was listed still.
type packedFile struct {
	*os.File
	listed *ResultFile
}

func (f packedFile) Close() error {
	info, err := f.Stat()
	if err == nil && !sameState(f.listed.Info, info) {
		err = changedError(f.listed.Path)
	}
	return errors.Join(err, f.File.Close())
}
