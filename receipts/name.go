package receipts

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxPath is the greatest length of an output's path in bytes.
const maxPath = 4096

// CheckPath returns an error that says why path cannot be the path of an
// output, or nil. A good path stays below the folder it is joined to on every
// platform: it is relative, clean, separated by slashes, UTF-8 without control
// characters and backslashes, at most 4096 bytes long, and does not start with
// a Windows drive. No element is .git, the first is not .datapact, in any case
// or disguise (trailing dots and spaces, invisible characters), and none is
// made of dots and spaces only. Device names such as NUL are left to who
// writes the file, see [path/filepath.IsLocal].
func CheckPath(path string) error {
	if fault := pathFault(path); fault != "" {
		return fmt.Errorf("checking path %q: %s", path, fault)
	}
	return nil
}

// pathFault returns what is wrong with the path of an output, "" for nothing.
func pathFault(path string) string {
	switch fault := textFault(path); {
	case fault != "":
		return fault
	case len(path) > maxPath:
		return "longer than 4096 bytes"
	case strings.Contains(path, `\`):
		return "holds a backslash"
	case path[0] == '/':
		return "absolute"
	case len(path) > 1 && path[1] == ':' && unicode.IsLetter(rune(path[0])):
		return "starts with a drive"
	}
	first := true
	for element := range strings.SplitSeq(path, "/") {
		if fault := elementFault(element, first); fault != "" {
			return fault
		}
		first = false
	}
	return ""
}

// elementFault sees through what Windows and macOS drop from names.
func elementFault(element string, first bool) string {
	name := strings.TrimRight(strings.Map(dropInvisible, element), ". ")
	switch {
	case name == "":
		return "has an empty element or one of dots"
	case strings.EqualFold(name, ".git"), strings.EqualFold(name, "git~1"):
		return "reaches into git's own folder"
	case first && strings.EqualFold(name, ".datapact"):
		return "reaches into the .datapact folder"
	}
	return ""
}

func dropInvisible(r rune) rune {
	if unicode.Is(unicode.Cf, r) {
		return -1
	}
	return r
}

// blobFault returns what is wrong with the name of a blob, "" for nothing.
func blobFault(blob string) string {
	switch fault := textFault(blob); {
	case fault != "":
		return fault
	case strings.Contains(blob, ".."):
		return `holds ".."`
	case blob[0] == '/':
		return "starts with a slash"
	}
	for element := range strings.SplitSeq(blob, "/") {
		if element == "" || element == "." {
			return "has an empty element or one of dots"
		}
	}
	return ""
}

// branchFault returns what is wrong with the name of a branch, "" for
// nothing, by the rules of git-check-ref-format(1).
func branchFault(name string) string {
	switch fault := textFault(name); {
	case fault != "":
		return fault
	case strings.ContainsAny(name, ` ~^:?*[\`), strings.Contains(name, ".."), strings.Contains(name, "@{"),
		name == "@", name == "HEAD", name[0] == '-', strings.HasSuffix(name, "."):
		return "not a branch name"
	}
	for element := range strings.SplitSeq(name, "/") {
		if element == "" || element[0] == '.' || strings.HasSuffix(element, ".lock") {
			return "not a branch name"
		}
	}
	return ""
}

// textFault returns what is wrong with any name, "" for nothing.
func textFault(name string) string {
	switch {
	case name == "":
		return "empty"
	case !utf8.ValidString(name):
		return "not UTF-8"
	case strings.ContainsFunc(name, unicode.IsControl):
		return "holds a control character"
	}
	return ""
}
