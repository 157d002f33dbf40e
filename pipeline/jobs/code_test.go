package jobs

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/fields"
)

func TestReadCode(t *testing.T) {
	tests := []struct{ code, want string }{ // want is all findings, "" for none
		{`{"branch": "main", "paths": ["src/**"], "alias": "code"}`, ""},
		{`{"branch": "tools/x", "paths": ["a", "**/*.py", "b/[c-e]?"]}`, ""},
		{`null`, ""},
		{`[{"branch": "main", "paths": ["src/**"]}]`, "code: want an object, have a list"},
		{`{"branch": "main", "paths": ["x"], "path": "y"}`, "code.path: unknown key"},
		{`{"paths": ["x"]}`, "code.branch: want the branch that the code is on, such as main"},
		{`{"branch": "a..b", "paths": ["x"]}`, `code.branch: "a..b" is not a branch name`},
		{`{"branch": "job", "paths": ["x"]}`, "code.branch: want another branch: what is the job's own lies in its folder docker/"},
		{`{"branch": "in", "paths": ["x"]}`, `code.branch: "in" is an input of the job: want an ordinary branch`},
		{`{"branch": "main"}`, "code.paths: want patterns of the files, such as src/**"},
		{`{"branch": "main", "paths": []}`, "code.paths: want patterns of the files, such as src/**"},
		{`{"branch": "main", "paths": ["a", "/b"]}`, `code.paths[1]: "/b" is not a path from the top of the branch, such as src/**`},
		{`{"branch": "main", "paths": ["a/../b"]}`, `code.paths[0]: "a/../b" is not a path from the top of the branch, such as src/**`},
		{`{"branch": "main", "paths": ["a//b"]}`, `code.paths[0]: "a//b" is not a path from the top of the branch, such as src/**`},
		{`{"branch": "main", "paths": ["a/"]}`, `code.paths[0]: "a/" is not a path from the top of the branch, such as src/**`},
		{`{"branch": "main", "paths": [""]}`, `code.paths[0]: "" is not a path from the top of the branch, such as src/**`},
		{`{"branch": "main", "paths": ["a/[b"]}`, `code.paths[0]: "a/[b" is not a pattern: syntax error in pattern`},
		{`{"branch": "main", "paths": ["x"], "alias": "result"}`, `code.alias: "result" cannot be the name of the code's folder`},
		{`{"branch": "main", "paths": ["x"], "alias": "a/b"}`, `code.alias: "a/b" cannot be the name of the code's folder`},
		{`{"branch": "main", "paths": ["x"], "alias": "in"}`, `code.alias: "in" is taken by input[0]: give one of them another alias`},
	}
	for _, test := range tests {
		want := test.want
		if want != "" {
			want = "job:config/job.json: " + want
		}
		r := newRepository(t, "job", File, `{"input": [{"branch": "in"}], "code": `+test.code+`}`)
		err := Check(t.Context(), r, gitcmd.Branch{Name: "job", Commit: tip(t, r, "job")})
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("code %s: %q, want %q", test.code, got, want)
		}
	}
}

func tip(t *testing.T, r *gitcmd.Repository, branch string) gitcmd.Hash {
	t.Helper()
	found, err := r.Branch(t.Context(), branch)
	if err != nil {
		t.Fatal(err)
	}
	return found.Commit
}

func TestSelectCode(t *testing.T) {
	r := newRepository(t, "main", "src/a.py", "a", "main", "src/lib/b.py", "b", "main", "src/lib/c.txt", "c", "main", "src2/d.py", "d",
		"main", "e.py", "e", "main", "odd[1]/f", "f")
	tests := []struct {
		patterns string // separated by spaces
		want     string // paths of the files, relative to the folder of the code
	}{
		{"src/**", "a.py lib/b.py lib/c.txt"},
		{"src", "a.py lib/b.py lib/c.txt"},
		{"src/*", "a.py lib/b.py lib/c.txt"}, // a folder is chosen with all it holds
		{"src/*.py", "a.py"},
		{"src/a.py", "a.py"},
		{"src/lib", "b.py c.txt"},
		{"src/lib/b.py src/a.py", "a.py lib/b.py"},
		{"src/lib/** src2/**", "src/lib/b.py src/lib/c.txt src2/d.py"},
		{"**/*.py", "e.py src/a.py src/lib/b.py src2/d.py"},
		{"src/**/*.py", "a.py lib/b.py"},
		{"*.py", "e.py"},
		{"**", "e.py odd[1]/f src/a.py src/lib/b.py src/lib/c.txt src2/d.py"},
		{`odd\[1]/**`, "f"},
		{`odd\[1]`, "f"},
		{"nothing/** src/a.py", "src/a.py"},
	}
	branch := gitcmd.Branch{Name: "main", Commit: tip(t, r, "main")}
	for _, test := range tests {
		selected, err := SelectCode(t.Context(), r, branch, strings.Fields(test.patterns))
		var got []string
		for _, file := range selected.files {
			got = append(got, file.Path)
		}
		if err != nil || strings.Join(got, " ") != test.want {
			t.Errorf("%s selects %v, %v, want %s", test.patterns, got, err, test.want)
			continue
		}
		folder := t.TempDir()
		if err := selected.WriteTo(t.Context(), r, folder); err != nil {
			t.Fatal(err)
		}
		var written []string
		_ = filepath.WalkDir(folder, func(name string, entry fs.DirEntry, _ error) error {
			if name, _ = filepath.Rel(folder, name); !entry.IsDir() && filepath.ToSlash(name) != CodeFile {
				written = append(written, filepath.ToSlash(name))
			}
			return nil
		})
		slices.Sort(written)
		if strings.Join(written, " ") != test.want {
			t.Errorf("%s writes %v, want %s", test.patterns, written, test.want)
		}
		if said, err := os.ReadFile(filepath.Join(folder, CodeFile)); string(said) != fmt.Sprintf("{\"ref\":%q,\"tree\":%q}\n", branch.Commit, selected.Tree) {
			t.Errorf("%s says %s, %v", test.patterns, said, err)
		}
	}
	for _, patterns := range []string{"nothing", "src/*.txt", "src/a.py/**"} {
		if _, err := SelectCode(t.Context(), r, branch, strings.Fields(patterns)); err == nil || err.Error() != "no file of main matches "+patterns {
			t.Errorf("SelectCode of %s: %v", patterns, err)
		}
	}
}

// A link is taken as it is where it stays among the files.
func TestCodeLinks(t *testing.T) {
	r := newRepository(t, "main", "src/a", "a")
	link := func(at, target string) CodeTree {
		t.Helper()
		out, err := r.Git(t.Context(), strings.NewReader(target), "hash-object", "-w", "--stdin")
		if err != nil {
			t.Fatal(err)
		}
		return CodeTree{root: "src", files: []gitcmd.File{{Path: at, Mode: gitcmd.SymlinkMode, Hash: gitcmd.Hash(strings.TrimSpace(string(out)))}}}
	}
	for _, test := range []struct {
		at, target string
		ok         bool
	}{
		{"b", "a", true}, {"d/b", "../a", true}, {"d/b", "..", true}, {"b", "d/", true},
		{"b", "../a", false}, {"d/b", "../../a", false}, {"b", "/etc/passwd", false}, {"b", "d/../../x", false}, {"d/b", "e/../../../x", false}, {"b", "", false},
	} {
		tree := link(test.at, test.target)
		if err := tree.checkLinks(t.Context(), r); (err == nil) != test.ok || err != nil && !strings.HasPrefix(err.Error(), "src/"+test.at+" is a symbolic link") {
			t.Errorf("a link from %s to %q: %v, want it taken: %v", test.at, test.target, err, test.ok)
		}
	}
}

// Jobs that share code find it once; a catalog that does not hold the branch leaves it open.
func TestCatalogCode(t *testing.T) {
	r := newRepository(t, "main", "src/a", "a", "main", "README", "r",
		"one", File, `{"code": {"branch": "main", "paths": ["src/**"]}}`, "two", File, `{"code": {"branch": "main", "paths": ["src/**"], "alias": "x"}}`,
		"three", File, `{"code": {"branch": "one", "paths": ["config/**"]}}`)
	c := newCatalog(r)
	one, err := c.Job(t.Context(), "one")
	if err != nil {
		t.Fatal(err)
	}
	two, err := c.Job(t.Context(), "two")
	if err != nil {
		t.Fatal(err)
	}
	runs := one.Runs()
	if runs.Code == nil || runs.Code.Ref != string(tip(t, r, "main")) || two.Runs().Code.Tree != runs.Code.Tree || len(c.code) != 1 {
		t.Errorf("the code of two jobs is %+v and %+v", runs.Code, two.Runs().Code)
	}
	if one.Code.Alias != "code" {
		t.Errorf("alias = %q", one.Code.Alias)
	}
	if _, err := c.Job(t.Context(), "three"); err == nil || !strings.HasSuffix(err.Error(), "code.branch: one is a dataset branch") {
		t.Errorf("a dataset branch as code: %v", err)
	}
	sealed, err := At(r, map[string]gitcmd.Hash{"one": tip(t, r, "one")}, nil).Job(t.Context(), "one")
	if err != nil || sealed.Runs().Code != nil || sealed.Code == nil {
		t.Errorf("without the branch: %+v, %v", sealed, err)
	}
}

// The folder of the code is a part of what a job runs, and nothing is where there is none.
func TestCodeInEffectiveTask(t *testing.T) {
	hashes := map[string]string{}
	for _, code := range []string{`null`, `{"branch": "main", "paths": ["a"]}`, `{"branch": "other", "paths": ["b"]}`, `{"branch": "main", "paths": ["a"], "alias": "x"}`} {
		var value any
		if err := json.Unmarshal([]byte(`{"task": {"run": {"path": "x"}}, "code": `+code+`}`), &value); err != nil {
			t.Fatal(err)
		}
		hashes[code] = readJobKeys(fields.Read("", value, fields.NewFindings("x")), "b").hash()
	}
	if a, b := hashes[`{"branch": "main", "paths": ["a"]}`], hashes[`{"branch": "other", "paths": ["b"]}`]; a != b || a == hashes["null"] || a == hashes[`{"branch": "main", "paths": ["a"], "alias": "x"}`] {
		t.Errorf("hashes = %v", hashes)
	}
}
