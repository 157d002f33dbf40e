package gitcmd_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/gitcmd/gittest"
)

// TestBrokenRefs: a ref that git leaves out, or whose object is not there, is named by
// whatever lists refs; the others are listed beside the error.
func TestBrokenRefs(t *testing.T) {
	const nowhere = "1234567890123456789012345678901234567890"
	tests := []struct {
		name, file, content string
		broken              string // "" for nothing that git would not do itself
	}{
		{"empty", "refs/heads/set", "", "refs/heads/set"},
		{"cut off", "refs/heads/set", "12345\n", "refs/heads/set"},
		{"zeros of a disk", "refs/heads/set", strings.Repeat("\x00", 41), "refs/heads/set"},
		{"no object", "refs/heads/set", strings.Repeat("0", 40) + "\n", "refs/heads/set"},
		{"missing commit", "refs/heads/set", nowhere + "\n", "refs/heads/set"},
		{"missing commit of a packed ref", "packed-refs", "# pack-refs with:\n" + nowhere + " refs/heads/set\n", "refs/heads/set"},
		{"a tree", "refs/heads/set", "TREE\n", "refs/heads/set"},
		{"a tag of a server", "refs/tags/set", nowhere + "\n", "refs/tags/set"},
		{"remote-tracking", "refs/remotes/origin/set", "\n", "refs/remotes/origin/set"},
		{"a name that is none", "refs/heads/set (copy)", "HEAD\n", "refs/heads/set (copy)"},
		{"emptied packed-refs", "packed-refs", "", "packed-refs"},
		{"a remote's HEAD that is gone", "refs/remotes/origin/HEAD", "ref: refs/remotes/origin/gone\n", ""},
		{"a symbolic ref to no branch", "refs/heads/set", "ref: refs/heads/gone\n", ""},
		{"unborn", "HEAD", "ref: refs/heads/set\n", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := gittest.New(t)
			gittest.Run(t, dir, "commit", "-q", "--allow-empty", "-m", "start")
			content := strings.ReplaceAll(test.content, "HEAD\n", gittest.Run(t, dir, "rev-parse", "HEAD")+"\n")
			content = strings.ReplaceAll(content, "TREE\n", gittest.Run(t, dir, "rev-parse", "HEAD^{tree}")+"\n")
			path := filepath.Join(dir, ".git", filepath.FromSlash(test.file))
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte(content), 0o666)); err != nil {
				t.Fatal(err)
			}
			r := gitcmd.Open(dir)
			defer r.Close()
			refs, err := r.Refs(t.Context())
			if len(refs) != 1 || refs[0].Name != "refs/heads/main" {
				t.Errorf("Refs = %v, want the one that can be read", refs)
			}
			if test.broken == "" {
				if err != nil {
					t.Errorf("Refs: %v", err)
				}
				return
			}
			broken, ok := errors.AsType[*gitcmd.BrokenRefsError](err)
			if !ok || !slices.Equal(broken.Refs, []string{test.broken}) || !strings.Contains(err.Error(), test.broken) {
				t.Errorf("Refs: %v, want one that names %s", err, test.broken)
			}
			if strings.HasPrefix(test.broken, "refs/tags/") {
				return
			}
			_, err = r.AllBranches(t.Context())
			if _, ok := errors.AsType[*gitcmd.BrokenRefsError](err); !ok {
				t.Errorf("AllBranches: %v", err)
			}
			if strings.Contains(test.broken, " ") {
				return
			}
			_, err = r.FindBranch(t.Context(), "set")
			if _, ok := errors.AsType[*gitcmd.BrokenRefsError](err); !ok {
				t.Errorf("FindBranch: %v", err)
			}
			if _, err := r.FindBranch(t.Context(), "main"); err != nil {
				t.Errorf("FindBranch of another: %v", err)
			}
		})
	}
}

// TestBrokenLocalBranch: the remote's branch does not stand in for a local one that
// cannot be read.
func TestBrokenLocalBranch(t *testing.T) {
	dir := gittest.New(t)
	gittest.Run(t, dir, "commit", "-q", "--allow-empty", "-m", "start")
	gittest.Run(t, dir, "update-ref", "refs/remotes/origin/set", "HEAD")
	r := gitcmd.Open(dir)
	defer r.Close()
	if b, err := r.FindBranch(t.Context(), "set"); err != nil || b.Remote != "origin" {
		t.Fatalf("FindBranch = %+v, %v", b, err)
	}
	if err := os.WriteFile(filepath.Join(dir, ".git", "refs", "heads", "set"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if b, err := r.FindBranch(t.Context(), "set"); err == nil || !strings.Contains(err.Error(), "refs/heads/set") {
		t.Errorf("FindBranch = %+v, %v, want an error that names refs/heads/set", b, err)
	}
}

// TestDamagedPath: a path whose folder is not in the repository is not one that the
// commit does not have.
func TestDamagedPath(t *testing.T) {
	dir := gittest.New(t)
	for _, path := range []string{"top", "a/b/c"} {
		path = filepath.Join(dir, path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte(path), 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	gittest.Run(t, dir, "add", "-A")
	gittest.Run(t, dir, "commit", "-q", "-m", "start")
	absent := []string{"HEAD:none", "HEAD:a/none", "HEAD:a/b/none/at/all", "HEAD:top/none", "1234567890123456789012345678901234567890:top", ":none"}
	check := func(rev string, missing bool) {
		t.Helper()
		r := gitcmd.Open(dir)
		defer r.Close()
		if _, err := r.Headers(t.Context(), []string{rev}); err == nil || errors.Is(err, gitcmd.ErrNotFound) != missing {
			t.Errorf("Headers(%q): %v, want an error that is ErrNotFound: %t", rev, err, missing)
		}
	}
	for _, rev := range absent {
		check(rev, true)
	}
	for _, lost := range []string{"HEAD:a/b/c", "HEAD:a/b", "HEAD:a", "HEAD^{tree}"} {
		hash := gittest.Run(t, dir, "rev-parse", lost)
		if err := os.Remove(filepath.Join(dir, ".git", "objects", hash[:2], hash[2:])); err != nil {
			t.Fatal(err)
		}
		check("HEAD:a/b/c", false)
		check(fmt.Sprintf("%s:a/b/c", gittest.Run(t, dir, "rev-parse", "HEAD")), false)
	}
}
