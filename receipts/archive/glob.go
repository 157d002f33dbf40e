package archive

import (
	"fmt"
	"path"
	"strings"
)

// A pattern chooses paths of outputs. Without a slash it is matched against the
// last element, with one against the whole path; "**" stands for any number of
// folders, and a pattern that names a folder chooses all below it.
type pattern string

func (p pattern) validate() error {
	for element := range strings.SplitSeq(string(p), "/") {
		if _, err := path.Match(element, ""); err != nil {
			return fmt.Errorf("pattern %q: %w", string(p), err)
		}
	}
	if p == "" {
		return fmt.Errorf("pattern %q is empty", string(p))
	}
	return nil
}

func (p pattern) matches(name string) bool {
	text := strings.TrimSuffix(string(p), "/")
	if !strings.Contains(text, "/") {
		if ok, _ := path.Match(text, path.Base(name)); ok {
			return true
		}
	}
	return matchElements(strings.Split(strings.TrimPrefix(text, "/"), "/"), strings.Split(name, "/"))
}

// matchElements matches a path, or one of the folders it is in.
func matchElements(pattern, name []string) bool {
	for ; len(pattern) > 0; pattern, name = pattern[1:], name[1:] {
		if pattern[0] == "**" {
			for skip := range len(name) + 1 {
				if matchElements(pattern[1:], name[skip:]) {
					return true
				}
			}
			return false
		}
		if len(name) == 0 {
			return false
		}
		if ok, _ := path.Match(pattern[0], name[0]); !ok {
			return false
		}
	}
	return true
}
