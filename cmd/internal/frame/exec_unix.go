//go:build unix

package frame

import (
	"os"
	"syscall"
)

// replaceProcess runs the executable in the place of this process.
func replaceProcess(path string, args []string) error {
	return syscall.Exec(path, args, os.Environ())
}
