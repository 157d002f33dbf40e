package remote_test

import (
	"errors"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/blobs/blobstest"
)

// TestPython: a helper in another language, written from the manual page, is a store as
// good as any.
func TestPython(t *testing.T) {
	if testing.Short() {
		t.Skip("what is concurrent in it is Python's")
	}
	if _, err := exec.LookPath("python3"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skipf("NOT TESTED WITH PYTHON: %v", err)
	}
	helper, err := filepath.Abs("testdata/git-datapact-store-files")
	if err != nil {
		t.Fatal(err)
	}
	opts := &blobs.Options{Helper: func(string) (string, error) { return helper, nil }}
	blobstest.Test(t, func(t *testing.T) blobstest.Subject {
		dir := t.TempDir()
		store, err := blobs.Open(t.Context(), "files://"+filepath.ToSlash(dir), opts)
		return blobstest.Subject{AtOnce: true, Store: blobstest.Opened(t, store, err), Overwrite: func(t *testing.T, key blobs.Key, data []byte) {
			name := filepath.Join(dir, quoted(key))
			if err := errors.Join(os.Remove(name), os.WriteFile(name, data, 0o600)); err != nil {
				t.Fatal(err)
			}
		}}
	})
}

// quoted is the name that the helper gives to the file of an object.
func quoted(key blobs.Key) string { return strings.ReplaceAll(url.PathEscape(string(key)), "/", "%2F") }
