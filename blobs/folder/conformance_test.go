package folder_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/blobs/blobstest"
)

func TestFolder(t *testing.T) {
	blobstest.Test(t, func(t *testing.T) blobstest.Subject {
		dir := filepath.Join(t.TempDir(), "new", "store")
		return blobstest.Subject{
			Store: blobstest.OpenFolder(t, dir),
			Overwrite: func(t *testing.T, key blobs.Key, data []byte) {
				replaceFile(t, filepath.Join(dir, filepath.FromSlash(string(key))), data)
			},
		}
	})
}

// replaceFile also replaces files that are not for writing.
func replaceFile(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o666); err != nil {
		t.Fatal(err)
	}
}
