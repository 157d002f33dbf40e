package archive

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
)

// A Surroundings is where the inputs of a result are looked for.
type Surroundings struct {
	Build  string   // the folder that they are in
	Result string   // the result directory
	Branch string   // that it is recorded on
	Depth  int      // how many folders down to look, 0 for any number
	Reads  []string // branches; where there are any, receipts of others are refused
}

// FindInputs reads the receipts of the inputs in a build folder: every
// .datapact/result, but for that of the result directory and, where a folder holds an
// earlier result of the branch itself, that. It looks neither into inputs nor into folders
// whose names begin with a dot.
func FindInputs(where Surroundings) ([]receipts.Input, error) {
	own, err := os.Stat(where.Result)
	if err != nil {
		return nil, fmt.Errorf("looking for inputs: %w", err)
	}
	f := finder{Surroundings: where, own: own}
	if err := f.look(where.Build, where.Depth); err != nil {
		return nil, err
	}
	return f.inputs, joinFew(f.strange)
}

// A finder is what was found so far.
type finder struct {
	Surroundings
	own     fs.FileInfo // of the result directory
	inputs  []receipts.Input
	strange []error
}

func (f *finder) look(folder string, left int) error {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil // it went away meanwhile, or is nobody's input
	}
	if err != nil {
		return fmt.Errorf("looking for inputs: %w", err)
	}
	for _, entry := range entries {
		if entry.Type().IsRegular() {
			continue
		}
		path := filepath.Join(folder, entry.Name())
		info, err := os.Stat(path)
		if err != nil || !info.IsDir() || strings.HasPrefix(entry.Name(), ".") || os.SameFile(info, f.own) {
			continue
		}
		found, err := ReadInput(path)
		switch {
		case err == nil:
			f.add(path, found)
		case !errors.Is(err, fs.ErrNotExist):
			return err
		case entry.IsDir() && left != 1: // not through a link, which could lead anywhere
			if err := f.look(path, left-1); err != nil {
				return err
			}
		}
	}
	return nil
}

// add takes the inputs that a folder holds.
func (f *finder) add(folder string, found []receipts.Input) {
	for _, in := range found {
		switch {
		case in.Branch == f.Branch:
		case len(f.Reads) == 0 || in.Branch[0] == ':' || slices.Contains(f.Reads, in.Branch):
			f.inputs = append(f.inputs, in)
		default:
			f.strange = append(f.strange, gitcmd.WithHint(
				fmt.Errorf("folder %s holds a receipt of %s, but the job of %s reads %s", folder, in.Branch, f.Branch, strings.Join(f.Reads, ", ")),
				"say with --input what was read, move the folder elsewhere if it was not, or add the branch to the job's inputs with 'git datapact edit "+f.Branch+"'"))
		}
	}
}
