package blobs_test

import (
	"os"
	"testing"

	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
	"gocloud.dev/blob/memblob"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/blobs/blobstest"
	"github.com/git-datapact/git-datapact/blobs/cloud"
)

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
		AtOnce: true,
		Store:  blobstest.OpenBucket(t, &cloud.Bucket{Bucket: bucket}),
		Overwrite: func(t *testing.T, key blobs.Key, data []byte) {
			if err := bucket.WriteAll(t.Context(), string(key), data, nil); err != nil {
				t.Fatal(err)
			}
		},
	}
}
