package folder

import (
	"errors"
	"io/fs"
	"os"
)

// linkExclusive renames a file and fails with [fs.ErrExist] if the new name is
// taken. Where there are no hard links it cannot exclude that another process
// takes the name between its look and its rename, with the same bytes.
func linkExclusive(from, to string) error {
	err := os.Link(from, to)
	if err == nil {
		return os.Remove(from)
	}
	if !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, fs.ErrPermission) {
		return err
	}
	_, statErr := os.Lstat(to)
	if statErr == nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: fs.ErrExist}
	}
	if !errors.Is(statErr, fs.ErrNotExist) {
		return statErr
	}
	return os.Rename(from, to)
}
