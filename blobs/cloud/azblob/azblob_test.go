package azblob_test

import (
	"testing"

	"gocloud.dev/blob"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/blobs/blobstest"
	"github.com/git-datapact/git-datapact/blobs/cloud/azblob"
)

func TestAzure(t *testing.T) {
	server := blobstest.StartAzure(t)
	for name, query := range map[string]string{"Bucket": "", "Prefix": "&prefix=some/where/"} {
		t.Run(name, func(t *testing.T) {
			blobstest.Test(t, func(t *testing.T) blobstest.Subject {
				address := newBucket(t, server) + query
				bucket := openBucket(t, server, address)
				return blobstest.OfBucket(t, bucket, func() *blobs.Store { return open(t, server, address) })
			})
		})
	}
}

func newBucket(t *testing.T, server *blobstest.Server) string {
	t.Helper()
	return blobstest.NewBucket(t, server)
}

func open(t *testing.T, server *blobstest.Server, address string) *blobs.Store {
	t.Helper()
	s, err := blobs.Open(t.Context(), address, azblob.Options(server.Env))
	return blobstest.Opened(t, s, err)
}

// openBucket opens the bucket behind a store.
func openBucket(t *testing.T, server *blobstest.Server, address string) *blob.Bucket {
	t.Helper()
	return blobstest.Bucket(t, server, address, azblob.Open)
}
