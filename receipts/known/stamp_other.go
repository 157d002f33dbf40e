//go:build !linux && !darwin

package known

import (
	"errors"
	"io/fs"
	"os"
	"time"
)

// dependable is false: what inodes and times are worth here is not known.
func dependable(string) bool { return false }

func stampOf(fs.FileInfo) (stamp, bool) { return stamp{}, false }

// SetTime is of no use here.
func SetTime(*os.File) (time.Time, error) { return time.Time{}, errors.ErrUnsupported }
