package backend

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
)

// A Spool is a folder of staged files, numbered in the order of their making. Its methods
// may be called concurrently.
type Spool struct {
	Dir  string
	Mode fs.FileMode // of the files
	made atomic.Int64
}

// Create makes the next file.
func (s *Spool) Create() (*os.File, error) {
	name := filepath.Join(s.Dir, strconv.FormatInt(s.made.Add(1), 10))
	return os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, s.Mode)
}

// Drop removes a staged file, which may be gone already.
func Drop(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
