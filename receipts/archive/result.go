package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
)

// A Result is a result directory as it was when it was read: its files, and what
// the execution says about itself.
//
//	.datapact/input, .datapact/result   a seed: inputs of the execution
//	.datapact/metadata.json             metadata of the execution
type Result struct {
	Files    []ResultFile
	Seeds    []receipts.Input
	Metadata []receipts.Metadata
	// Ignored are paths that .datapactignore leaves out; those of folders end in a slash.
	Ignored []string
	root    *os.Root
	dir     string
}

// A ResultFile is an output to be.
type ResultFile struct {
	Path string // slash-separated, below the result directory
	Info fs.FileInfo
}

// ignoreFile, at the top of a result directory, has patterns of what to leave out, as
// gitignore(5) describes them. It is an output itself.
const ignoreFile = ".datapactignore"

// maxControlFile bounds the files in .datapact: 64 MiB, as a receipt.
const maxControlFile = receipts.MaxSize

// ReadResult lists a result directory. The caller closes the result. It refuses
// what cannot be recorded: links, devices, and names that could not be fetched again.
func ReadResult(ctx context.Context, dir string) (*Result, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, gitcmd.WithHint(fmt.Errorf("opening result directory: %w", err),
			"a result directory holds the files that an execution made; name it as argument")
	}
	r := &Result{root: root, dir: dir}
	if err := r.read(ctx); err != nil {
		_ = root.Close()
		return nil, err
	}
	return r, nil
}

// Empty reports whether the directory holds nothing at all.
func (r *Result) Empty() bool {
	return len(r.Files) == 0 && len(r.Seeds) == 0 && len(r.Metadata) == 0
}

// Close lets go of the directory.
func (r *Result) Close() error { return r.root.Close() }

func (r *Result) read(ctx context.Context) error {
	if err := r.readIgnored(ctx); err != nil {
		return fmt.Errorf("reading %s: %w", filepath.Join(r.dir, ignoreFile), err)
	}
	if err := r.list(); err != nil {
		return err
	}
	if err := r.readControl(); err != nil {
		return err
	}
	return nil
}

// readIgnored finds what to leave out.
func (r *Result) readIgnored(ctx context.Context) error {
	info, err := r.root.Lstat(ignoreFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("it is not a regular file")
	}
	if err == nil {
		r.Ignored, err = gitcmd.Ignored(ctx, r.dir, ignoreFile)
	}
	return err
}

func kindOf(mode fs.FileMode) string {
	switch {
	case mode&fs.ModeSymlink != 0:
		return "symbolic link"
	case mode&fs.ModeNamedPipe != 0:
		return "named pipe"
	case mode&fs.ModeSocket != 0:
		return "socket"
	case mode&fs.ModeDevice != 0:
		return "device"
	}
	return "special file"
}

func (r *Result) readControl() error {
	for _, name := range []string{inputFile, resultFile} {
		data, err := readFile(r.root, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		var seeds []receipts.Input
		if err == nil {
			seeds, err = receipts.ParseInputs(data)
		}
		if err != nil {
			return fmt.Errorf("reading seed %s: %w", filepath.Join(r.dir, name), err)
		}
		r.Seeds = append(r.Seeds, seeds...)
	}
	data, err := readFile(r.root, metadataFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		r.Metadata, err = receipts.ParseMetadata(data)
	}
	if err != nil {
		return fmt.Errorf("reading %s: %w", filepath.Join(r.dir, metadataFile), err)
	}
	return nil
}

// readFile reads a regular file of bounded size, without the byte order mark that some
// editors write.
func readFile(root *os.Root, name string) ([]byte, error) {
	info, err := root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxControlFile {
		return nil, errors.New("not a regular file of reasonable size")
	}
	data, err := root.ReadFile(name)
	return bytes.TrimPrefix(data, []byte("\uFEFF")), err
}

func changedError(path string) error {
	return gitcmd.WithHint(fmt.Errorf("output %q changed while it was read", path),
		"record when whatever writes the result has finished")
}

// ReadInput reads the receipt of one input directory. The error for a folder that
// is none is [fs.ErrNotExist].
func ReadInput(dir string) ([]receipts.Input, error) {
	info, err := os.Stat(filepath.Join(dir, control))
	if err != nil || !info.IsDir() {
		return nil, fmt.Errorf("input %s: %w", dir, fs.ErrNotExist)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	data, err := readFile(root, resultFile)
	if errors.Is(err, fs.ErrNotExist) {
		if _, lockErr := root.Lstat(lockFile); lockErr == nil {
			return nil, gitcmd.WithHint(fmt.Errorf("input %s: a fetch into it was not finished", dir), "fetch it again, or remove the folder")
		}
	}
	if err != nil {
		return nil, fmt.Errorf("input %s: %w", dir, err)
	}
	inputs, err := receipts.ParseInputs(data)
	if err != nil {
		return nil, fmt.Errorf("reading input %s: %w", filepath.Join(dir, resultFile), err)
	}
	return inputs, nil
}

// few is how many of a kind a message names.
const few = 5

// LeftOut says which paths are ignored, of many the first few.
func LeftOut(paths []string) string {
	more := ""
	if n := len(paths) - few; n > 0 {
		paths, more = paths[:few], fmt.Sprintf(" and %d more", n)
	}
	return "left out, as " + ignoreFile + " says: " + strings.Join(paths, ", ") + more
}

// joinFew joins errors, of many the first few.
func joinFew(errs []error) error {
	if more := len(errs) - few; more > 0 {
		errs = append(errs[:few:few], fmt.Errorf("and %d more", more))
	}
	return errors.Join(errs...)
}
