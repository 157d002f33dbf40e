package jq

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// A Tree is where a program and its modules are: a commit, or a folder.
type Tree struct {
	Prefix string // what messages put before the name of a file, such as "branch:"
	Strict bool   // reading a variable of the environment that is not set is an error

	// Read returns a file, or a little more than [MaxProgram] bytes of it. The error for
	// none is [fs.ErrNotExist].
	Read func(ctx context.Context, path string) ([]byte, error)
}

func (t Tree) fault(file string, err error) error {
	return fmt.Errorf("%s%s: %w", t.Prefix, file, err)
}

// Folder is a folder on disk. What a symbolic link leads to must be in the
// folder too. Messages put the prefix before the name of a file.
func Folder(dir, prefix string) Tree {
	return Tree{Prefix: prefix, Read: func(_ context.Context, file string) ([]byte, error) {
		data, err := readWithin(dir, filepath.FromSlash(file))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("file %s%s: %w", prefix, file, fs.ErrNotExist)
		}
		if bad, ok := errors.AsType[*fs.PathError](err); ok {
			err = bad.Err // the path is said here
		}
		if err != nil {
			return nil, fmt.Errorf("%s%s: %w", prefix, file, err)
		}
		return data, nil
	}}
}

// readWithin reads a regular file below a folder, a little more than a program may
// have at most.
func readWithin(dir, file string) (data []byte, err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	if info, err := root.Stat(file); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, errors.New("not a file")
	}
	f, err := root.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, MaxProgram+1))
}
