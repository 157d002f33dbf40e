package gitcmd

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// CheckBranchName refuses what git refuses as the name of a branch.
func CheckBranchName(name string) error {
	if !isRefName(name) || name == "@" || name == "HEAD" || name[0] == '-' {
		return fmt.Errorf("%q is not a branch name", name)
	}
	if !utf8.ValidString(name) {
		return fmt.Errorf("%q is not a branch name that a receipt can hold: it is not UTF-8", name)
	}
	return nil
}

// isRefName reports whether a name can stand in a ref after "refs/heads/", by the rules of
// git-check-ref-format(1).
func isRefName(name string) bool {
	if strings.Contains(name, "..") || strings.Contains(name, "@{") || strings.HasSuffix(name, ".") ||
		strings.ContainsFunc(name, func(c rune) bool { return c < ' ' || c == 0x7f || strings.ContainsRune(` ~^:?*[\`, c) }) {
		return false
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part[0] == '.' || strings.HasSuffix(part, ".lock") {
			return false
		}
	}
	return true
}
