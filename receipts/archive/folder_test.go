package archive

import (
	"os"
	"path/filepath"
	"testing"
)

// The lock is taken in the folder, whatever stands in its place.
func TestLockIsALink(t *testing.T) {
	a, dir := newArchive(t)
	put(t, dir, "result/f", "1", "out/.datapact/x", "", "there", "mine")
	entry := recordDir(t, a, filepath.Join(dir, "result"))
	lock := filepath.Join(dir, "out", filepath.FromSlash(lockFile))
	for _, to := range []string{"../../there", "../../not-there", filepath.Join(dir, "absolute")} {
		if err := os.Symlink(to, lock); err != nil {
			t.Skip("symbolic links need rights")
		}
		if _, err := a.Fetch(t.Context(), entry, filepath.Join(dir, "out"), nil); err == nil {
			t.Errorf("fetched with a lock that leads to %s", to)
		}
		if err := os.Remove(lock); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := a.Fetch(t.Context(), entry, filepath.Join(dir, "out"), nil); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"not-there", "absolute"} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			t.Errorf("%s was made", name)
		}
	}
}
