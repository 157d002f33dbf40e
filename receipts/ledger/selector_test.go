package ledger

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/gitcmd/gittest"
)

func writeFile(t *testing.T, dir, name, data string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o777); err != nil {
		t.Fatal(err)
	}
}

func TestParseSelector(t *testing.T) {
	tests := []struct {
		text string
		want Selector
		ok   bool
	}{
		{"", Selector{}, true},
		{"data", Selector{Branch: "data"}, true},
		{"deep/data@fe33", Selector{Branch: "deep/data", Revision: "fe33"}, true},
		{"data@FE336B7C", Selector{Branch: "data", Revision: "fe336b7c"}, true},
		{"a@b@fe33", Selector{Branch: "a@b", Revision: "fe33"}, true},
		{"data@{version=3.4=5}", Selector{Branch: "data", Key: "version", Value: "3.4=5"}, true},
		{"@{version=}", Selector{Key: "version"}, true},
		{"data@{a=}b}", Selector{Branch: "data", Key: "a", Value: "}b"}, true},
		{"data@{2016-10-12}", Selector{Branch: "data"}, true},
		{"data@{2016-10-12T21:12:52Z}", Selector{Branch: "data"}, true},
		{"data@{yesterday}", Selector{Branch: "data"}, true},
		{"data@{2 days ago}", Selector{Branch: "data"}, true},
		{"data@{soon}", Selector{}, false},
		{"data@{3}", Selector{Branch: "data", Back: 3}, true},
		{"@{0}", Selector{}, true},
		{"data@{-1}", Selector{}, false},
		{"data@{99999999999}", Selector{}, false},
		{"HEAD", Selector{Branch: "HEAD"}, true},
		{"HEAD@{1}", Selector{Branch: "HEAD", Back: 1}, true},
		{"data@{=x}", Selector{}, false},
		{"data@{a=b", Selector{}, false},
		{"data@xyz", Selector{Branch: "data@xyz"}, true},
		{"data@fe3", Selector{Branch: "data@fe3"}, true},
		{"data@" + strings.Repeat("fe", 32), Selector{Branch: "data", Revision: strings.Repeat("fe", 32)}, true},
		{"data@" + strings.Repeat("fe", 32) + "0", Selector{Branch: "data@" + strings.Repeat("fe", 32) + "0"}, true},
		{"-data", Selector{}, false},
		{"da ta", Selector{}, false},
		{"data..x@fe33", Selector{}, false},
	}
	for _, test := range tests {
		got, err := ParseSelector(test.text)
		before := got.Before
		got.Before = test.want.Before
		if test.ok != (err == nil) || err == nil && got != test.want {
			t.Errorf("ParseSelector(%q) = %+v, %v, want %+v", test.text, got, err, test.want)
		}
		if strings.Contains(test.text, "2016") && before.Format("20060102") != "20161012" {
			t.Errorf("ParseSelector(%q) is before %v", test.text, before)
		}
	}
}

func FuzzParseSelector(f *testing.F) {
	for _, text := range []string{"", "data", "data@fe33", "a/b@{version=1}", "data@{2016-10-12}", "x@{a=}:b}", "@{", "a@b@1234"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseSelector(text)
		if err == nil && s.Branch != "" && gitcmd.CheckBranchName(s.Branch) != nil {
			t.Errorf("ParseSelector(%q) accepts branch %q", text, s.Branch)
		}
		if selector, path, err := SplitPath(text); err == nil && selector+":"+path != text {
			t.Errorf("SplitPath(%q) = %q, %q", text, selector, path)
		}
	})
}

func TestSplitPath(t *testing.T) {
	tests := []struct{ text, selector, path string }{
		{"data:a/b", "data", "a/b"},
		{"data@{time=10:00}:a:b", "data@{time=10:00}", "a:b"},
		{"data@{2016-10-12T10:00:00Z}:a", "data@{2016-10-12T10:00:00Z}", "a"},
		{"data", "", ""},
		{"data:", "", ""},
	}
	for _, test := range tests {
		selector, path, err := SplitPath(test.text)
		if selector != test.selector || path != test.path || (err == nil) != (path != "") {
			t.Errorf("SplitPath(%q) = %q, %q, %v, want %q, %q", test.text, selector, path, err, test.selector, test.path)
		}
	}
}

func TestResolve(t *testing.T) {
	repository, dir := newRepository(t)
	first := record(t, repository, sample("1", "10:00:00"), "10:00:00")
	second := record(t, repository, sample("2", "11:00:00"), "11:00:00")
	again := record(t, repository, sample("1", "12:00:00"), "12:00:00")
	tests := []struct {
		text string
		want *Entry
	}{
		{"data", again},
		{"data@" + string(second.ID[:5]), second},
		{"data@" + string(second.ID), second},
		{"data@" + string(first.Commit[:10]), first},
		{"data@" + string(first.Commit), first},
		{"data@{version=2}", second},
		{"data@{2020-01-01T11:30:00Z}", second},
		{"data@{2020-01-01}", again},
		{"data@{2019-12-31}", nil},
		{"data@{version=3}", nil},
		{"data@00000000", nil},
		{"data@" + gittest.Run(t, dir, "rev-parse", "data~3"), nil},
		{"data@" + gittest.Run(t, dir, "commit-tree", "-m", "elsewhere", "data^{tree}"), nil},
	}
	for _, test := range tests {
		entry, err := Lookup(t.Context(), repository, test.text, nil)
		switch {
		case test.want == nil && (!errors.Is(err, gitcmd.ErrNegative) || !errors.Is(err, gitcmd.ErrNotFound)):
			t.Errorf("Lookup(%q) = %v, %v, want a negative answer", test.text, entry, err)
		case test.want != nil && (err != nil || entry.ID != test.want.ID || entry.Receipt.Timestamp != test.want.Receipt.Timestamp):
			t.Errorf("Lookup(%q) = %+v, %v, want %s at %s", test.text, entry, err, test.want.ID, test.want.Receipt.Timestamp)
		}
	}
}

func TestBadSelectorsAreUsage(t *testing.T) {
	for _, text := range []string{"data@{", "data@{soon}", "data@{=1}", "da ta", "-x"} {
		if _, err := ParseSelector(text); !errors.Is(err, gitcmd.ErrUsage) {
			t.Errorf("ParseSelector(%q): %v is not of the command line", text, err)
		}
	}
}
