package backend

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// Incoming is the folder, inside a store's, of the uploads that run.
	Incoming = ".incoming"
	// Quarantine is the folder, inside a store's, of the objects that a collection of
	// garbage has set aside: "<dir>/.quarantine/<run>/<branch>/<blob>".
	Quarantine = ".quarantine"
)

// A Key names an object in a store: "<branch>/<blob>", without the store's prefix.
type Key string

// NewKey joins a branch and a blob, both of which may hold slashes. It refuses
// what is empty or not UTF-8, has an empty part or a part ".", holds ".." or a
// control character, or starts or ends with a slash.
func NewKey(branch, blob string) (Key, error) {
	if err := CheckBranch(branch); err != nil {
		return "", fmt.Errorf("checking branch %q: %w", branch, err)
	}
	if err := CheckPath(blob); err != nil {
		return "", fmt.Errorf("checking blob %q: %w", blob, err)
	}
	return Key(branch + "/" + blob), nil
}

// Check is for keys that did not come from NewKey.
func (k Key) Check() error {
	err := CheckBranch(string(k))
	if err == nil && !strings.Contains(string(k), "/") {
		err = errors.New("it has no branch")
	}
	if err != nil {
		return fmt.Errorf("checking key %q: %w", string(k), err)
	}
	return nil
}

// CheckBranch also refuses what begins with a folder of the store's own.
func CheckBranch(branch string) error {
	if Reserved(branch) {
		return errors.New("it begins with a folder that the store keeps for itself")
	}
	return CheckPath(branch)
}

// Reserved reports whether a path is in a folder of the store's own, or would be
// where file names have no case.
func Reserved(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return strings.EqualFold(first, Incoming) || strings.EqualFold(first, Quarantine)
}

// CheckPath refuses a path that breaks the rules of [NewKey].
func CheckPath(path string) error {
	switch {
	case path == "":
		return errors.New("it is empty")
	case strings.Contains(path, ".."):
		return errors.New(`it holds ".."`)
	}
	if err := CheckText(path); err != nil {
		return err
	}
	for part := range strings.SplitSeq(path, "/") {
		if part == "" || part == "." {
			return fmt.Errorf("it has a part %q", part)
		}
	}
	return nil
}

// CheckText refuses what no store can have in a name, whatever its rules.
func CheckText(text string) error {
	switch {
	case !utf8.ValidString(text):
		return errors.New("it is not UTF-8")
	case strings.ContainsFunc(text, unicode.IsControl):
		return errors.New("it holds a control character, such as a line break")
	}
	return nil
}

// Listed reports whether what has this key is an object, for a list of what
// starts with the prefix.
func Listed(key Key, prefix string) bool {
	if !Reserved(prefix) {
		return key.Check() == nil
	}
	return CheckPath(string(key)) == nil
}
