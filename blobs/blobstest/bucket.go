package blobstest

import (
	"net/url"
	"os"
	"testing"

	"gocloud.dev/blob"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/blobs/cloud"
)

// NewBucket makes a bucket on a server, and returns the URL of its store.
func NewBucket(t testing.TB, server *Server) string {
	t.Helper()
	address, err := server.NewBucket()
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// Bucket opens the bucket behind a store until the end of the test.
func Bucket(t testing.TB, server *Server, address string, open cloud.Opener) *blob.Bucket {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	bucket, err := cloud.Open(t.Context(), u, server.Env, open)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { bucket.Close() })
	return bucket.Bucket
}

// OfBucket is the store of a bucket for the conformance suite, with the bucket behind it.
// An upload that leaves anything in the folder for temporary files is an error.
func OfBucket(t *testing.T, bucket *blob.Bucket, open func() *blobs.Store) Subject {
	t.Helper()
	spool := t.TempDir()
	t.Setenv("TMPDIR", spool)
	t.Cleanup(func() {
		if left, err := os.ReadDir(spool); err != nil || len(left) > 0 {
			t.Errorf("uploads left %v, %v", left, err)
		}
	})
	return Subject{
		AtOnce: true,
		Store:  open(),
		Overwrite: func(t *testing.T, key blobs.Key, data []byte) {
			if err := bucket.WriteAll(t.Context(), string(key), data, nil); err != nil {
				t.Fatal(err)
			}
		},
	}
}
