//go:build linux || darwin || freebsd

package archive

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"syscall"

	"golang.org/x/sys/unix"
)

// PackedFiles opens files that are packed, and keeps the bare descriptor of each: an
// [os.File] takes five more system calls and as much time as reading it.
type packedFiles struct{ *folders[*os.File] }

func newPackedFiles(root *os.Root) packedFiles {
	return packedFiles{newFolders(func(name string) (*os.File, error) {
		return root.OpenFile(name, os.O_RDONLY|unix.O_DIRECTORY, 0)
	})}
}

// open opens a file as it was listed.
func (d packedFiles) open(file *ResultFile) (io.ReadCloser, error) {
	fd, err := d.descriptor(file.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, unix.ELOOP): // it was a regular file
		return nil, changedError(file.Path)
	case err != nil:
		return nil, readError(file, "open", err)
	}
	return &packedFile{fd, file}, nil
}

func (d packedFiles) descriptor(name string) (fd int, err error) {
	for {
		in, err := d.in(path.Dir(name))
		if err != nil {
			return 0, err
		}
		conn, err := in.SyscallConn()
		if err != nil {
			return 0, err
		}
		closed := conn.Control(func(folder uintptr) {
			fd, err = uninterrupted(func() (int, error) {
				return unix.Openat(int(folder), path.Base(name), unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
			})
		})
		if closed == nil { // else to make room for another folder
			return fd, err
		}
	}
}

// uninterrupted repeats a system call that a signal interrupts.
func uninterrupted(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if err != unix.EINTR {
			return n, err
		}
	}
}

// A packedFile is one that is packed. Closing it tells whether it is as it was listed still.
type packedFile struct {
	fd     int
	listed *ResultFile
}

func (f *packedFile) Read(p []byte) (int, error) {
	n, err := uninterrupted(func() (int, error) { return unix.Read(f.fd, p) })
	switch {
	case err != nil:
		return 0, readError(f.listed, "read", err)
	case n == 0 && len(p) > 0:
		return 0, io.EOF
	}
	return n, nil
}

func (f *packedFile) Close() error {
	var now unix.Stat_t
	_, err := uninterrupted(func() (int, error) { return 0, unix.Fstat(f.fd, &now) })
	if err != nil {
		err = readError(f.listed, "stat", err)
	} else if !sameStat(f.listed.Info, &now) {
		err = changedError(f.listed.Path)
	}
	if closeErr := unix.Close(f.fd); err == nil && closeErr != nil {
		err = readError(f.listed, "close", closeErr)
	}
	return err
}

func readError(file *ResultFile, op string, err error) error {
	return fmt.Errorf("reading output: %w", &fs.PathError{Op: op, Path: file.Path, Err: err})
}

// sameStat is sameState.
func sameStat(listed fs.FileInfo, now *unix.Stat_t) bool {
	was, ok := listed.Sys().(*syscall.Stat_t)
	return ok && was.Dev == now.Dev && was.Ino == now.Ino && was.Mode == now.Mode && was.Size == now.Size &&
		listed.ModTime().UnixNano() == unix.TimespecToNsec(now.Mtim)
}
