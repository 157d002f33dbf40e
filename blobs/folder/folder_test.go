package folder_test

import (
	"context"
	"crypto/sha1"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/blobs/blobstest"
	"github.com/git-datapact/git-datapact/blobs/folder"
)

func TestFolderLayout(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "store")
	s := blobstest.OpenFolder(t, dir)
	for _, err := range s.List(t.Context(), "") {
		t.Errorf("List of a missing folder: %v", err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("reading made the folder")
	}
	obj := blobstest.Store(t, s, "team/set", []byte("content"))
	name := filepath.Join(dir, "team", "set", "040f06fd774092478d450774f5ba30c5da78acc8")
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o222 != 0 {
		t.Errorf("mode of %q = %v, want it read-only", obj.Key, info.Mode())
	}
	wantStaged(t, dir, 0)
}

func TestFolderStaleStaging(t *testing.T) {
	dir := t.TempDir()
	s := blobstest.OpenFolder(t, dir)
	blobstest.Store(t, s, "main", []byte("first"))
	for _, name := range []string{"dead/lock", "dead/1", "unlocked/1"} {
		name = filepath.Join(dir, ".incoming", filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	live, err := s.NewUpload(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wantStaged(t, dir, 1)
	stored, err := live.Put(t.Context(), "main", strings.NewReader("live"), nil)
	if err != nil {
		t.Fatal(err)
	}
	blobstest.Store(t, s, "main", []byte("meanwhile"))
	wantStaged(t, dir, 1)
	if err := live.Commit(t.Context()); err != nil {
		t.Errorf("Commit after another upload: %v", err)
	}
	if _, err := s.Stat(t.Context(), blobs.Key("main/"+stored.Blob)); err != nil {
		t.Error(err)
	}
	wantStaged(t, dir, 0)
}

func TestFolderReservedName(t *testing.T) {
	s := blobstest.OpenFolder(t, t.TempDir())
	u := upload(t, s)
	for _, branch := range []string{".incoming", ".Incoming/x"} {
		if _, err := u.Put(t.Context(), branch, strings.NewReader(""), nil); err == nil {
			t.Errorf("Put in branch %q succeeded", branch)
		}
		if _, err := s.Stat(t.Context(), blobs.Key(branch+"/lock")); err == nil {
			t.Errorf("Stat in branch %q succeeded", branch)
		}
	}
}

// TestFolderEmptyBranch: what is no object cannot be deleted as one.
func TestFolderEmptyBranch(t *testing.T) {
	s := blobstest.OpenFolder(t, t.TempDir())
	obj := blobstest.Store(t, s, "team/set", []byte("content"))
	if err := s.Delete(t.Context(), obj.Key); err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), "team/set"); !errors.Is(err, blobs.ErrNotFound) {
		t.Errorf("Delete of a folder: %v, want ErrNotFound", err)
	}
}

// TestFolderInTheWay: neither a file where a folder belongs nor the reverse
// loses anything.
func TestFolderInTheWay(t *testing.T) {
	dir := t.TempDir()
	s := blobstest.OpenFolder(t, dir)
	obj := blobstest.Store(t, s, "main", []byte("content"))
	u := upload(t, s)
	if _, err := u.Put(t.Context(), string(obj.Key), strings.NewReader("x"), nil); err != nil {
		t.Fatal(err)
	}
	if err := u.Commit(t.Context()); err == nil || !strings.Contains(err.Error(), string(obj.Key)) {
		t.Errorf("Commit below an object: %v, want an error that names it", err)
	}
	file := "file://" + filepath.ToSlash(filepath.Join(dir, filepath.FromSlash(string(obj.Key))))
	if _, err := blobs.Open(t.Context(), file, nil); err == nil || !strings.Contains(err.Error(), "is a file, want a folder") {
		t.Errorf("Open of a file: %v, want an error that says so", err)
	}
	if _, err := s.Stat(t.Context(), obj.Key); err != nil {
		t.Error(err)
	}
}

// wantStaged counts the uploads that have their files in a store.
func wantStaged(t *testing.T, dir string, want int) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(dir, ".incoming"))
	if err != nil {
		t.Fatal(err)
	}
	got := 0
	for _, e := range entries {
		if e.IsDir() {
			got++
		}
	}
	if got != want {
		t.Errorf("%d uploads are staged, want %d", got, want)
	}
}

func upload(t *testing.T, s *blobs.Store) *blobs.Upload {
	t.Helper()
	u, err := s.NewUpload(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { u.Close() })
	return u
}

// wantWhole checks that every object in a folder has the bytes that its name
// says, and returns how many there are.
func wantWhole(t *testing.T, s *blobs.Store, dir string) int {
	t.Helper()
	count := 0
	for a, err := range s.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(string(a.Key))))
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("%x", sha1.Sum(data)); filepath.Base(string(a.Key)) != want {
			t.Errorf("object %q holds bytes of sha1 %s", a.Key, want)
		}
		count++
	}
	return count
}

// TestNames: of a folder the regular files right in it are listed, those of large ones too,
// and of one that is not there none.
func TestNames(t *testing.T) {
	dir := t.TempDir()
	f, err := folder.Open(&url.URL{Scheme: "file", Path: filepath.ToSlash(dir)})
	if err != nil {
		t.Fatal(err)
	}
	want := make([]string, 9000)
	for i := range want {
		want[i] = fmt.Sprintf("b/%05d", i)
	}
	for _, name := range append([]string{"b/deep/x", "c"}, want...) {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	list := func(ctx context.Context, folder string) (got []string, failed error) {
		for key, err := range f.Names(ctx, folder) {
			if err != nil {
				return got, err
			}
			got = append(got, string(key))
		}
		slices.Sort(got)
		return got, nil
	}
	if got, err := list(t.Context(), "b"); err != nil || !slices.Equal(got, want) {
		t.Errorf("Names lists %d, %v, want %d", len(got), err, len(want))
	}
	for _, missing := range []string{"missing", "c"} {
		if got, err := list(t.Context(), missing); err != nil || got != nil {
			t.Errorf("Names of %s, which is no folder = %q, %v", missing, got, err)
		}
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if got, err := list(ended, "b"); !errors.Is(err, context.Canceled) {
		t.Errorf("Names when it is cancelled = %d, %v", len(got), err)
	}
}
