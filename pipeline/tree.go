package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/git-datapact/git-datapact/gitcmd"
)

// A tree is where a program and its modules are: a commit, or a folder.
type tree struct {
	prefix string // what messages put before the name of a file, such as "branch:"
	strict bool   // reading a variable of the environment that is not set is an error
	read   func(ctx context.Context, path string) ([]byte, error)
}

func (t tree) fault(file string, err error) error {
	return fmt.Errorf("%s%s: %w", t.prefix, file, err)
}

// commitTree is the tree of a branch's commit.
func commitTree(repository *gitcmd.Repository, branch gitcmd.Branch) tree {
	return tree{prefix: branch.Name + ":", read: func(ctx context.Context, file string) ([]byte, error) {
		object, err := repository.Object(ctx, string(branch.Commit)+":"+file)
		if errors.Is(err, gitcmd.ErrNotFound) {
			return nil, fmt.Errorf("file %s of branch %s: %w", file, branch.Name, gitcmd.ErrNotFound)
		}
		if err != nil {
			return nil, err
		}
		if object.Kind != gitcmd.Blob {
			return nil, fmt.Errorf("%s:%s: not a file", branch.Name, file)
		}
		if object.Size > maxProgram {
			return nil, fmt.Errorf("%s:%s: %d bytes, more than %d", branch.Name, file, object.Size, maxProgram)
		}
		return object.Data, nil
	}}
}

// folderTree is a folder on disk. What a symbolic link leads to must be in the
// folder too. Messages put the prefix before the name of a file.
func folderTree(dir, prefix string) tree {
	return tree{prefix: prefix, read: func(_ context.Context, file string) ([]byte, error) {
		data, err := readWithin(dir, filepath.FromSlash(file))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("file %s%s: %w", prefix, file, gitcmd.ErrNotFound)
		}
		if bad := (*fs.PathError)(nil); errors.As(err, &bad) {
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
	return io.ReadAll(io.LimitReader(f, maxProgram+1))
}
