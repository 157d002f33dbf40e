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

// TestHeads: every line counts, in every worktree, and of tags what is tagged.
func TestHeads(t *testing.T) {
	gittest.FilesOfRefs(t)
	dir := gittest.New(t)
	var commits []string
	for _, message := range []string{"1", "2", "3", "4"} {
		gittest.Run(t, dir, "commit", "-q", "--allow-empty", "-m", message)
		commits = append(commits, gittest.Run(t, dir, "rev-parse", "HEAD"))
	}
	gittest.Run(t, dir, "tag", "-a", "-m", "tree", "tree", "HEAD^{tree}")
	tag := gittest.Run(t, dir, "rev-parse", "tree")
	gittest.Run(t, dir, "worktree", "add", "-q", "--detach", "--no-checkout", filepath.Join(t.TempDir(), "w"), commits[3])
	r := gitcmd.Open(dir)
	defer r.Close()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, ".git", filepath.FromSlash(name)), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	_ = os.Remove(filepath.Join(dir, ".git", "worktrees", "w", "ORIG_HEAD"))
	write("MERGE_HEAD", commits[0]+"\n"+commits[1]+"\n")
	write("FETCH_HEAD", "")
	write("worktrees/w/FETCH_HEAD", commits[2]+"\tnot-for-merge\tbranch 'a' of ../b\n"+tag+"\t\ttag 'tree' of ../b\n")
	write("worktrees/w/ORIG_HEAD", strings.Repeat("1", len(commits[0]))+"\n") // pruned
	refs, err := r.Heads(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, ref := range refs {
		got = append(got, string(ref.Kind)+" "+string(ref.Hash))
	}
	want := []string{"commit " + commits[0], "commit " + commits[1], "commit " + commits[3], "commit " + commits[2],
		"tree " + gittest.Run(t, dir, "rev-parse", "HEAD^{tree}")}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("Heads = %q, want %q", got, want)
	}
	for _, text := range []string{"", "0123\n", commits[0] + "\nnothing\n"} {
		write("worktrees/w/CHERRY_PICK_HEAD", text)
		if _, err := r.Heads(t.Context()); err == nil || !strings.Contains(err.Error(), "CHERRY_PICK_HEAD") {
			t.Errorf("Heads with a file of %q: %v, want an error that names it", text, err)
		}
	}
}

// TestHeadsInReftable: where worktrees keep their refs in a reftable, what they are at is
// found there, and in the files that are left.
func TestHeadsInReftable(t *testing.T) {
	gittest.NeedsReftable(t)
	dir := gittest.New(t, "--ref-format=reftable")
	var commits []string
	for _, message := range []string{"1", "2", "3", "4"} {
		gittest.Run(t, dir, "commit", "-q", "--allow-empty", "-m", message)
		commits = append(commits, gittest.Run(t, dir, "rev-parse", "HEAD"))
	}
	worktree := filepath.Join(t.TempDir(), "w")
	gittest.Run(t, dir, "worktree", "add", "-q", "--detach", worktree, commits[2])
	gittest.Run(t, worktree, "update-ref", "CHERRY_PICK_HEAD", commits[1])
	gittest.Run(t, dir, "update-ref", "ORIG_HEAD", commits[0])
	fetched := filepath.Join(dir, ".git", "worktrees", "w", "FETCH_HEAD")
	if err := os.WriteFile(fetched, []byte(commits[3]+"\t\tbranch 'a' of ../b\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	r := gitcmd.Open(dir)
	defer r.Close()
	refs, err := r.Heads(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, ref := range refs {
		got = append(got, string(ref.Hash))
	}
	slices.Sort(got)
	slices.Sort(commits)
	if !slices.Equal(slices.Compact(got), commits) {
		t.Errorf("Heads = %q, want %q", got, commits)
	}
	table := filepath.Join(dir, ".git", "worktrees", "w", "reftable", "tables.list")
	if err := os.WriteFile(table, []byte("nothing\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if refs, err := r.Heads(t.Context()); err == nil {
		t.Errorf("Heads with a broken reftable = %v, want an error", refs)
	}
}
