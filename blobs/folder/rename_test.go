package folder_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/git-datapact/git-datapact/blobs/folder"
)

func TestRenames(t *testing.T) {
	for name, rename := range map[string]func(from, to string) error{
		"renameExclusive": folder.RenameExclusive,
		"linkExclusive":   folder.LinkExclusive,
	} {
		dir := t.TempDir()
		from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
		for i, want := range []error{nil, fs.ErrExist} {
			if err := os.WriteFile(from, []byte{byte(i)}, 0o666); err != nil {
				t.Fatal(err)
			}
			if err := rename(from, to); !errors.Is(err, want) {
				t.Errorf("%s %d: %v, want %v", name, i, err, want)
			}
		}
		if data, err := os.ReadFile(to); err != nil || data[0] != 0 {
			t.Errorf("%s replaced a file: %v, %v", name, data, err)
		}
		if err := rename(from, filepath.Join(dir, "none", "to")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s into a missing folder: %v", name, err)
		}
	}
}
