//go:build unix

package folder

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// objectMode keeps what is stored from being written to by accident.
const objectMode = 0o444

// syncFlag opens a file that is to be synced.
const syncFlag = os.O_RDONLY

// groupOf is the id of the group of a file.
func groupOf(info fs.FileInfo) int {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(stat.Gid)
	}
	return -1
}

// syncDir makes the names in a folder durable, where the file system can.
func syncDir(name string) error {
	err := syncFile(name)
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}
