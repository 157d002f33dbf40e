//go:build !linux && !darwin && !freebsd && !windows

package folder

// freeBytes does not know.
func freeBytes(string) (int64, bool) { return 0, false }
