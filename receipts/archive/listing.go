package archive

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/git-datapact/git-datapact/receipts"
)

// A listing is what stands in one folder of a result.
type listing struct {
	files   []ResultFile
	folders []string
	refused []error // files that cannot be recorded
}

// list finds the files, sorted by path. It reads folders that are as deep as each other side
// by side.
func (r *Result) list() error {
	ignored := make(map[string]bool, len(r.Ignored))
	for _, path := range r.Ignored {
		ignored[path] = true
	}
	var refused []error
	for level := []string{"."}; len(level) > 0; {
		found := make([]listing, len(level))
		err := each(len(level), runtime.GOMAXPROCS(0), func(i int) (err error) {
			found[i], err = r.listFolder(level[i], ignored)
			return err
		})
		if err != nil {
			return fmt.Errorf("reading result directory %s: %w", r.dir, err)
		}
		level = nil
		files := 0
		for _, l := range found {
			files += len(l.files)
		}
		r.Files = slices.Grow(r.Files, files)
		for _, l := range found {
			r.Files = append(r.Files, l.files...)
			level = append(level, l.folders...)
			refused = append(refused, l.refused...)
		}
	}
	if len(refused) > 0 {
		return joinFew(refused)
	}
	slices.SortFunc(r.Files, func(a, b ResultFile) int { return strings.Compare(a.Path, b.Path) })
	return nil
}

// listFolder finds what stands in a folder, sorted.
func (r *Result) listFolder(folder string, ignored map[string]bool) (l listing, err error) {
	entries, err := r.readFolder(folder)
	l.files = make([]ResultFile, 0, len(entries))
	for _, entry := range entries {
		name := entry.Name()
		if folder != "." {
			name = folder + "/" + name
		}
		switch {
		case name == control && entry.IsDir():
		case name == control:
			return l, fmt.Errorf("%s is not a folder", control)
		case entry.IsDir() && !ignored[name+"/"]:
			l.folders = append(l.folders, name)
		case !entry.IsDir() && !ignored[name]:
			if err := r.add(&l, name, entry); err != nil {
				l.refused = append(l.refused, err)
			}
		}
	}
	return l, err
}

func (r *Result) readFolder(name string) ([]fs.DirEntry, error) {
	folder, err := r.root.Open(name)
	if err != nil {
		return nil, err
	}
	entries, err := folder.ReadDir(-1)
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, errors.Join(err, folder.Close())
}

func (r *Result) add(l *listing, path string, entry fs.DirEntry) error {
	if err := receipts.CheckPath(path); err != nil {
		return err
	}
	if receipts.LongElement(path) {
		return fmt.Errorf("output %q: an element of its path is longer than %d bytes", path, receipts.MaxElement)
	}
	if entry.Type() != 0 {
		return fmt.Errorf("output %q is a %s, want a regular file", path, kindOf(entry.Type()))
	}
	info, err := entry.Info()
	if err != nil {
		return fmt.Errorf("reading result directory %s: %w", r.dir, err)
	}
	if !hides(r.root, path, info) { // of a folder that was fetched, and is recorded
		l.files = append(l.files, ResultFile{path, info})
	}
	return nil
}

// has reports whether a path is that of a file, or of a folder that files are in.
func (r *Result) has(name string) bool {
	at := func(name string) string {
		i, _ := slices.BinarySearchFunc(r.Files, name, func(f ResultFile, name string) int { return strings.Compare(f.Path, name) })
		if i == len(r.Files) {
			return ""
		}
		return r.Files[i].Path
	}
	return at(name) == name || strings.HasPrefix(at(name+"/"), name+"/")
}

// unchanged lists the directory again and names a file that is not as it was.
func (r *Result) unchanged() error {
	now := Result{root: r.root, dir: r.dir, Ignored: r.Ignored}
	if err := now.list(); err != nil {
		return err
	}
	if path, changed := firstChange(r.Files, now.Files); changed {
		return changedError(path)
	}
	return nil
}

// firstChange finds the first file in which two listings differ.
func firstChange(before, now []ResultFile) (path string, changed bool) {
	for i := range max(len(before), len(now)) {
		switch {
		case i == len(now):
			return before[i].Path, true
		case i == len(before):
			return now[i].Path, true
		case before[i].Path != now[i].Path:
			return min(before[i].Path, now[i].Path), true
		case !sameState(before[i].Info, now[i].Info):
			return now[i].Path, true
		}
	}
	return "", false
}

func sameState(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime()) && a.Mode() == b.Mode()
}
