package known

import (
	"io/fs"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// dependable reports whether a folder is on a file system whose files can be known: APFS and
// HFS+, on a disk of this machine.
func dependable(folder string) bool {
	var s unix.Statfs_t
	if unix.Statfs(folder, &s) != nil || s.Flags&unix.MNT_LOCAL == 0 {
		return false
	}
	name := unix.ByteSliceToString(s.Fstypename[:])
	return name == "apfs" || name == "hfs"
}

// stampOf is what the file system says of a regular file or a folder.
func stampOf(info fs.FileInfo) (stamp, bool) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return stamp{}, false
	}
	return stamp{
		device: uint64(s.Dev), inode: s.Ino, size: s.Size,
		modified: s.Mtimespec.Nano(), changed: s.Ctimespec.Nano(),
	}, true
}

// SetTime gives an open file a time of modification that no other program's writing gives
// it: in whole microseconds, where those have nanoseconds.
func SetTime(file *os.File) (time.Time, error) {
	now := time.Now().Truncate(time.Microsecond)
	tv := unix.NsecToTimeval(now.UnixNano())
	return now, unix.Futimes(int(file.Fd()), []unix.Timeval{tv, tv})
}
