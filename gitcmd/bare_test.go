package gitcmd_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/gitcmd/gittest"
)

// TestBare makes a repository as git itself would, and brings branches there.
func TestBare(t *testing.T) {
	for _, format := range []gitcmd.Format{gitcmd.SHA1, gitcmd.SHA256} {
		t.Run(string(format), func(t *testing.T) { testBare(t, format) })
	}
}

func testBare(t *testing.T, format gitcmd.Format) {
	server := gittest.New(t, "--object-format="+string(format))
	gittest.Run(t, server, "commit", "-q", "--allow-empty", "-m", "first")
	head := gittest.Run(t, server, "rev-parse", "HEAD")
	dir := filepath.Join(t.TempDir(), "bare.git")
	if err := gitcmd.NewBare(dir, format); err != nil {
		t.Fatal(err)
	}
	r := gitcmd.OpenBare(dir, append(os.Environ(), "GIT_DIR="+dir))
	defer r.Close()
	// What git describe would say of the commit is a name that a branch can have, too.
	described := "refs/heads/v1-1-g" + head[:12]
	want := func(ref, commit string) {
		t.Helper()
		if got, err := r.RefCommit(t.Context(), ref); err != nil || string(got) != commit {
			t.Errorf("RefCommit(%s) = %q, %v, want %q", ref, got, err, commit)
		}
	}
	want("refs/heads/other", "")
	if _, err := r.Git(t.Context(), nil, "fetch", "-q", server, "main:refs/heads/other"); err != nil {
		t.Fatal(err)
	}
	want("refs/heads/other", head)
	want(described, "")
	gittest.Run(t, dir, "update-ref", described, head)
	want(described, head)
	gittest.Run(t, dir, "fsck", "--strict")
	for _, shallow := range []bool{false, true} {
		if shallow {
			if err := os.WriteFile(filepath.Join(dir, "shallow"), []byte(head+"\n"), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := r.IsShallow(t.Context()); err != nil || got != shallow {
			t.Errorf("IsShallow = %t, %v, want %t", got, err, shallow)
		}
	}
	if got, err := r.Format(t.Context()); err != nil || got != format {
		t.Errorf("Format = %s, %v, want %s", got, err, format)
	}
	if got, err := r.GitDir(t.Context()); err != nil || got != dir {
		t.Errorf("GitDir = %s, %v, want %s", got, err, dir)
	}
}
