package gitcmd

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/git-datapact/git-datapact/gitcmd/gittest"
)

// newRepository makes an empty repository and tells its folder.
func newRepository(t *testing.T, options ...string) (*Repository, string) {
	t.Helper()
	dir := gittest.New(t, options...)
	r := Open(dir)
	t.Cleanup(func() { _ = r.Close() })
	return r, dir
}

// write commits files to a branch that may not exist yet.
func write(t *testing.T, r *Repository, name string, changes ...Change) Hash {
	t.Helper()
	ctx := t.Context()
	branch, err := r.Branch(ctx, name)
	if errors.Is(err, ErrNotFound) {
		branch, err = r.Unborn(ctx, name)
	}
	if errors.Is(err, ErrNotFound) {
		branch, err = Branch{Name: name, Ref: "refs/heads/" + name}, nil
	}
	if err != nil {
		t.Fatal(err)
	}
	commit, err := r.Commit(ctx, NewCommit{Parent: branch.Commit, Changes: changes, Message: "message\n"})
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, change := range changes {
		paths = append(paths, change.Path)
	}
	if err := r.Advance(ctx, branch, commit, paths, "test"); err != nil {
		t.Fatal(err)
	}
	return commit
}

func TestCommitAndRead(t *testing.T) {
	for _, format := range formats {
		r, dir := newRepository(t, "--object-format="+string(format))
		first := write(t, r, "data", Change{Path: "a/b/c", Data: []byte("one\n")}, Change{Path: "x", Data: []byte("x"), Executable: true})
		second := write(t, r, "data", Change{Path: "a/b/d", Data: []byte("two\n")}) // made as git made the first
		third := write(t, r, "data", Change{Path: "a/b/c", Remove: true}, Change{Path: "a/b/d", Remove: true})
		want := fmt.Sprintf("100644 blob %s\ta/b/c\n100644 blob %s\ta/b/d\n100755 blob %s\tx",
			format.name(Blob, []byte("one\n")), format.name(Blob, []byte("two\n")), format.name(Blob, []byte("x")))
		if got := gittest.Run(t, dir, "ls-tree", "-r", "data~1"); got != want {
			t.Errorf("ls-tree = %q, want %q", got, want)
		}
		if got := gittest.Run(t, dir, "ls-tree", "--name-only", "data"); got != "x" {
			t.Errorf("ls-tree without the folder = %q, want x", got)
		}
		if got := gittest.Run(t, dir, "rev-parse", "data", "data~1", "data~2"); got != fmt.Sprintf("%s\n%s\n%s", third, second, first) {
			t.Errorf("history = %q, want %s on %s on %s", got, third, second, first)
		}
		object, err := r.Object(t.Context(), "refs/heads/data~1:a/b/d")
		if err != nil || string(object.Data) != "two\n" || object.Kind != Blob {
			t.Errorf("Object = %+v, %v, want the blob", object, err)
		}
		gittest.Run(t, dir, "fsck", "--strict")
	}
}

func TestObjectNotFound(t *testing.T) {
	r, _ := newRepository(t)
	commit := write(t, r, "data", Change{Path: "a", Data: []byte("one\n")})
	for _, rev := range []string{"nothing", "data:b", "0123456789012345678901234567890123456789", "data^{commit", "data~7"} {
		if _, err := r.Object(t.Context(), rev); !errors.Is(err, ErrNotFound) {
			t.Errorf("Object(%q) = %v, want not found", rev, err)
		}
	}
	if _, err := r.Object(t.Context(), "data\nHEAD"); err == nil || errors.Is(err, ErrNotFound) {
		t.Errorf("Object with a line feed = %v, want an error", err)
	}
	objects, err := r.Objects(t.Context(), []string{"data:a", "nothing", string(commit)})
	if !errors.Is(err, ErrNotFound) || len(objects) != 3 || string(objects[0].Data) != "one\n" || objects[2].Hash != commit {
		t.Errorf("Objects = %v, %v, want the others and not found", objects, err)
	}
	if got, err := r.ResolveCommit(t.Context(), "data"); err != nil || got != commit {
		t.Errorf("ResolveCommit = %v, %v, want %v: the stream is out of step", got, err, commit)
	}
}

func TestObjectTooLarge(t *testing.T) {
	r, dir := newRepository(t)
	big := filepath.Join(dir, "big")
	if err := os.WriteFile(big, make([]byte, MaxObjectSize+1), 0o666); err != nil {
		t.Fatal(err)
	}
	hash := gittest.Run(t, dir, "hash-object", "-w", big)
	if _, err := r.Object(t.Context(), hash); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("Object = %v, want too large", err)
	}
	if _, err := r.Object(t.Context(), "nothing"); !errors.Is(err, ErrNotFound) {
		t.Errorf("Object after it = %v, want not found: the stream is out of step", err)
	}
}

func TestCancelledObject(t *testing.T) {
	r, _ := newRepository(t)
	write(t, r, "data", Change{Path: "a", Data: []byte("one\n")})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Object(ctx, "data:a"); !errors.Is(err, context.Canceled) {
		t.Errorf("Object = %v, want cancelled", err)
	}
	if _, err := r.Object(t.Context(), "data:a"); err != nil {
		t.Errorf("Object afterwards = %v", err)
	}
}

func TestOutsideOfRepository(t *testing.T) {
	newRepository(t)
	r := Open(t.TempDir())
	defer r.Close()
	_, objectErr := r.Object(t.Context(), "HEAD")
	_, whereErr := r.GitDir(t.Context())
	_, branchErr := r.Branch(t.Context(), "data")
	_, remotesErr := r.Remotes(t.Context())
	for _, err := range []error{objectErr, whereErr, branchErr, remotesErr} {
		if !errors.Is(err, ErrNoRepository) || Hint(err) == "" {
			t.Errorf("error = %v, want no repository with a hint", err)
		}
	}
}

func TestUpdateRefMoved(t *testing.T) {
	r, _ := newRepository(t)
	first := write(t, r, "data", Change{Path: "a", Data: []byte("1")})
	second := write(t, r, "data", Change{Path: "a", Data: []byte("2")})
	for _, old := range []Hash{first, ""} {
		if err := r.UpdateRef(t.Context(), "refs/heads/data", first, old, "test"); !errors.Is(err, ErrMoved) {
			t.Errorf("UpdateRef from %q = %v, want moved", old, err)
		}
	}
	if tip, _ := r.ResolveRef(t.Context(), "refs/heads/data"); tip != second {
		t.Errorf("tip = %s, want %s", tip, second)
	}
}

func TestUpdateRefLocked(t *testing.T) {
	r, dir := newRepository(t)
	tip := write(t, r, "data", Change{Path: "a", Data: []byte("1")})
	lock := filepath.Join(dir, ".git", "refs", "heads", "data.lock")
	if table := filepath.Join(dir, ".git", "reftable", "tables.list"); isFile(table) {
		lock = table + ".lock"
	}
	if err := os.WriteFile(lock, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var updating sync.WaitGroup
	updating.Go(func() {
		defer cancel()
		if err := r.UpdateRef(ctx, "refs/heads/data", tip, tip, "test"); err != nil {
			t.Errorf("UpdateRef after the lock is gone = %v", err)
		}
	})
	if err := os.Remove(lock); err != nil { // at any moment of its tries
		t.Error(err)
	}
	updating.Wait()
}

func TestFindBranch(t *testing.T) {
	r, dir := newRepository(t)
	commit := write(t, r, "deep/data", Change{Path: "a", Data: []byte("1")})
	for _, ref := range []string{"refs/remotes/origin/one", "refs/remotes/other/one", "refs/remotes/other/two", "refs/remotes/x/many", "refs/remotes/y/many"} {
		gittest.Run(t, dir, "update-ref", ref, string(commit))
	}
	tests := []struct{ name, ref, complaint string }{
		{"deep/data", "refs/heads/deep/data", ""},
		{"one", "refs/remotes/origin/one", ""},
		{"two", "refs/remotes/other/two", ""},
		{"many", "", "on several remotes: x, y"},
		{"deep", "", "not found"},
		{"-x", "", "not a branch name"},
		{"a..b", "", "not a branch name"},
		{"a b", "", "not a branch name"},
		{"", "", "not a branch name"},
	}
	for _, test := range tests {
		branch, err := r.FindBranch(t.Context(), test.name)
		switch {
		case test.complaint == "" && (err != nil || branch.Ref != test.ref || branch.Commit != commit):
			t.Errorf("FindBranch(%q) = %+v, %v, want %s", test.name, branch, err, test.ref)
		case test.complaint != "" && (err == nil || !strings.Contains(err.Error(), test.complaint)):
			t.Errorf("FindBranch(%q) = %v, want %q", test.name, err, test.complaint)
		}
	}
}

func TestReadableBranches(t *testing.T) {
	dir := gittest.New(t)
	gittest.Run(t, dir, "commit", "-q", "--allow-empty", "-m", "start")
	for _, ref := range []string{
		"refs/heads/a/b", "refs/remotes/origin/a/b", "refs/remotes/backup/c", "refs/remotes/origin/c",
		"refs/remotes/z/d", "refs/remotes/backup/d", "refs/remotes/origin/HEAD", "refs/tags/e",
	} {
		gittest.Run(t, dir, "update-ref", ref, "HEAD")
	}
	branches, err := Open(dir).ReadableBranches(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, b := range branches {
		got = append(got, b.Ref)
	}
	want := []string{"refs/heads/a/b", "refs/remotes/origin/c", "refs/remotes/backup/d", "refs/heads/main"}
	if !slices.Equal(got, want) {
		t.Errorf("ReadableBranches = %v, want %v", got, want)
	}
}

func isFile(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func TestLog(t *testing.T) {
	r, dir := newRepository(t)
	first := write(t, r, "data", Change{Path: "result/a", Data: []byte("1")}, Change{Path: "other", Data: []byte("1")})
	write(t, r, "data", Change{Path: "other", Data: []byte("2")})
	write(t, r, "data", Change{Path: "result/b\nc", Data: []byte("2")})
	gittest.Run(t, dir, "config", "log.showRoot", "false")
	gittest.Run(t, dir, "config", "log.showSignature", "true")
	gittest.Run(t, dir, "config", "color.ui", "always")
	gittest.Run(t, dir, "checkout", "-q", "data")
	gittest.Run(t, dir, "rm", "-q", "result/a")
	gittest.Run(t, dir, "commit", "-q", "-m", "remove")
	gittest.Run(t, dir, "config", "diff.relative", "true")
	t.Setenv("GIT_LITERAL_PATHSPECS", "1")
	below := Open(filepath.Join(dir, "result"))
	defer below.Close()
	var got []string
	for entry, err := range below.Log(t.Context(), "data", "result") {
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range entry.Files {
			got = append(got, file.Path+" "+string(file.Hash[:min(3, len(file.Hash))]))
		}
	}
	blob := func(text string) string { return string(first.Format().name(Blob, []byte(text))[:3]) }
	want := []string{"result/a ", "result/b\nc " + blob("2"), "result/a " + blob("1")}
	if strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("Log = %q, want %q", got, want)
	}
}

// However many commits are looked at first, the log is the same.
func TestLogShort(t *testing.T) {
	r, _ := newRepository(t)
	for i := range 5 {
		write(t, r, "data", Change{Path: fmt.Sprint("result/", i), Data: []byte("1")})
		write(t, r, "data", Change{Path: fmt.Sprint("other/", i), Data: []byte("1")})
	}
	objects, err := r.Headers(t.Context(), []string{"refs/heads/data"})
	if err != nil {
		t.Fatal(err)
	}
	tip := objects[0]
	want := paths(t, r.Log(t.Context(), string(tip.Hash), "result"))
	if len(want) != 5 {
		t.Fatalf("Log = %q", want)
	}
	for enough := range 8 {
		if got := paths(t, r.LogShort(t.Context(), tip.Hash, "result", enough+1)); !slices.Equal(got, want) {
			t.Errorf("LogShort(%d) = %q, want %q", enough+1, got, want)
		}
	}
}

// paths are those of the files in a log.
func paths(t *testing.T, log iter.Seq2[LogEntry, error]) (list []string) {
	t.Helper()
	for entry, err := range log {
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range entry.Files {
			list = append(list, file.Path)
		}
	}
	return list
}

func TestWorktreeFollows(t *testing.T) {
	r, dir := newRepository(t)
	write(t, r, "main", Change{Path: "a", Data: []byte("1\n")}, Change{Path: "b", Data: []byte("1\n")})
	linked := filepath.Join(t.TempDir(), "linked")
	write(t, r, "data", Change{Path: "a", Data: []byte("1\n")})
	gittest.Run(t, dir, "worktree", "add", "-q", linked, "data")
	if err := os.WriteFile(filepath.Join(dir, "b"), []byte("mine\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	write(t, r, "main", Change{Path: "sub/new", Data: []byte("2\n")}, Change{Path: "a", Data: []byte("2\n")})
	write(t, r, "data", Change{Path: "new", Data: []byte("2\n")})
	if got := gittest.Run(t, dir, "status", "--porcelain"); got != " M b" {
		t.Errorf("status = %q, want only the user's own change", got)
	}
	if got := gittest.Run(t, linked, "status", "--porcelain"); got != "" {
		t.Errorf("status of the linked worktree = %q, want clean", got)
	}
}

func TestWorktreeChangesKept(t *testing.T) {
	r, dir := newRepository(t)
	commit := write(t, r, "main", Change{Path: "a", Data: []byte("1\n")})
	change := Change{Path: "a", Data: []byte("2\n")}
	next, err := r.Commit(t.Context(), NewCommit{Parent: commit, Changes: []Change{change}, Message: "x\n"})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "a"), []byte("mine\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	branch, err := r.Branch(t.Context(), "main")
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Advance(t.Context(), branch, next, []string{"a"}, "test"); err == nil || Hint(err) == "" {
		t.Errorf("Advance = %v, want an error with a hint", err)
	}
	if tip := gittest.Run(t, dir, "rev-parse", "main"); tip != string(commit) {
		t.Errorf("tip = %s, want %s", tip, commit)
	}
}

// A process killed between moving the ref and updating the worktree leaves an old
// version in index and file; the next update goes over it.
func TestWorktreeBehind(t *testing.T) {
	r, dir := newRepository(t)
	write(t, r, "main", Change{Path: "a", Data: []byte("1\n")})
	second := write(t, r, "main", Change{Path: "a", Data: []byte("2\n")})
	gittest.Run(t, dir, "read-tree", "-m", "-u", "main^")
	if got := gittest.Run(t, dir, "status", "--porcelain"); got != "M  a" {
		t.Fatalf("status = %q, want an old version", got)
	}
	third := write(t, r, "main", Change{Path: "a", Data: []byte("3\n")})
	if got := gittest.Run(t, dir, "status", "--porcelain"); got != "" || third == second {
		t.Errorf("status = %q, want clean", got)
	}
}

// What a killed process was to bring in step is brought in step by the next one,
// but for what the user has changed since.
func TestWorktreeLeftBehind(t *testing.T) {
	r, dir := newRepository(t)
	first := write(t, r, "main", Change{Path: "a", Data: []byte("1\n")}, Change{Path: "b", Data: []byte("1\n")})
	changes := []Change{{Path: "a", Data: []byte("2\n")}, {Path: "b", Data: []byte("2\n")}, {Path: "c", Data: []byte("2\n")}}
	second, err := r.Commit(t.Context(), NewCommit{Parent: first, Changes: changes, Message: "x\n"})
	if err != nil {
		t.Fatal(err)
	}
	branch, err := r.Branch(t.Context(), "main")
	if err != nil {
		t.Fatal(err)
	}
	c, err := r.checkout(t.Context(), branch, []string{"a", "b", "c"})
	if err == nil {
		err = c.adopt(t.Context(), first)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := r.UpdateRef(t.Context(), branch.Ref, second, first, "test"); err != nil { // and no sync
		t.Fatal(err)
	}
	c.close()
	if err := os.WriteFile(filepath.Join(dir, "b"), []byte("mine\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	write(t, r, "main", Change{Path: "d", Data: []byte("3\n")})
	if got := gittest.Run(t, dir, "status", "--porcelain"); got != "MM b" {
		t.Errorf("status = %q, want the user's change alone", got)
	}
	if data, err := os.ReadFile(filepath.Join(dir, "b")); err != nil || string(data) != "mine\n" {
		t.Errorf("b = %q, %v, want the user's", data, err)
	}
}

// An update that lost a race leaves nothing that stands in the way of the next one.
func TestWorktreeLostRace(t *testing.T) {
	r, dir := newRepository(t)
	first := write(t, r, "main", Change{Path: "a", Data: []byte("1\n")})
	late, err := r.Branch(t.Context(), "main")
	if err != nil {
		t.Fatal(err)
	}
	lost, err := r.Commit(t.Context(), NewCommit{Parent: first, Changes: []Change{{Path: "c", Data: []byte("2\n")}}, Message: "x\n"})
	if err != nil {
		t.Fatal(err)
	}
	write(t, r, "main", Change{Path: "b", Data: []byte("2\n")})
	if err := r.Advance(t.Context(), late, lost, []string{"c"}, "test"); !errors.Is(err, ErrMoved) {
		t.Errorf("Advance = %v, want %v", err, ErrMoved)
	}
	write(t, r, "main", Change{Path: "d", Data: []byte("3\n")})
	if got := gittest.Run(t, dir, "status", "--porcelain"); got != "" {
		t.Errorf("status = %q, want clean", got)
	}
}

func TestBareHead(t *testing.T) {
	r, _ := newRepository(t, "--bare")
	write(t, r, "main", Change{Path: "a", Data: []byte("1\n")})
	write(t, r, "main", Change{Path: "a", Data: []byte("2\n")})
}

func TestSeparateGitDir(t *testing.T) {
	_, dir := newRepository(t)
	top := filepath.Join(t.TempDir(), "top")
	gittest.Run(t, dir, "init", "-q", "-b", "main", "--separate-git-dir", filepath.Join(t.TempDir(), "git"), top)
	r := Open(top)
	defer r.Close()
	write(t, r, "main", Change{Path: "a", Data: []byte("1\n")})
	write(t, r, "main", Change{Path: "b", Data: []byte("2\n")})
	if got := gittest.Run(t, top, "status", "--porcelain"); got != "" {
		t.Errorf("status = %q, want clean", got)
	}
}

func TestWithoutSecrets(t *testing.T) {
	for remote, want := range map[string]string{
		"origin": "origin", "git@host:path": "git@host:path", "/srv/git": "/srv/git",
		"https://user:secret@host/path?token=secret": "https://host/path",
	} {
		if got := WithoutSecrets(remote); got != want {
			t.Errorf("WithoutSecrets(%q) = %q, want %q", remote, got, want)
		}
	}
}

func TestPrintable(t *testing.T) {
	if got, want := Printable("a\x1b]0;b\u009b\nc\tü\xfc\ufffd"), "a\\x1b]0;b\\u009b\nc\tü\\xfc\ufffd"; got != want {
		t.Errorf("printable = %q, want %q", got, want)
	}
}
