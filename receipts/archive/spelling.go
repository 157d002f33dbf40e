package archive

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"syscall"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/names"
)

// trial is the folder in which names are tried out.
const trial = incoming + "/names"

// Warnings says which outputs of a receipt that was recorded cannot be fetched everywhere: some file
// systems take two of them for one file, or Windows refuses the name.
func Warnings(receipt *receipts.Receipt) []string {
	all, err := listTargets(receipt, false)
	if err != nil {
		return nil // which whoever fetches it is told
	}
	return warningsOf(pathsOf(all))
}

func warningsOf(paths []string) []string {
	var warnings []string
	for _, pair := range names.Collisions(paths) {
		warnings = append(warnings, fmt.Sprintf("outputs %q and %q cannot be fetched into one folder where file names ignore case or are normalised, as on Windows and macOS", pair.First, pair.Second))
	}
	for _, name := range paths {
		if fault := names.WindowsFault(name); fault != "" {
			warnings = append(warnings, fmt.Sprintf("output %q cannot be fetched on Windows: %s", name, fault))
		}
	}
	if more := len(warnings) - few; more > 0 {
		warnings = append(warnings[:few], fmt.Sprintf("and %d more such names", more))
	}
	return warnings
}

// distinct refuses, before anything is changed, outputs that are one file in this folder
// and those whose names its file system refuses. It takes note of files of an earlier
// receipt that go and stand, by another spelling, where an output comes. Names that no
// file system is known to mistake or to refuse are not tried.
func (f *folder) distinct(wanted []target) (err error) {
	defer func() {
		if removeErr := f.root.RemoveAll(incoming); err == nil {
			err = removeErr
		}
	}()
	paths := pathsOf(wanted)
	comes := make(map[string]bool, len(wanted))
	for _, name := range paths {
		comes[name] = true
	}
	for name := range f.memory.before {
		if !comes[name] && receipts.CheckPath(name) == nil {
			paths = append(paths, name)
		}
	}
	slices.Sort(paths[len(wanted):])
	var refused []error
	for i, pair := range names.Collisions(paths) {
		if !(comes[pair.First] || f.stands(pair.First)) || !(comes[pair.Second] || f.stands(pair.Second)) {
			continue
		}
		merged, err := f.merges(pair, strconv.Itoa(i))
		if err != nil {
			return fmt.Errorf("trying whether %q and %q are one file in folder %s: %w", pair.First, pair.Second, f.dir, err)
		}
		switch {
		case !merged:
		case f.obsolete[pair.First]:
			f.respelled[names.Fold(pair.First)] = pair.First
		case f.obsolete[pair.Second]:
			f.respelled[names.Fold(pair.Second)] = pair.Second
		default:
			refused = append(refused, fmt.Errorf("outputs %q and %q are one file in folder %s, where file names ignore case or are normalised", pair.First, pair.Second, f.dir))
		}
	}
	for i, t := range wanted {
		if fault := names.WindowsFault(t.path); fault != "" && !f.takes(t.path, strconv.Itoa(i)) {
			refused = append(refused, fmt.Errorf("output %q cannot be a file in folder %s: %s", t.path, f.dir, fault))
		}
	}
	if len(refused) > 0 {
		return gitcmd.WithHint(joinFew(refused), "fetch into a folder of a file system that has such names, or choose by their paths outputs that can be here together")
	}
	return nil
}

// stands reports whether a file is there as a fetch left it.
func (f *folder) stands(name string) bool {
	info, err := f.root.Lstat(name)
	if err != nil {
		return false
	}
	_, known := f.memory.recall(name, info)
	return known
}

// merges tries whether two paths are one file, or one of them the folder of the other.
func (f *folder) merges(pair names.Pair, under string) (bool, error) {
	for _, name := range []string{pair.First, pair.Second} {
		switch err := f.try(path.Join("two", under, name)); {
		case errors.Is(err, fs.ErrExist), errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.EISDIR):
			return true, nil
		case err != nil && names.WindowsFault(name) != "":
			return false, nil // it cannot be there at all, see takes
		case err != nil:
			return false, err
		}
	}
	return false, nil
}

// takes tries whether a name that Windows refuses can be had here.
func (f *folder) takes(name, under string) bool {
	return runtime.GOOS != "windows" && f.try(path.Join("one", under, name)) == nil
}

// try makes an empty file that is not there.
func (f *folder) try(name string) error {
	name = path.Join(trial, name)
	if err := f.root.MkdirAll(path.Dir(name), 0o777); err != nil {
		return err
	}
	file, err := f.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	return file.Close()
}

// MakeFolder makes a folder inside of a build folder, if it is not there. It refuses one
// that is another of those made before, by another spelling.
func MakeFolder(build, name string, before []string) (string, error) {
	if err := os.MkdirAll(build, 0o777); err != nil {
		return "", err
	}
	folder := filepath.Join(build, name)
	err := os.Mkdir(folder, 0o777)
	if !errors.Is(err, fs.ErrExist) {
		return folder, err
	}
	entries, err := os.ReadDir(build)
	if err != nil {
		return "", err
	}
	if slices.ContainsFunc(entries, func(entry fs.DirEntry) bool { return entry.Name() == name }) {
		return folder, nil
	}
	for _, other := range before {
		if other != name && names.Fold(other) == names.Fold(name) {
			return "", gitcmd.WithHint(fmt.Errorf("%q and %q are one folder in %s, where file names ignore case or are normalised", other, name, build),
				"give the input another alias in the job")
		}
	}
	return folder, nil
}
