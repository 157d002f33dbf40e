package gitcmd

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestIgnored: patterns mean what they mean to git, whatever the repository around
// ignores and tracks.
func TestIgnored(t *testing.T) {
	_, dir := newRepository(t)
	files := map[string]string{
		".gitignore": "kept.csv\n", "rules": "# scratch\r\n*.tmp\n!keep/a.tmp\n/venv/\n**/deep/x\nsp\\ ace\n[!a-y]only\n",
		"kept.csv": "", "a.tmp": "", "keep/a.tmp": "", "keep/b.tmp": "", "venv/lib": "", "in/venv/lib": "",
		"in/deep/x": "", "in/deep/y": "", "sp ace": "", "zonly": "", "aonly": "", "\xff.tmp": "",
	}
	for name, text := range files {
		path := filepath.Join(dir, "result", filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	got, err := Ignored(t.Context(), filepath.Join(dir, "result"), "rules")
	slices.Sort(got)
	want := []string{"a.tmp", "in/deep/x", "keep/b.tmp", "sp ace", "venv/", "zonly", "\xff.tmp"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("Ignored = %q, %v, want %q", got, err, want)
	}
	if _, err := Ignored(t.Context(), dir, "no rules"); err == nil {
		t.Error("Ignored of a file that is not there succeeded")
	}
}
