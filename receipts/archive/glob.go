package archive

import (
	"fmt"
	"path"
	"strings"

	"github.com/git-datapact/git-datapact/receipts"
)

// A pattern chooses paths of outputs. Without a slash it is matched against the
// last element, with one against the whole path; "**" stands for any number of
// folders, and a pattern that names a folder chooses all below it.
type pattern string

func (p pattern) validate() error {
	if err := receipts.CheckPattern(string(p)); err != nil {
		return fmt.Errorf("pattern %q: %w", string(p), err)
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
	return receipts.MatchPath(strings.TrimPrefix(text, "/"), name)
}
