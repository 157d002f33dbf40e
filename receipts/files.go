package receipts

import (
	"fmt"
	"path"
	"strings"
)

// MaxElement is the greatest length in bytes of an element of a file's path: beyond it no
// common file system takes the name.
const MaxElement = 255

// CheckFiles returns an error that says why the files that outputs become, once their
// filters are undone, cannot be in one folder, or nil: it names the first path that is none
// (see [CheckPath]) or has too long an element, that two of them have, or that would be the
// folder of another.
func CheckFiles(paths []string) error {
	files := make(map[string]bool, len(paths))
	for i, name := range paths {
		if err := CheckPath(name); err != nil {
			return fmt.Errorf("output[%d]: %w", i, err)
		}
		if LongElement(name) {
			return fmt.Errorf("output[%d]: checking path %q: has an element longer than %d bytes", i, name, MaxElement)
		}
		if files[name] {
			return fmt.Errorf("two outputs have the path %q", name)
		}
		files[name] = true
	}
	for _, name := range paths {
		for folder := path.Dir(name); folder != "."; folder = path.Dir(folder) {
			if files[folder] {
				return fmt.Errorf("outputs %q and %q cannot both be files", folder, name)
			}
		}
	}
	return nil
}

// LongElement reports whether an element of a path is longer than [MaxElement].
func LongElement(name string) bool {
	for element := range strings.SplitSeq(name, "/") {
		if len(element) > MaxElement {
			return true
		}
	}
	return false
}
