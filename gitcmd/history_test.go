package gitcmd_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/gitcmd/gittest"
)

// versions lists the blobs that a walk tells of, as "path content", sorted.
func versions(t *testing.T, r *gitcmd.Repository, what gitcmd.HistoryRange) []string {
	t.Helper()
	var list []string
	for entry, err := range r.History(t.Context(), what) {
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range entry.Files {
			if file.Hash == "" {
				continue
			}
			object, err := r.Object(t.Context(), string(file.Hash))
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, file.Path+" "+string(object.Data))
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// TestHistory: what is hidden behind merges, tags, reflogs and other worktrees shows.
func TestHistory(t *testing.T) {
	dir := gittest.New(t)
	commit := func(name, content string) string {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
		gittest.Run(t, dir, "add", "-A")
		gittest.Run(t, dir, "commit", "-q", "-m", content)
		return gittest.Run(t, dir, "rev-parse", "HEAD")
	}
	base := commit("a", "1")
	side := commit("a", "side")
	gittest.Run(t, dir, "reset", "-q", "--hard", base)
	commit("a", "2")
	gittest.Run(t, dir, "merge", "-q", "-s", "ours", "-m", "ours", side)
	main := gittest.Run(t, dir, "rev-parse", "HEAD")
	commit("b", "tagged")
	gittest.Run(t, dir, "tag", "-a", "-m", "t", "t")
	gittest.Run(t, dir, "reset", "-q", "--hard", main)
	commit("b", "elsewhere")
	gittest.Run(t, dir, "worktree", "add", "-q", "--detach", filepath.Join(t.TempDir(), "w"))
	gittest.Run(t, dir, "reset", "-q", "--hard", main)
	lost := commit("b", "lost")
	gittest.Run(t, dir, "reset", "-q", "--hard", main)
	r := gitcmd.Open(dir)
	defer r.Close()
	all := []string{"a 1", "a 2", "a side", "b elsewhere", "b lost", "b tagged"}
	if got := versions(t, r, gitcmd.HistoryRange{Reflogs: true}); !slices.Equal(got, all) {
		t.Errorf("History with reflogs = %q, want %q", got, all)
	}
	if got, want := versions(t, r, gitcmd.HistoryRange{}), slices.Delete(slices.Clone(all), 4, 5); !slices.Equal(got, want) {
		t.Errorf("History = %q, want %q", got, want)
	}
	if got := versions(t, r, gitcmd.HistoryRange{Also: []gitcmd.Hash{gitcmd.Hash(lost)}}); !slices.Equal(got, all) {
		t.Errorf("History with another commit = %q, want %q", got, all)
	}
	if got, want := versions(t, r, gitcmd.HistoryRange{Not: []gitcmd.Hash{gitcmd.Hash(main)}}), []string{"b elsewhere", "b tagged"}; !slices.Equal(got, want) {
		t.Errorf("History since a commit = %q, want %q", got, want)
	}
}

func TestRefs(t *testing.T) {
	dir := gittest.New(t)
	gittest.Run(t, dir, "commit", "-q", "--allow-empty", "-m", "start")
	gittest.Run(t, dir, "tag", "-a", "-m", "t", "t")
	gittest.Run(t, dir, "update-ref", "refs/remotes/origin/team/set", "HEAD")
	head := gittest.Run(t, dir, "rev-parse", "HEAD")
	r := gitcmd.Open(dir)
	defer r.Close()
	refs, err := r.Refs(t.Context())
	if err != nil || len(refs) != 3 {
		t.Fatalf("Refs = %v, %v, want 3", refs, err)
	}
	var names []string
	for _, ref := range refs {
		if string(ref.Hash) != head || ref.Kind != gitcmd.Commit {
			t.Errorf("ref %+v, want the commit %s", ref, head)
		}
		if branch, ok := ref.Branch(); ok {
			names = append(names, branch.Name)
		}
	}
	if strings.Join(names, " ") != "main team/set" {
		t.Errorf("branches are %q", names)
	}
	missing, err := r.Missing(t.Context(), []gitcmd.Hash{gitcmd.Hash(head), "1111111111111111111111111111111111111111"})
	if err != nil || len(missing) != 1 || missing[0][0] != '1' {
		t.Errorf("Missing = %v, %v", missing, err)
	}
}
