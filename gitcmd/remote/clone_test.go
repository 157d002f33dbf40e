package remote_test

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
	"github.com/git-datapact/git-datapact/gitcmd/remote"
)

// serverOf makes a repository whose branch main changes a file of another folder in
// each of n commits. It returns its folder and the commits, the oldest first.
func serverOf(t *testing.T, n int) (string, []gitcmd.Hash) {
	t.Helper()
	dir := gittest.New(t)
	gittest.Run(t, dir, "config", "uploadpack.allowFilter", "true")
	var commits []gitcmd.Hash
	for i := range n {
		file := filepath.Join(dir, "result", fmt.Sprintf("%02d", i), "file")
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(fmt.Sprint(i)), 0o666); err != nil {
			t.Fatal(err)
		}
		t.Setenv("GIT_COMMITTER_DATE", fmt.Sprintf("2020-01-01T10:%02d:00Z", i))
		gittest.Run(t, dir, "add", ".")
		gittest.Run(t, dir, "commit", "-q", "-m", "more")
		commits = append(commits, gitcmd.Hash(gittest.Run(t, dir, "rev-parse", "HEAD")))
	}
	return dir, commits
}

// cloneOf makes a clone in a session of its own.
func cloneOf(t *testing.T, server string, whole bool, settings ...remote.Setting) *remote.Clone {
	t.Helper()
	session, err := remote.NewSession(remote.Access{Address: "file://" + server, Settings: settings, Name: "A", Email: "a@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	clone, err := session.Clone(filepath.Join(t.TempDir(), "clone.git"), whole)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(clone.Close(), session.Close()); err != nil {
			t.Error(err)
		}
	})
	return clone
}

func TestCloneHoldsWhatWasAskedFor(t *testing.T) {
	server, commits := serverOf(t, 6)
	clone := cloneOf(t, server, false)
	if err := clone.FetchCommit(t.Context(), commits[3]); err != nil {
		t.Fatal(err)
	}
	known, err := clone.ReadCommit(t.Context(), commits[3])
	if err != nil || known.Parent != commits[2] {
		t.Errorf("Commit = %+v, %v, want the parent %s", known, err, commits[2])
	}
	extent := remote.Extent{Filter: remote.NoFiles, Since: known.Time}
	if err := clone.FetchBranches(t.Context(), extent, "main"); err != nil {
		t.Fatal(err)
	}
	list, err := clone.Commits(t.Context(), string(commits[2])+"..refs/heads/main")
	if err != nil || len(list) != 3 || list[0].Hash != commits[5] || list[2].Hash != commits[3] {
		t.Fatalf("Commits = %+v, %v, want the last three", list, err)
	}
	parent, err := clone.ReadCommit(t.Context(), commits[2])
	if err != nil {
		t.Fatal(err)
	}
	if err := clone.BringChanged(t.Context(), append(list, parent), "result"); err != nil {
		t.Fatal(err)
	}
	found, err := clone.Find(t.Context(), remote.Place{Tree: list[0].Tree, Path: "result/04/file"}, remote.Place{Tree: list[0].Tree, Path: "result/99/file"})
	if err != nil || found[0] == "" || found[1] != "" {
		t.Errorf("Find = %q, %v, want one of two", found, err)
	}
	dir, _ := clone.GitDir(t.Context())
	if held := gittest.Run(t, dir, "cat-file", "--batch-all-objects", "--batch-check"); strings.Contains(held, "blob") || strings.Count(held, "commit") > 5 {
		t.Errorf("the clone holds\n%s\nwant no files and no more than five commits", held)
	}
	folder := remote.Folder{Tree: list[0].Tree, Path: "result/02"}
	if err := clone.Bring(t.Context(), []remote.Folder{folder}, remote.Place{Tree: list[0].Tree, Path: "result/03/file"}, remote.Place{Tree: list[0].Tree, Path: "result/03"}); err != nil {
		t.Fatal(err)
	}
	if held := gittest.Run(t, dir, "cat-file", "--batch-all-objects", "--batch-check"); strings.Count(held, "blob") != 1 {
		t.Errorf("the clone holds\n%s\nwant the one file", held)
	}
	if object, err := clone.Here().Object(t.Context(), string(list[0].Hash)+":result/03/file"); err != nil || string(object.Data) != "3" {
		t.Errorf("Object = %v, %v, want the file", object, err)
	}
	object, err := clone.Object(t.Context(), string(list[0].Hash)+":result/04/file")
	if err != nil || string(object.Data) != "4" {
		t.Errorf("Object = %v, %v, want the file", object, err)
	}
}

// TestCloneBack reads the newest commits as far as they are here.
func TestCloneBack(t *testing.T) {
	server, commits := serverOf(t, 6)
	clone := cloneOf(t, server, false)
	back := func(to gitcmd.Hash, want ...gitcmd.Hash) {
		t.Helper()
		list, err := clone.Back(t.Context(), "main", to)
		var got []gitcmd.Hash
		for _, commit := range list {
			got = append(got, commit.Hash)
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("Back(%s) = %v, %v, want %v", to, got, err, want)
		}
	}
	back("")
	for i, want := range []bool{true, false} { // what is here is not asked for again
		with, err := clone.FetchCommitWith(t.Context(), commits[4], "main")
		if err != nil || with != want {
			t.Errorf("FetchCommitWith, call %d = %t, %v, want %t", i, with, err, want)
		}
	}
	// The last commit of a history that was cut off does not tell what it changed.
	back("", commits[5], commits[4], commits[3])
	back(commits[5], commits[5])
	back(commits[4], commits[5], commits[4])
	back(commits[3])
	if err := clone.FetchBranches(t.Context(), remote.Extent{Filter: remote.NoFolders, Depth: 4}, "main"); err != nil {
		t.Fatal(err)
	}
	back(commits[3], commits[5], commits[4], commits[3])
	back(commits[0])
	if err := clone.FetchBranches(t.Context(), remote.Extent{Filter: remote.NoFolders, All: true}, "main"); err != nil {
		t.Fatal(err)
	}
	back("", commits[5], commits[4], commits[3], commits[2], commits[1], commits[0])

	alone := cloneOf(t, server, false)
	if with, err := alone.FetchCommitWith(t.Context(), commits[4], "none"); err != nil || with {
		t.Errorf("FetchCommitWith a branch that is not there = %t, %v, want the commit alone", with, err)
	}
	if _, err := alone.ReadCommit(t.Context(), commits[3]); err != nil {
		t.Errorf("the parent was not brought: %v", err)
	}
	if _, err := alone.FetchCommitWith(t.Context(), gitcmd.Hash(strings.Repeat("1", len(commits[0]))), "main"); !errors.Is(err, gitcmd.ErrNotFound) {
		t.Errorf("FetchCommitWith of no commit = %v, want not found", err)
	}
}

func TestCloneErrors(t *testing.T) {
	server, commits := serverOf(t, 3)
	clone := cloneOf(t, server, false)
	if err := clone.FetchCommit(t.Context(), gitcmd.Hash(strings.Repeat("1", len(commits[0])))); !errors.Is(err, gitcmd.ErrNotFound) {
		t.Errorf("FetchCommit of none = %v, want not found", err)
	}
	if err := clone.FetchBranches(t.Context(), remote.Extent{}, "none"); !errors.Is(err, gitcmd.ErrNotFound) || !strings.Contains(err.Error(), "branch none") {
		t.Errorf("FetchBranches of none = %v, want not found", err)
	}
	old := cloneOf(t, server, false, remote.Setting{Name: "protocol.version", Value: "0"})
	if err := old.FetchCommit(t.Context(), commits[1]); !errors.Is(err, remote.ErrWhole) {
		t.Errorf("FetchCommit by an old protocol = %v, want whole branches", err)
	}
	whole := cloneOf(t, server, true)
	if err := whole.FetchBranches(t.Context(), remote.Extent{Depth: 1, Filter: remote.NoFiles}, "main"); err != nil {
		t.Fatal(err)
	}
	if list, err := whole.Commits(t.Context(), "refs/heads/main"); err != nil || len(list) != 3 {
		t.Errorf("a whole clone has %v, %v, want three commits", list, err)
	}
	gone := cloneOf(t, filepath.Join(server, "none"), false)
	err := gone.FetchBranches(t.Context(), remote.Extent{}, "main")
	if !remote.IsUnreachable(err) || !strings.Contains(err.Error(), "there is no such repository") {
		t.Errorf("FetchBranches of no repository = %v, want a reason", err)
	}
}

// TestSessionKeepsSecrets wants the password neither in a file nor in an address, and
// the query in no address that is shown.
func TestSessionKeepsSecrets(t *testing.T) {
	gittest.New(t)
	session, err := remote.NewSession(remote.Access{Address: "https://user:hush-hush@example.com/x.git?a=b", KnownHosts: "h", Key: []byte("KEY")})
	if err != nil {
		t.Fatal(err)
	}
	clone, err := session.Clone(filepath.Join(session.Folder(), "clone.git"), false)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := session.Address(), "https://example.com/x.git"; got != want {
		t.Errorf("Address = %s, want %s", got, want)
	}
	if value, _, err := clone.Config(t.Context(), "remote.origin.url"); err != nil || value != "https://example.com/x.git?a=b" {
		t.Errorf("the remote is %s, %v", value, err)
	}
	var written []string
	err = filepath.WalkDir(session.Folder(), func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if strings.Contains(string(data), "hush") {
			t.Errorf("%s holds the password", path)
		}
		if info, err := entry.Info(); err == nil && filepath.Dir(path) == session.Folder() {
			written = append(written, entry.Name())
			if info.Mode().Perm() != 0o600 {
				t.Errorf("%s has the mode %v, want 0600", path, info.Mode())
			}
		}
		return err
	})
	slices.Sort(written)
	if want := []string{"gitconfig", "key", "known_hosts"}; err != nil || !slices.Equal(written, want) {
		t.Errorf("the session wrote %q, %v, want %q", written, err, want)
	}
	if err := errors.Join(clone.Close(), session.Close()); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(session.Folder()); err == nil {
		t.Error("the session left its folder")
	}
	for _, address := range []string{"-oProxyCommand=x", "ext::sh -c x"} {
		if _, err := remote.NewSession(remote.Access{Address: address}); err == nil {
			t.Errorf("NewSession(%q) succeeded", address)
		}
	}
}
