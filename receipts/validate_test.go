package receipts_test

import (
	"strings"
	"testing"

	"github.com/git-datapact/git-datapact/receipts"
	"github.com/google/go-cmp/cmp"
)

// good returns a receipt with an output for each path.
func good(t *testing.T, paths ...string) *receipts.Receipt {
	r := &receipts.Receipt{Branch: "data/set", Timestamp: mustTimestamp(t, "2016-10-12T21:12:52Z")}
	for _, path := range paths {
		r.Output = append(r.Output, receipts.Output{
			Blob: "b", Checksum: receipts.Checksum{SHA256: digestA}, Path: path,
		})
	}
	return r
}

func TestValidate(t *testing.T) {
	r := good(t, "A", "a", "a-b", "b/c", "b/d", "bin/tool")
	r.Input = []receipts.Input{{Branch: "x", Result: "y"}, {Branch: ":concourse", Result: "any thing"}}
	r.Output[1].Mode = "0755"
	r.Output[2].Content = &receipts.Content{SHA256: digestB, Size: 1}
	r.Output[3].Filters = []string{"gz", "zstd"}
	if err := r.Validate(); err != nil {
		t.Errorf("Validate: %v", err)
	}
}

func TestValidateFindings(t *testing.T) {
	r := good(t, "a", "a-b", "a/b", "a-b", "z", "z", "../up")
	r.Branch = ":concourse"
	r.Timestamp = receipts.Timestamp{}
	r.Input = []receipts.Input{{Branch: ":", Result: "x"}, {Branch: "::x", Result: ""}}
	r.Output[0].Blob = "../x"
	r.Output[0].Size = -1
	r.Output[1].Checksum.SHA256 = strings.ToUpper(digestA)
	r.Output[1].Content = &receipts.Content{SHA256: "", Size: -1}
	r.Output[1].Filters = []string{"gz", ""}
	r.Output[1].Mode = "0644"
	want := strings.Join([]string{
		"branch: not a branch name",
		"timestamp: missing",
		"input[0].branch: empty",
		"input[1].branch: not a branch name",
		"input[1].result: empty",
		`output[0].blob: holds ".."`,
		"output[0].size: negative",
		"output[1].checksum.sha256: want 64 lower-case hex digits",
		"output[1].content.sha256: want 64 lower-case hex digits",
		"output[1].content.size: negative",
		"output[1].filters[1]: empty",
		`output[1].mode: want "0755" or none`,
		"output[6].path: has an empty element or one of dots",
		"output[2].path: below the path of another output",
		"output[3].path: not sorted",
		"output[5].path: same as of the output before",
		"output[6].path: not sorted",
	}, "\n")
	if diff := cmp.Diff(want, r.Validate().Error()); diff != "" {
		t.Errorf("Validate differs (-want +got):\n%s", diff)
	}
}

func TestValidateBranch(t *testing.T) {
	for _, name := range []string{"a", "feature/a.b", "ünïcode", "a@b", "a{"} {
		r := good(t)
		r.Branch = name
		if err := r.Validate(); err != nil {
			t.Errorf("Validate of branch %q: %v", name, err)
		}
	}
	for _, name := range []string{
		"", "-a", "/a", "a/", "a//b", ".a", "a/.b", "a.", "a.lock", "a.lock/b", "a..b", "a b", "a~1", "a^", "a:b",
		"a?", "a*", "[a", `a\b`, "@", "a@{1}", "HEAD", "a\x7f", "a\n", "a\xff", ":a",
	} {
		r := good(t)
		r.Branch = name
		if r.Validate() == nil {
			t.Errorf("Validate accepts branch %q", name)
		}
	}
}

func TestValidateBlob(t *testing.T) {
	for _, name := range []string{"", "/a", "a/../b", "..", "a\n", "a\x00", "\xff", "a//b", "a/", "./a", "a/./b"} {
		r := good(t, "a")
		r.Output[0].Blob = name
		if r.Validate() == nil {
			t.Errorf("Validate accepts blob %q", name)
		}
	}
}

func TestCheckPath(t *testing.T) {
	for _, path := range []string{
		"a", "a/b/c.gz", "a b", "12:00", "...a", ".gitignore", "git", "a/.datapact", ".github/x", "日本", "👩‍🔬",
		strings.Repeat("a", 4096),
	} {
		if err := receipts.CheckPath(path); err != nil {
			t.Errorf("CheckPath(%q): %v", path, err)
		}
	}
	for _, path := range []string{
		"", "/", "/a", "a/", "a//b", ".", "..", "./a", "a/.", "a/..", "../a", "a/../b", "a/.../b", "a/ /b",
		`a\b`, "a\nb", "a\x00", "a\x7f", "a\u0085", "\xff", "C:", "c:/a", "c:a",
		".git", "a/.GIT/config", ".git.", ".git ", ".git . /x", "GIT~1", ".g\u200cit", ".datapact", ".DataPact/input", ".datapact./a",
		strings.Repeat("a", 4097),
	} {
		if receipts.CheckPath(path) == nil {
			t.Errorf("CheckPath(%q) = nil, want an error", path)
		}
	}
	const want = `checking path "a/../b": has an empty element or one of dots`
	if err := receipts.CheckPath("a/../b"); err == nil || err.Error() != want {
		t.Errorf("CheckPath = %v, want %s", err, want)
	}
}
