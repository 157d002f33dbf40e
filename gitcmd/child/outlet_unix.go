//go:build unix

package child

import (
	"errors"
	"os"
	"syscall"
)

// readNow reads what is in a pipe, without waiting for more. It returns 0 for nothing.
func readNow(pipe *os.File, p []byte) (n int, err error) {
	conn, err := pipe.SyscallConn()
	if err != nil || len(p) == 0 {
		return 0, err
	}
	controlErr := conn.Control(func(fd uintptr) {
		for {
			if n, err = syscall.Read(int(fd), p); !errors.Is(err, syscall.EINTR) {
				return
			}
		}
	})
	return max(n, 0), errors.Join(err, controlErr)
}
