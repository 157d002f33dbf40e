package receipts

import (
	"path"
	"strings"
)

// AnyFolders is the element of a pattern that stands for any number of folders.
const AnyFolders = "**"

// CheckPattern refuses what [MatchPath] cannot read.
func CheckPattern(pattern string) error {
	for element := range strings.SplitSeq(pattern, "/") {
		if _, err := path.Match(element, ""); err != nil {
			return err
		}
	}
	return nil
}

// MatchPath matches a path, or one of the folders it is in, element by element, each as
// [path.Match] does. Of what [AnyFolders] can stand for it takes the shortest first, and goes
// back to the last one alone: what stands before that cannot match better.
func MatchPath(pattern, name string) bool {
	want, have := strings.Split(pattern, "/"), strings.Split(name, "/")
	last, from := -1, 0 // the last such element, and what follows it in the path
	for p, h := 0, 0; p < len(want); {
		if want[p] == AnyFolders {
			last, from = p, h
			p++
			continue
		}
		if h < len(have) {
			if ok, _ := path.Match(want[p], have[h]); ok {
				p, h = p+1, h+1
				continue
			}
		}
		if last < 0 || from >= len(have) {
			return false
		}
		from++
		p, h = last+1, from
	}
	return true
}
