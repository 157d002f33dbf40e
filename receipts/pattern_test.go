package receipts

import (
	"strings"
	"testing"
)

func TestPattern(t *testing.T) {
	tests := []struct {
		pattern Pattern
		yes, no string
	}{
		{"*.csv", "a.csv b/c.csv", "a.csv.gz csv"},
		{"logs", "logs logs/a logs/b/c a/logs", "logsa"},
		{"logs/", "logs/a", "a/logs/b"},
		{"logs/*.txt", "logs/a.txt", "logs/a/b.txt x/logs/a.txt"},
		{"**/a", "a b/a b/c/a", "ab"},
		{"a/**/b", "a/b a/x/b a/x/y/b a/b/c", "a b"},
		{"**", "a a/b", ""},
		{"[ab]", "a b", "c"},
	}
	for _, test := range tests {
		for _, name := range strings.Fields(test.yes) {
			if !test.pattern.Matches(name) {
				t.Errorf("%q does not match %q", test.pattern, name)
			}
		}
		for _, name := range strings.Fields(test.no) {
			if test.pattern.Matches(name) {
				t.Errorf("%q matches %q", test.pattern, name)
			}
		}
	}
	for _, bad := range []string{"", "[", "a/[b"} {
		var p Pattern
		if p.UnmarshalText([]byte(bad)) == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}

// TestMayMatchBelow: a pattern that chooses a file below a folder is one that may.
func TestMayMatchBelow(t *testing.T) {
	for _, test := range []struct {
		pattern Pattern
		folder  string
		want    bool
	}{
		{"images/0042.png", "images", true},
		{"images/*/x", "images", true},
		{"*.png", "images", true},
		{"**/x.png", "a/images", true},
		{"a/**", "a/images", true},
		{"a/images/", "a/images", true},
		{"/a/im*/x", "a/images", true},
		{"logs/x", "images", false},
		{"a/logs/x", "a/images", false},
	} {
		if got := test.pattern.MayMatchBelow(test.folder); got != test.want {
			t.Errorf("%q below %q: %v, want %v", test.pattern, test.folder, got, test.want)
		}
	}
}
