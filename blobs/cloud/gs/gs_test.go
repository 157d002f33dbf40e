package gs_test

import (
	"net/url"
	"os"
	"testing"

	"gocloud.dev/blob"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/blobs/blobstest"
	"github.com/git-datapact/git-datapact/blobs/cloud"
	"github.com/git-datapact/git-datapact/blobs/cloud/gs"
)

func TestGS(t *testing.T) {
	server := blobstest.StartGS(t)
	for name, query := range map[string]string{"Bucket": "", "Prefix": "?prefix=some/where/&access_id=-"} {
		t.Run(name, func(t *testing.T) {
			blobstest.Test(t, func(t *testing.T) blobstest.Subject {
				spool := t.TempDir()
				t.Setenv("TMPDIR", spool)
				t.Cleanup(func() {
					if left, err := os.ReadDir(spool); err != nil || len(left) > 0 {
						t.Errorf("uploads left %v, %v", left, err)
					}
				})
				address := newBucket(t, server) + query
				bucket := openBucket(t, server, address)
				return blobstest.Subject{
					AtOnce: true,
					Store:  open(t, server, address),
					Overwrite: func(t *testing.T, key blobs.Key, data []byte) {
						if err := bucket.WriteAll(t.Context(), string(key), data, nil); err != nil {
							t.Fatal(err)
						}
					},
				}
			})
		})
	}
}

func newBucket(t *testing.T, server *blobstest.Server) string {
	t.Helper()
	address, err := server.NewBucket()
	if err != nil {
		t.Fatal(err)
	}
	return address
}

func open(t *testing.T, server *blobstest.Server, address string) *blobs.Store {
	t.Helper()
	s, err := blobs.Open(t.Context(), address, gs.Options(server.Env))
	return blobstest.Opened(t, s, err)
}

// openBucket opens the bucket behind a store.
func openBucket(t *testing.T, server *blobstest.Server, address string) *blob.Bucket {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	bucket, err := cloud.Open(t.Context(), u, server.Env, gs.Open)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { bucket.Close() })
	return bucket.Bucket
}
