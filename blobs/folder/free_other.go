//go:build !linux && !darwin && !freebsd && !windows

package folder

// FreeBytes does not know.
func FreeBytes(string) (int64, bool) { return 0, false }
