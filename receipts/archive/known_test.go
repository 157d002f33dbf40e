package archive

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/git-datapact/git-datapact/receipts/known"
)

// TestPackedKnown wants the files of a packed folder that was fetched to be known without
// being read, be it that the folder came as a whole or that a file came into it.
func TestPackedKnown(t *testing.T) {
	a, dir := newArchive(t)
	a.Known = Kept
	put(t, dir, "images/a", "one", "images/b/c", "two")
	entry := recordDir(t, a, dir, "images/=tar,zstd")
	out := filepath.Join(t.TempDir(), "out")
	knows := func(when string) {
		t.Helper()
		folder, _, err := a.Repository.DataFolder(t.Context(), knownFolder)
		if err != nil {
			t.Fatal(err)
		}
		files := known.Open(folder, out, false)
		if files == nil {
			t.Skip("files cannot be known here")
		}
		for _, name := range []string{"images/a", "images/b/c"} {
			info, err := os.Lstat(filepath.Join(out, filepath.FromSlash(name)))
			if err != nil {
				t.Fatal(err)
			}
			if facts, ok := files.Find(info, ""); !ok || facts.As != "" {
				t.Errorf("%s, %s is known: %v, as %q", when, name, ok, facts.As)
			}
		}
	}
	fetch := func() {
		t.Helper()
		if _, err := a.Fetch(t.Context(), entry, out, nil); err != nil {
			t.Fatal(err)
		}
	}
	fetch()
	knows("once the folder came")
	if err := os.Remove(filepath.Join(out, "images", "a")); err != nil {
		t.Fatal(err)
	}
	fetch()
	knows("once a file came")
}
