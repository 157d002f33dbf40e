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
	gittest.FilesOfRefs(t)
	tests := []struct {
		name, file, content string
		broken              string // "" for nothing that git would not do itself
	}{
		{"empty", "refs/heads/set", "", "refs/heads/set"},
		{"cut off", "refs/heads/set", "12345\n", "refs/heads/set"},
		{"zeros of a disk", "refs/heads/set", strings.Repeat("\x00", 65), "refs/heads/set"},
		{"no object", "refs/heads/set", "ZEROS\n", "refs/heads/set"},
		{"missing commit", "refs/heads/set", "NOWHERE\n", "refs/heads/set"},
		{"missing commit of a packed ref", "packed-refs", "# pack-refs with: sorted \nNOWHERE refs/heads/set\n", "refs/heads/set"},
		{"a tree", "refs/heads/set", "TREE\n", "refs/heads/set"},
		{"a tag of a server", "refs/tags/set", "NOWHERE\n", "refs/tags/set"},
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
			head := gittest.Run(t, dir, "rev-parse", "HEAD")
			content := strings.NewReplacer("HEAD\n", head+"\n", "TREE\n", gittest.Run(t, dir, "rev-parse", "HEAD^{tree}")+"\n",
				"ZEROS", strings.Repeat("0", len(head)), "NOWHERE", strings.Repeat("12", len(head)/2)).Replace(test.content)
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
	gittest.FilesOfRefs(t)
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

// TestBrokenReftable: git finds no refs in a damaged reftable, and that is an error here.
func TestBrokenReftable(t *testing.T) {
	gittest.NeedsReftable(t)
	for _, damage := range []string{"nothing\n", ""} {
		dir := gittest.New(t, "--ref-format=reftable")
		r := gitcmd.Open(dir)
		defer r.Close()
		if refs, err := r.Refs(t.Context()); err != nil || len(refs) > 0 {
			t.Errorf("Refs without a commit = %v, %v", refs, err)
		}
		gittest.Run(t, dir, "commit", "-q", "--allow-empty", "-m", "start")
		gittest.Run(t, dir, "branch", "set")
		for _, head := range []string{"main", "HEAD^0"} {
			gittest.Run(t, dir, "checkout", "-q", head)
			if refs, err := r.Refs(t.Context()); err != nil || len(refs) != 2 {
				t.Errorf("Refs at %s = %v, %v, want two", head, refs, err)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, ".git", "reftable", "tables.list"), []byte(damage), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Refs(t.Context()); err == nil || !strings.Contains(err.Error(), "reftable") {
			t.Errorf("Refs of a reftable of %q: %v, want an error", damage, err)
		}
		fresh := gitcmd.Open(dir)
		defer fresh.Close()
		if _, err := fresh.FindBranch(t.Context(), "set"); err == nil || errors.Is(err, gitcmd.ErrNotFound) {
			t.Errorf("FindBranch in a reftable of %q: %v, want an error", damage, err)
		}
	}
}
