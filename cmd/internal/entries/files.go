package entries

import (
	"slices"
	"strings"

	"github.com/git-datapact/git-datapact/filters"
	"github.com/git-datapact/git-datapact/receipts"
)

// A File is what an output becomes when it is fetched.
type File struct {
	Path   string // without the suffixes of the filters
	Size   int64  // -1 where the receipt does not tell it
	SHA256 string // "" where the receipt does not tell it
	Output *receipts.Output
	In     *receipts.Output // the packed folder that the file is in, nil for none
}

// Files lists the files of a receipt by their paths: all, or those that a pattern chooses by
// the path of the file or of what is stored.
func Files(r *receipts.Receipt, patterns []receipts.Pattern) []File {
	files, _ := AllFiles(r, patterns, func(*receipts.Output) ([]receipts.Output, error) { return nil, nil })
	return files
}

// AllFiles is [Files] with those in packed folders, which unpacked lists.
func AllFiles(r *receipts.Receipt, patterns []receipts.Pattern, unpacked func(*receipts.Output) ([]receipts.Output, error)) ([]File, error) {
	var files []File
	add := func(f File) {
		if len(patterns) == 0 || slices.ContainsFunc(patterns, f.ChosenBy) {
			files = append(files, f)
		}
	}
	for i := range r.Output {
		inside, err := unpacked(&r.Output[i])
		if err != nil {
			return nil, err
		}
		for k := range inside {
			f := FileOf(&inside[k])
			f.In = &r.Output[i]
			add(f)
		}
		if len(inside) == 0 {
			add(FileOf(&r.Output[i]))
		}
	}
	sortFiles(files)
	return files, nil
}

// HaveFiles tells of a receipt whether it has files that any of the patterns chooses, by their
// paths and filters alone. It is nil for no patterns.
func HaveFiles(patterns ...receipts.Pattern) func(*receipts.Receipt) bool {
	if len(patterns) == 0 {
		return nil
	}
	return func(r *receipts.Receipt) bool { return len(Files(r, patterns)) > 0 }
}

// ChosenBy reports whether a pattern chooses a file, by its path, that of what is stored, or
// that of the packed folder it is in.
func (f File) ChosenBy(p receipts.Pattern) bool {
	return p.Matches(f.Path) || p.Matches(f.Output.Path) || f.In != nil && p.Matches(f.In.Path)
}

func sortFiles(files []File) {
	slices.SortFunc(files, func(a, b File) int {
		return slices.Compare(strings.Split(a.Path, "/"), strings.Split(b.Path, "/"))
	})
}

// FileOf is the file that an output becomes.
func FileOf(o *receipts.Output) File {
	f := File{Path: Path(o), Size: -1, Output: o}
	if sha256, size, known := o.File(); known {
		f.SHA256, f.Size = sha256, size
	}
	return f
}

// FilesIn is how many files a packed folder has, 0 for any other output.
func FilesIn(o *receipts.Output) int64 {
	if o.Content == nil {
		return 0
	}
	return o.Content.Files
}

// Path is that of the file which an output becomes.
func Path(o *receipts.Output) string { return filters.ChainOf(o.Filters).OriginalPath(o.Path) }

// fileJSON is a file as JSON.
type fileJSON struct {
	Path    string     `json:"path"`
	Size    *int64     `json:"size"`             // null where the receipt does not tell it
	SHA256  string     `json:"sha256,omitempty"` // likewise
	Mode    string     `json:"mode,omitempty"`
	Filters []string   `json:"filters,omitempty"`
	Files   int64      `json:"files,omitempty"` // of a packed folder
	Stored  storedJSON `json:"stored"`
}

// storedJSON is what is stored of a file, as JSON.
type storedJSON struct {
	Path   string `json:"path"`
	Blob   string `json:"blob"`
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
}

// JSON is the file as JSON.
func (f File) JSON() any {
	o, mode := f.Output, f.Output.Mode
	if f.In != nil {
		o = f.In
	}
	file := fileJSON{
		Path: f.Path, SHA256: f.SHA256, Mode: mode, Filters: o.Filters, Files: FilesIn(f.Output),
		Stored: storedJSON{o.Path, o.Blob, o.Checksum.SHA256, o.Size},
	}
	if f.Size >= 0 {
		file.Size = &f.Size
	}
	return file
}
