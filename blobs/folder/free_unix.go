//go:build linux || darwin || freebsd

package folder

import "golang.org/x/sys/unix"

// FreeBytes is how much room there is where a folder is, for this user.
func FreeBytes(dir string) (int64, bool) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, false
	}
	return int64(s.Bavail) * int64(s.Bsize), true
}
