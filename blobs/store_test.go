package blobs_test

import (
	"os"
	"path/filepath"
	"testing"

	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
	"gocloud.dev/blob/memblob"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/blobs/blobstest"
)

func TestFolder(t *testing.T) {
	blobstest.Test(t, func(t *testing.T) blobstest.Subject {
		dir := filepath.Join(t.TempDir(), "new", "store")
		return blobstest.Subject{
			Store: openFolder(t, dir),
			Overwrite: func(t *testing.T, key blobs.Key, data []byte) {
				replaceFile(t, filepath.Join(dir, filepath.FromSlash(string(key))), data)
			},
		}
	})
}

func TestMemory(t *testing.T) {
	blobstest.Test(t, func(t *testing.T) blobstest.Subject {
		return overBucket(t, memblob.OpenBucket(nil))
	})
}

func TestFileBucket(t *testing.T) {
	if testing.Short() {
		t.Skip("the code is that which TestMemory runs")
	}
	for name, opts := range map[string]*fileblob.Options{
		"Default":  nil,
		"Skipping": {Metadata: fileblob.MetadataDontWrite},
	} {
		t.Run(name, func(t *testing.T) {
			blobstest.Test(t, func(t *testing.T) blobstest.Subject {
				bucket, err := fileblob.OpenBucket(t.TempDir(), opts)
				if err != nil {
					t.Fatal(err)
				}
				return overBucket(t, bucket)
			})
		})
	}
}

func overBucket(t *testing.T, bucket *blob.Bucket) blobstest.Subject {
	spool := t.TempDir()
	t.Setenv("TMPDIR", spool)
	t.Cleanup(func() {
		if left, err := os.ReadDir(spool); err != nil || len(left) > 0 {
			t.Errorf("uploads left %v, %v", left, err)
		}
	})
	return blobstest.Subject{
		Store: closing(t, blobs.New(bucket)),
		Overwrite: func(t *testing.T, key blobs.Key, data []byte) {
			if err := bucket.WriteAll(t.Context(), string(key), data, nil); err != nil {
				t.Fatal(err)
			}
		},
	}
}

func openFolder(t *testing.T, dir string) *blobs.Store {
	t.Helper()
	s, err := blobs.Open(t.Context(), "file://"+filepath.ToSlash(dir), nil)
	if err != nil {
		t.Fatal(err)
	}
	return closing(t, s)
}

func closing(t *testing.T, s *blobs.Store) *blobs.Store {
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing store: %v", err)
		}
	})
	return s
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
