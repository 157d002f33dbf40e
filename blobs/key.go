package blobs

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Key names an object in a store: "<branch>/<blob>", without the store's prefix.
type Key string

// NewKey joins a branch and a blob, both of which may hold slashes. It refuses
// what is empty or not UTF-8, has an empty part or a part ".", holds ".." or a
// control character, or starts or ends with a slash.
func NewKey(branch, blob string) (Key, error) {
	if err := checkBranch(branch); err != nil {
		return "", fmt.Errorf("checking branch %q: %w", branch, err)
	}
	if err := checkPath(blob); err != nil {
		return "", fmt.Errorf("checking blob %q: %w", blob, err)
	}
	return Key(branch + "/" + blob), nil
}

// check is for keys that did not come from NewKey.
func (k Key) check() error {
	err := checkBranch(string(k))
	if err == nil && !strings.Contains(string(k), "/") {
		err = errors.New("it has no branch")
	}
	if err != nil {
		return fmt.Errorf("checking key %q: %w", string(k), err)
	}
	return nil
}

// checkBranch also refuses what begins with a folder of the store's own.
func checkBranch(branch string) error {
	if reserved(branch) {
		return errors.New("it begins with a folder that the store keeps for itself")
	}
	return checkPath(branch)
}

// reserved reports whether a path is in a folder of the store's own, or would be
// where file names have no case.
func reserved(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return strings.EqualFold(first, incoming) || strings.EqualFold(first, quarantine)
}

func checkPath(path string) error {
	switch {
	case path == "":
		return errors.New("it is empty")
	case strings.Contains(path, ".."):
		return errors.New(`it holds ".."`)
	}
	if err := checkText(path); err != nil {
		return err
	}
	for part := range strings.SplitSeq(path, "/") {
		if part == "" || part == "." {
			return fmt.Errorf("it has a part %q", part)
		}
	}
	return nil
}

// checkText refuses what no store can have in a name, whatever its rules.
func checkText(text string) error {
	switch {
	case !utf8.ValidString(text):
		return errors.New("it is not UTF-8")
	case strings.ContainsFunc(text, unicode.IsControl):
		return errors.New("it holds a control character, such as a line break")
	}
	return nil
}
