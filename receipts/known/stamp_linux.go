package known

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// The file systems of this machine whose inodes and times can be relied on, see statfs(2).
// In an overlay a file has the device and the inode of the layer that it is in, and so is
// known only where that is the device of its folder too.
const (
	bcachefsMagic = 0xca451a4e
	zfsMagic      = 0x2fc12fc1
)

// dependable reports whether a folder is on a file system whose files can be known.
func dependable(folder string) bool {
	var s unix.Statfs_t
	if unix.Statfs(folder, &s) != nil {
		return false
	}
	switch uint32(s.Type) {
	case unix.EXT4_SUPER_MAGIC, unix.XFS_SUPER_MAGIC, unix.BTRFS_SUPER_MAGIC, unix.F2FS_SUPER_MAGIC,
		unix.TMPFS_MAGIC, unix.OVERLAYFS_SUPER_MAGIC, bcachefsMagic, zfsMagic:
		return true
	}
	return false
}

// stampOf is what the file system says of a regular file or a folder.
func stampOf(info fs.FileInfo) (stamp, bool) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return stamp{}, false
	}
	return stamp{
		device: uint64(s.Dev), inode: s.Ino, size: s.Size,
		modified: unix.TimespecToNsec(unix.Timespec(s.Mtim)), changed: unix.TimespecToNsec(unix.Timespec(s.Ctim)),
	}, true
}

// SetTime gives an open file a time of modification that no other program's writing gives
// it: one between two ticks.
func SetTime(file *os.File) (time.Time, error) {
	now := time.Now()
	times := []unix.Timespec{{Nsec: unix.UTIME_OMIT}, unix.NsecToTimespec(now.UnixNano())}
	return now, unix.UtimesNanoAt(unix.AT_FDCWD, fmt.Sprintf("/proc/self/fd/%d", file.Fd()), times, 0)
}
