package gitcmd_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/gitcmd/gittest"
)

// Branches of a remote are found where its refspecs put them, whatever these say.
func TestTracking(t *testing.T) {
	dir := t.TempDir()
	gittest.Run(t, dir, "init", "-q")
	gittest.Run(t, dir, "remote", "add", "hub", "../hub.git")
	gittest.Run(t, dir, "config", "remote.hub.fetch", "+refs/heads/data/*:refs/remotes/hub/d-*")
	gittest.Run(t, dir, "config", "--add", "remote.hub.fetch", "refs/heads/main:refs/kept/main")
	gittest.Run(t, dir, "config", "--add", "remote.hub.fetch", "^refs/heads/data/no")
	gittest.Run(t, dir, "-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "-q", "--allow-empty", "-m", "x")
	for _, ref := range []string{"refs/remotes/hub/d-a/b", "refs/remotes/hub/d-no", "refs/remotes/hub/other", "refs/kept/main", "refs/kept/more"} {
		gittest.Run(t, dir, "update-ref", ref, "HEAD")
	}
	repository := gitcmd.Open(dir)
	defer repository.Close()
	tracking, err := repository.Tracking(t.Context(), "hub")
	if err != nil {
		t.Fatal(err)
	}
	for branch, want := range map[string]string{"data/a/b": "refs/remotes/hub/d-a/b", "main": "refs/kept/main", "data/no": "", "other": ""} {
		if got := tracking.Ref(branch); got != want {
			t.Errorf("Ref(%q) = %q, want %q", branch, got, want)
		}
	}
	branches, err := repository.RemoteBranches(t.Context(), tracking)
	if err != nil || len(branches) != 2 || branches[0].Name != "data/a/b" || branches[1].Name != "main" {
		t.Errorf("RemoteBranches = %v, %v, want data/a/b and main", branches, err)
	}
	for name, spec := range map[string]string{"mirror": "+refs/*:refs/*", "heads": "+refs/heads/*:refs/heads/*", "none": "refs/heads/main"} {
		gittest.Run(t, dir, "config", "remote."+name+".url", "x")
		gittest.Run(t, dir, "config", "remote."+name+".fetch", spec)
		if _, err := gitcmd.Open(dir).Tracking(t.Context(), name); err == nil {
			t.Errorf("Tracking(%q) = nil, want an error about %s", name, spec)
		}
	}
}

// TestRemotes: the configuration tells the same remotes as git does.
func TestRemotes(t *testing.T) {
	for _, config := range [][]string{
		{},
		{"remote.pushDefault=hub"},
		{"remote.hub.url=../hub.git", "remote.hub.fetch=+refs/heads/*:refs/remotes/hub/*", "remote.Hub.url=../other.git"},
		{"remote.a.b/c.url=../x", "remote.z.prune=true", "branch.main.remote=upstream", "remotes.all=z"},
		{"remote./refused.url=../x", "remote.b.pushurl=../y"},
	} {
		dir := gittest.New(t)
		for _, setting := range config {
			key, value, _ := strings.Cut(setting, "=")
			gittest.Run(t, dir, "config", "--add", key, value)
		}
		r := gitcmd.Open(dir)
		got, err := r.Remotes(t.Context())
		want, gitErr := r.Git(t.Context(), nil, "remote")
		if err != nil || gitErr != nil || !slices.Equal(got, strings.Fields(string(want))) {
			t.Errorf("%v: Remotes = %q, %v; git says %q, %v", config, got, err, want, gitErr)
		}
	}
}
