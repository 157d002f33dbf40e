//go:build unix

package folder_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/blobs/blobstest"
	"github.com/git-datapact/git-datapact/blobs/folder"
)

// masked runs the test with a umask, and so not beside others.
func masked(t *testing.T, mask int) {
	t.Helper()
	before := syscall.Umask(mask)
	t.Cleanup(func() { syscall.Umask(before) })
}

// fill stores an object, sets it aside and stores it again, and begins another upload.
func fill(t *testing.T, dir string) {
	t.Helper()
	s := blobstest.OpenFolder(t, dir)
	for range 2 {
		u, err := s.NewUpload(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		stored, err := u.Put(t.Context(), "team/set", strings.NewReader("content"), nil)
		if err == nil {
			err = u.Commit(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
		run := blobs.NewRun(time.Now())
		if done, err := s.Quarantine(t.Context(), blobs.Key("team/set/"+stored.Blob), run, time.Now().Add(time.Hour)); err != nil || !done {
			t.Fatal(done, err)
		}
	}
	u, err := s.NewUpload(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { u.Close() })
	for _, text := range []string{"one", "two"} {
		if _, err := u.Put(t.Context(), "main", strings.NewReader(text), nil); err != nil {
			t.Fatal(err)
		}
	}
}

// look calls visit for everything in a store.
func look(t *testing.T, dir string, visit func(name string, info fs.FileInfo)) {
	t.Helper()
	seen := 0
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && name != dir {
			visit(strings.TrimPrefix(name, dir), info)
			seen++
		}
		return err
	})
	if err != nil || seen < 12 {
		t.Fatalf("found %d files and folders, %v", seen, err)
	}
}

func TestFolderIsSharedAsItsTop(t *testing.T) {
	for _, mask := range []int{0o022, 0o077} {
		for _, top := range []fs.FileMode{0o770, 0o2770, 0o2775, 0o777} {
			t.Run(fmt.Sprintf("%o in %o", mask, top), func(t *testing.T) {
				masked(t, mask)
				dir := filepath.Join(t.TempDir(), "store")
				if err := os.Mkdir(dir, 0o700); err != nil {
					t.Fatal(err)
				}
				group := os.Getgid()
				if os.Geteuid() == 0 {
					group = 4000
				}
				mode := top & 0o777
				if top&0o2000 != 0 {
					mode |= fs.ModeSetgid
				}
				if err := errors.Join(os.Chown(dir, -1, group), os.Chmod(dir, mode)); err != nil {
					t.Fatal(err)
				}
				fill(t, dir)
				look(t, dir, func(name string, info fs.FileInfo) {
					want := top & 0o070
					if top&0o002 != 0 {
						want |= top & 0o007
					}
					if !info.IsDir() {
						want &= 0o044 // objects are read-only
					}
					if got := info.Mode().Perm(); got&want != want || folder.GroupOf(info) != group {
						t.Errorf("%s has mode %v and group %d, want at least %o and %d", name, info.Mode(), folder.GroupOf(info), want, group)
					}
					if !info.IsDir() && filepath.Base(name) != folder.LockName && info.Mode()&0o222 != 0 {
						t.Errorf("%s has mode %v, want it read-only", name, info.Mode())
					}
				})
			})
		}
	}
}

func TestFolderIsMadeInASharedOne(t *testing.T) {
	masked(t, 0o077)
	parent := t.TempDir()
	if err := os.Chmod(parent, 0o770); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(parent, "a", "store")
	fill(t, dir)
	look(t, filepath.Dir(dir), func(name string, info fs.FileInfo) {
		want := fs.FileMode(0o040)
		if info.IsDir() {
			want = 0o070
		}
		if info.Mode()&want != want {
			t.Errorf("%s has mode %v, want at least %o", name, info.Mode(), want)
		}
	})
}

func TestFolderOfOnesOwn(t *testing.T) {
	for _, top := range []fs.FileMode{0o700, 0o755, 0o777 | fs.ModeSticky} {
		masked(t, 0o027)
		dir := t.TempDir()
		if err := os.Chmod(dir, top); err != nil {
			t.Fatal(err)
		}
		fill(t, dir)
		look(t, dir, func(name string, info fs.FileInfo) {
			if info.Mode()&0o027 != 0 {
				t.Errorf("%s in %v has mode %v, want it as the umask has it", name, top, info.Mode())
			}
		})
	}
}

func TestFolderDenied(t *testing.T) {
	denied := fmt.Errorf("storing: %w", &fs.PathError{Op: "open", Path: "x", Err: syscall.EACCES})
	for mode, want := range map[fs.FileMode]string{0o770: "chmod -R g+rX", 0o755: "choose another store"} {
		dir := t.TempDir()
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		err := folder.Explain(dir, denied)
		var hinted interface{ Hint() string }
		if !errors.As(err, &hinted) || !strings.Contains(hinted.Hint(), want) || !strings.Contains(hinted.Hint(), dir) {
			t.Errorf("explain in a folder of mode %v = %v, want a hint with %q", mode, err, want)
		}
		if !errors.Is(err, fs.ErrPermission) || err.Error() != denied.Error() {
			t.Errorf("explain = %v, want it to say and wrap %v", err, denied)
		}
	}
	if err := folder.Explain("", fs.ErrNotExist); err != fs.ErrNotExist {
		t.Errorf("explain(%v) = %v", fs.ErrNotExist, err)
	}
}
