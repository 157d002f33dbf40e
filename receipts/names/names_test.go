package names

import (
	"slices"
	"testing"
)

func TestFold(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]string{
		{"README", "readme"},
		{"Straße", "STRASSE"},
		{"caf\u00e9", "cafe\u0301"},
		{"CAFE\u0301", "caf\u00c9"},
		{"\u212bngstr\u00f6m", "\u00e5ngstro\u0308m"}, // the sign of the unit
		{"ΣΊΣΥΦΟΣ", "σίσυφος"},
		{"of\ufb01ce", "OFFICE"},
		{"a.", "a"},
		{"Dir. /x", "dir/X"},
		{"no\u200dtes", "notes"},
		{"e\u0301./\u00c9 ", "\u00e9/\u00e9"},
	} {
		if a, b := Fold(pair[0]), Fold(pair[1]); a != b {
			t.Errorf("Fold(%q) = %q, Fold(%q) = %q, want the same", pair[0], a, pair[1], b)
		}
		if once := Fold(pair[0]); Fold(once) != once {
			t.Errorf("Fold(%q) = %q, which folds to %q", pair[0], once, Fold(once))
		}
	}
	for _, pair := range [][2]string{{"a", "b"}, {"a/b", "a-b"}, {"a.b", "ab"}, {"x2", "x²"}, {"cafe", "café"}, {"a/b", "ab"}} {
		if a, b := Fold(pair[0]), Fold(pair[1]); a == b {
			t.Errorf("Fold(%q) = Fold(%q) = %q, want two", pair[0], pair[1], a)
		}
	}
}

func TestCollisions(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		paths []string
		want  []Pair
	}{
		{[]string{"a", "b", "dir/a", "Dir/b"}, nil},
		{[]string{"a", "a"}, nil}, // which is another fault
		{[]string{"Plan.csv", "b", "plan.csv", "PLAN.CSV"}, []Pair{{"Plan.csv", "plan.csv"}, {"Plan.csv", "PLAN.CSV"}}},
		{[]string{"Dir/x", "dir/X"}, []Pair{{"Dir/x", "dir/X"}}},
		{[]string{"Data", "data/1/x", "datas"}, []Pair{{"Data", "data/1/x"}}},
		{[]string{"data/1/x", "Data"}, []Pair{{"Data", "data/1/x"}}},
		{[]string{"é/x", "e\u0301/x", "e"}, []Pair{{"é/x", "e\u0301/x"}}},
		{[]string{"a.", "a"}, []Pair{{"a.", "a"}}},
	} {
		if got := Collisions(test.paths); !slices.Equal(got, test.want) {
			t.Errorf("Collisions(%q) = %q, want %q", test.paths, got, test.want)
		}
	}
}

func TestWindowsFault(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"a", "a/b.c", "console", "com", "COM0", "com10", "lpt", "nul-1", ".gitignore", "a b", "é/ü", "auxiliary.txt"} {
		if fault := WindowsFault(good); fault != "" {
			t.Errorf("WindowsFault(%q) = %q, want none", good, fault)
		}
	}
	for path, want := range map[string]string{
		"a:b": "it holds :", "x/what?.txt": "it holds ?", "a|b/c": "it holds |", `"a"`: `it holds "`,
		"a.": "a name in it ends with a dot", "dir /x": "a name in it ends with a space",
		"CON": "it names a device", "x/nul.tar.gz": "it names a device", "Aux /y": "a name in it ends with a space",
		"lpt9": "it names a device", "com¹.txt": "it names a device", "prn .txt": "it names a device", "CONOUT$": "it names a device",
	} {
		if fault := WindowsFault(path); fault != want {
			t.Errorf("WindowsFault(%q) = %q, want %q", path, fault, want)
		}
	}
}
