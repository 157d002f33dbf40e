package folder_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/git-datapact/git-datapact/blobs/blobstest"
	"github.com/git-datapact/git-datapact/filters"
)

func TestFolderFullDisk(t *testing.T) {
	dir := mounted(t, "size=2m")
	s := blobstest.OpenFolder(t, dir)
	first := blobstest.Store(t, s, "main", []byte("fits"))
	for _, chain := range []filters.Chain{nil, {filters.Zstd}} {
		u := upload(t, s)
		if _, err := u.Put(t.Context(), "main", bytes.NewReader([]byte("fits too")), nil); err != nil {
			t.Fatal(err)
		}
		random := io.LimitReader(rand.NewChaCha8([32]byte{}), 8<<20)
		if _, err := u.Put(t.Context(), "main", random, chain); !errors.Is(err, unix.ENOSPC) {
			t.Errorf("Put of 8 MiB on a disk of 2 with %v: %v, want %v", chain, err, unix.ENOSPC)
		}
		if err := u.Commit(t.Context()); err != nil {
			t.Errorf("Commit of what did fit: %v", err)
		}
	}
	if n := wantWhole(t, s, dir); n != 2 {
		t.Errorf("%d objects are stored, want 2", n)
	}
	wantStaged(t, dir, 0)
	if _, err := s.Stat(t.Context(), first.Key); err != nil {
		t.Error(err)
	}
}

func TestFolderReadOnly(t *testing.T) {
	var dir string
	var want error
	if os.Geteuid() == 0 { // whom no mode stops
		dir, want = mounted(t, ""), unix.EROFS
	} else {
		dir, want = t.TempDir(), fs.ErrPermission
	}
	s := blobstest.OpenFolder(t, dir)
	obj := blobstest.Store(t, s, "main", []byte("content"))
	if os.Geteuid() == 0 {
		if err := unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
			t.Fatal(err)
		}
	} else {
		chmod(t, dir+"/.incoming", 0o555)
		chmod(t, dir+"/main", 0o555)
	}
	if _, err := s.NewUpload(t.Context()); !errors.Is(err, want) {
		t.Errorf("NewUpload: %v, want %v", err, want)
	}
	if err := s.Delete(t.Context(), obj.Key); !errors.Is(err, want) {
		t.Errorf("Delete: %v, want %v", err, want)
	}
	r, err := s.Get(t.Context(), obj)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got, err := io.ReadAll(r); err != nil || string(got) != "content" {
		t.Errorf("Get = %q, %v", got, err)
	}
}

func chmod(t *testing.T, name string, mode fs.FileMode) {
	t.Helper()
	if err := os.Chmod(name, mode); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(name, 0o777) })
}

// mounted returns a file system of its own, in memory.
func mounted(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	err := unix.Mount("tmpfs", dir, "tmpfs", 0, options)
	if errors.Is(err, unix.EPERM) {
		t.Skip("mounting is not permitted")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}
