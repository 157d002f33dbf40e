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
}

// Files lists the files of a receipt by their paths: all, or those that a pattern chooses by
// the path of the file or of what is stored.
func Files(r *receipts.Receipt, patterns []receipts.Pattern) []File {
	var files []File
	for i := range r.Output {
		f := FileOf(&r.Output[i])
		chosen := func(p receipts.Pattern) bool { return p.Matches(f.Path) || p.Matches(f.Output.Path) }
		if len(patterns) == 0 || slices.ContainsFunc(patterns, chosen) {
			files = append(files, f)
		}
	}
	slices.SortFunc(files, func(a, b File) int {
		return slices.Compare(strings.Split(a.Path, "/"), strings.Split(b.Path, "/"))
	})
	return files
}

// FileOf is the file that an output becomes.
func FileOf(o *receipts.Output) File {
	f := File{Path: Path(o), Size: -1, Output: o}
	if sha256, size, known := o.File(); known {
		f.SHA256, f.Size = sha256, size
	}
	return f
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
	o := f.Output
	file := fileJSON{
		Path: f.Path, SHA256: f.SHA256, Mode: o.Mode, Filters: o.Filters,
		Stored: storedJSON{o.Path, o.Blob, o.Checksum.SHA256, o.Size},
	}
	if f.Size >= 0 {
		file.Size = &f.Size
	}
	return file
}
