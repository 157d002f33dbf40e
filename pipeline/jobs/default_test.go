package jobs

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/gitcmd/gittest"
)

// commitConfig makes a branch with a configuration, which lists one branch that is named
// in a module beside it, and nothing else.
func commitConfig(t *testing.T, r *gitcmd.Repository, ref, file, listed string) {
	t.Helper()
	module := filepath.ToSlash(filepath.Join(filepath.Dir(file), "list.json"))
	commit, err := r.Commit(t.Context(), gitcmd.NewCommit{Message: "configure\n", Changes: []gitcmd.Change{
		{Path: file, Data: []byte(`import "list" as $list; {branches_list: $list[0]}`)},
		{Path: module, Data: []byte(`[{"branch": "` + listed + `"}]`)},
	}})
	if err == nil {
		err = r.UpdateRef(t.Context(), ref, commit, "", "test")
	}
	if err != nil {
		t.Fatal(err)
	}
}

// checkConfig compares what is found from a folder with "FILE BRANCH", "" for none, or
// with an error.
func checkConfig(t *testing.T, dir, want string) {
	t.Helper()
	r := gitcmd.Open(dir)
	defer r.Close()
	config, err := LoadConfig(t.Context(), r, nil)
	var got string
	switch {
	case err == nil:
		got = config.File + " " + config.Branches[0].Branch
	case !errors.Is(err, fs.ErrNotExist):
		got = err.Error()
	}
	if got != want {
		t.Errorf("LoadConfig in %s = %q, want %q", filepath.Base(dir), got, want)
	}
}

// The configuration is the same whatever is checked out, also in a linked worktree.
func TestConfigOfDefaultBranch(t *testing.T) {
	dir := gittest.New(t)
	r := gitcmd.Open(dir)
	defer r.Close()
	gittest.Run(t, dir, "checkout", "-q", "--orphan", "data")
	gittest.Run(t, dir, "commit", "-q", "--allow-empty", "-m", "start")
	linked := filepath.Join(t.TempDir(), "linked")
	gittest.Run(t, dir, "worktree", "add", "-q", "--detach", linked)
	checkConfig(t, dir, "")

	commitConfig(t, r, "refs/heads/master", "datapact.jq", "a")
	checkConfig(t, dir, "master:datapact.jq a")
	commitConfig(t, r, "refs/heads/main", "datapact.json", "b")
	checkConfig(t, dir, "main:datapact.json b")
	checkConfig(t, linked, "main:datapact.json b")
	commitConfig(t, r, "refs/heads/devel", "datapact.json", "c")
	gittest.Run(t, dir, "config", "init.defaultBranch", "devel")
	checkConfig(t, dir, "devel:datapact.json c")

	// What the main worktree has checked out counts in a linked one.
	commitConfig(t, r, "refs/heads/trunk", "datapact.json", "d")
	gittest.Run(t, dir, "checkout", "-q", "trunk")
	checkConfig(t, dir, "datapact.json d")
	checkConfig(t, linked, "trunk:datapact.json d")
	gittest.Run(t, dir, "checkout", "-q", "data")

	// The remote tells which branch is the default one; the local one of that name counts.
	gittest.Run(t, dir, "config", "remote.hub.url", "nowhere")
	gittest.Run(t, dir, "symbolic-ref", "refs/remotes/hub/HEAD", "refs/remotes/hub/gone")
	checkConfig(t, dir, "devel:datapact.json c")
	gittest.Run(t, dir, "config", "remote.origin.url", "nowhere")
	commitConfig(t, r, "refs/remotes/origin/release/1", "datapact.json", "e")
	gittest.Run(t, dir, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/release/1")
	checkConfig(t, dir, "origin/release/1:datapact.json e")
	checkConfig(t, linked, "origin/release/1:datapact.json e")
	commitConfig(t, r, "refs/heads/release/1", "datapact.json", "f")
	checkConfig(t, dir, "release/1:datapact.json f")

	// One of the worktree comes before it, one that git's configuration names before all.
	commitConfig(t, r, "refs/remotes/origin/ops", "deep/any.jq", "g")
	writeTop(t, r, "datapact.json", `{branches_list: [{branch: "h"}]}`)
	checkConfig(t, dir, "datapact.json h")
	checkConfig(t, linked, "release/1:datapact.json f")
	gittest.Run(t, dir, "config", "datapact.config", "ops:deep/any.jq")
	checkConfig(t, dir, "origin/ops:deep/any.jq g")
	checkConfig(t, linked, "origin/ops:deep/any.jq g")
}

// A configuration that is chosen and not there is not the same as none.
func TestChosenConfigFaults(t *testing.T) {
	dir := gittest.New(t)
	r := gitcmd.Open(dir)
	defer r.Close()
	commitConfig(t, r, "refs/heads/main", "datapact.json", "a")
	for chosen, want := range map[string]string{
		"main:other.json":     "git config datapact.config: file other.json of branch main: not found",
		"gone:datapact.json":  "git config datapact.config: branch gone: not found",
		"main":                `git config datapact.config: want REV:PATH, such as main:datapact.json, have "main"`,
		":datapact.json":      `git config datapact.config: want REV:PATH, such as main:datapact.json, have ":datapact.json"`,
		"main:../other.json":  `git config datapact.config: want REV:PATH, such as main:datapact.json, have "main:../other.json"`,
		"main~0:list.json":    "main~0:list.json: the configuration: want an object, have a list\nmain~0:list.json: branches_list: want at least one branch",
		"main^{}:list.json/a": "git config datapact.config: file list.json/a of branch main^{}: not found",
	} {
		gittest.Run(t, dir, "config", "datapact.config", chosen)
		checkConfig(t, dir, want)
	}
	gittest.Run(t, dir, "config", "datapact.config", "gone:datapact.json")
	fresh := gitcmd.Open(dir)
	defer fresh.Close()
	config, err := findConfig(t.Context(), fresh)
	if config != nil || err == nil || !strings.Contains(err.Error(), "datapact.config") {
		t.Errorf("findConfig = %v, %v, want the error", config, err)
	}
}

// Where both names are on the default branch, none is chosen; a local default branch that
// cannot be read is not passed over for the remote's.
func TestConfigOfBadDefaultBranch(t *testing.T) {
	gittest.FilesOfRefs(t)
	dir := gittest.New(t)
	r := gitcmd.Open(dir)
	defer r.Close()
	gittest.Run(t, dir, "checkout", "-q", "--orphan", "data")
	gittest.Run(t, dir, "commit", "-q", "--allow-empty", "-m", "start")
	commit, err := r.Commit(t.Context(), gitcmd.NewCommit{Message: "two\n", Changes: []gitcmd.Change{
		{Path: "datapact.json", Data: []byte("{}")}, {Path: "datapact.jq", Data: []byte("{}")}}})
	if err == nil {
		err = r.UpdateRef(t.Context(), "refs/heads/main", commit, "", "test")
	}
	if err != nil {
		t.Fatal(err)
	}
	checkConfig(t, dir, "there are both main:datapact.json and datapact.jq: which one counts?")

	gittest.Run(t, dir, "config", "remote.origin.url", "nowhere")
	gittest.Run(t, dir, "update-ref", "-d", "refs/heads/main")
	commitConfig(t, r, "refs/remotes/origin/main", "datapact.json", "a")
	checkConfig(t, dir, "origin/main:datapact.json a")
	writeTop(t, r, ".git/refs/heads/main", strings.Repeat("1", 40)+"\n")
	fresh := gitcmd.Open(dir)
	defer fresh.Close()
	if config, err := LoadConfig(t.Context(), fresh, nil); err == nil || !strings.Contains(err.Error(), "refs/heads/main") {
		t.Errorf("LoadConfig = %+v, %v, want an error about refs/heads/main", config, err)
	}
}
