package folder

import (
	"context"
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"github.com/git-datapact/git-datapact/blobs/backend"
)

// fewFiles is up to how many files are synced one by one rather than together.
const fewFiles = 8

// writeBehindSize is after how many bytes the kernel is asked to begin writing
// a staged file to disk, so that little is left to do when it is synced.
const writeBehindSize = 16 << 20

// renameExclusive renames a file and fails with fs.ErrExist if the new name is
// taken.
func renameExclusive(from, to string) error {
	err := unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.RENAME_NOREPLACE)
	switch err {
	case nil:
		return nil
	case unix.EINVAL, unix.ENOSYS: // the file system or the kernel has no such call
		return linkExclusive(from, to)
	}
	return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
}

// syncStaged makes the bytes of files in the folder dir durable. Many are
// synced at once with the file system they are on: a sync of each would wait
// for the disk each time.
func syncStaged(ctx context.Context, dir *os.File, paths []string) error {
	if len(paths) <= fewFiles {
		return backend.Each(ctx, paths, syncFile)
	}
	for {
		err := unix.Syncfs(int(dir.Fd()))
		if !errors.Is(err, unix.EINTR) {
			return os.NewSyscallError("syncfs", err)
		}
	}
}

// writeBehind is a file that goes to disk while it is being written.
type writeBehind struct {
	*os.File
	written, begun int64
}

func (w *writeBehind) Write(p []byte) (int, error) {
	n, err := w.File.Write(p)
	w.written += int64(n)
	if ahead := w.written - w.begun; err == nil && ahead >= writeBehindSize {
		// A hint: that all is on disk is for the sync to find out.
		_ = unix.SyncFileRange(int(w.Fd()), w.begun, ahead, unix.SYNC_FILE_RANGE_WRITE)
		w.begun = w.written
	}
	return n, err
}
