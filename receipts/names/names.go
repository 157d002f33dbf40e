// Package names knows how file systems treat the names of files: which different names
// some of them take for one, and which ones Windows refuses.
package names

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Fold returns a form of a slash-separated path that two paths share if any common file
// system takes them for one: one that ignores case (Windows, exFAT, SMB, macOS, ext4
// folders with the attribute F), that normalises (macOS, ZFS), or that drops dots and
// spaces from the end of names (Windows) or characters that do not show (HFS+, ext4).
// A file system that takes all of this for one does not exist: whether a given one takes
// two paths of the same form for one has to be found out.
func Fold(path string) string {
	if isPlain(path) {
		return path
	}
	fold := cases.Fold()
	elements := strings.Split(path, "/")
	for i, element := range elements {
		element = strings.Map(visible, norm.NFD.String(element))
		element = norm.NFD.String(fold.String(element)) // what is folded may decompose
		elements[i] = strings.TrimRight(element, ". ")
	}
	return strings.Join(elements, "/")
}

// isPlain reports whether a path is its own folded form at first sight.
func isPlain(path string) bool {
	last := byte('/')
	for i := range len(path) {
		c := path[i]
		if c >= utf8.RuneSelf || 'A' <= c && c <= 'Z' || c == '/' && (last == '.' || last == ' ') {
			return false
		}
		last = c
	}
	return last != '.' && last != ' '
}

// visible drops the characters that Unicode lets be ignored.
func visible(r rune) rune {
	if unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) {
		return -1
	}
	return r
}

// A Pair is two paths that have the same folded form, or of which one would be a folder
// of the other.
type Pair struct{ First, Second string }

// Collisions finds paths of files that differ and that some file system takes for one,
// or one of them for a folder of the other: each with the first it collides with.
func Collisions(paths []string) []Pair {
	folded := make([]string, len(paths))
	files := make(map[string]string, len(paths)) // the first of each form
	var pairs []Pair
	for i, path := range paths {
		folded[i] = Fold(path)
		first, taken := files[folded[i]]
		switch {
		case !taken:
			files[folded[i]] = path
		case first != path:
			pairs = append(pairs, Pair{first, path})
		}
	}
	for i, path := range paths {
		for at, c := range folded[i] {
			if c != '/' {
				continue
			}
			if file, ok := files[folded[i][:at]]; ok && !strings.HasPrefix(path, file+"/") {
				pairs = append(pairs, Pair{file, path})
				break
			}
		}
	}
	return pairs
}

// WindowsFault returns why Windows has no file with this slash-separated path, "" if it
// can have one. The rules are those of "Naming Files, Paths, and Namespaces" in
// Microsoft's documentation.
func WindowsFault(path string) string {
	for element := range strings.SplitSeq(path, "/") {
		switch at := strings.IndexAny(element, `<>:"|?*\`); {
		case at >= 0:
			return "it holds " + element[at:at+1]
		case strings.HasSuffix(element, "."):
			return "a name in it ends with a dot"
		case strings.HasSuffix(element, " "):
			return "a name in it ends with a space"
		case isDevice(element):
			return "it names a device"
		}
	}
	return ""
}

// isDevice reports whether Windows takes a name for that of a device, whatever follows
// its first dot.
func isDevice(name string) bool {
	name, _, _ = strings.Cut(name, ".")
	name = strings.ToUpper(strings.TrimRight(name, " "))
	switch name {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	number, ok := strings.CutPrefix(name, "COM")
	if !ok {
		number, ok = strings.CutPrefix(name, "LPT")
	}
	return ok && utf8.RuneCountInString(number) == 1 && strings.Contains("123456789¹²³", number)
}
