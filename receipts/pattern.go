package receipts

import (
	"fmt"
	"path"
	"strings"
)

// A Pattern chooses paths of outputs. Without a slash it is matched against the
// last element, with one against the whole path; "**" stands for any number of
// folders, and a pattern that names a folder chooses all below it.
type Pattern string

// UnmarshalText reads a pattern.
func (p *Pattern) UnmarshalText(text []byte) error {
	if err := CheckPattern(string(text)); err != nil {
		return fmt.Errorf("pattern %q: %w", text, err)
	}
	if len(text) == 0 {
		return fmt.Errorf("pattern %q is empty", text)
	}
	*p = Pattern(text)
	return nil
}

// MayMatchBelow reports whether the pattern may choose a file below a folder, by what it says of
// the folder.
func (p Pattern) MayMatchBelow(folder string) bool {
	text := strings.TrimSuffix(string(p), "/")
	if !strings.Contains(text, "/") {
		return true // it is about the last element
	}
	have := strings.Split(folder, "/")
	for i, want := range strings.Split(strings.TrimPrefix(text, "/"), "/") {
		if want == AnyFolders || i == len(have) {
			return true
		}
		if ok, _ := path.Match(want, have[i]); !ok {
			return false
		}
	}
	return true
}

// Matches reports whether the pattern chooses a path.
func (p Pattern) Matches(name string) bool {
	text := strings.TrimSuffix(string(p), "/")
	if !strings.Contains(text, "/") {
		if ok, _ := path.Match(text, path.Base(name)); ok {
			return true
		}
	}
	return MatchPath(strings.TrimPrefix(text, "/"), name)
}
