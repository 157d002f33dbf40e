package s3_test

import (
	"testing"

	"gocloud.dev/blob"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/blobs/blobstest"
	"github.com/git-datapact/git-datapact/blobs/cloud/s3"
)

func TestS3(t *testing.T) {
	conforms(t, blobstest.StartS3(t))
}

func TestSeaweedFS(t *testing.T) {
	conforms(t, blobstest.StartSeaweedFS(t))
}

// conforms tests stores in buckets of a server.
func conforms(t *testing.T, server *blobstest.S3) {
	for name, query := range map[string]string{
		"Bucket": "",
		"Prefix": "&prefix=some/where/&use_path_style=true&region=us-east-1&request_checksum_calculation=when_required",
	} {
		if name == "Prefix" && testing.Short() {
			continue // its keys differ, and nothing that is concurrent
		}
		t.Run(name, func(t *testing.T) {
			blobstest.Test(t, func(t *testing.T) blobstest.Subject {
				address := newBucket(t, server) + query
				bucket := openBucket(t, server, address)
				store := open
				if name == "Prefix" { // which is nothing that another process changes
					store = openHere
				}
				return blobstest.OfBucket(t, bucket, func() *blobs.Store { return store(t, server, address) })
			})
		})
	}
}

func newBucket(t *testing.T, server *blobstest.S3) string {
	t.Helper()
	return blobstest.NewBucket(t, server.Server)
}

func open(t *testing.T, server *blobstest.S3, address string) *blobs.Store {
	t.Helper()
	s, err := blobs.Open(t.Context(), address, s3.Options(server.Env))
	return blobstest.Opened(t, s, err)
}

// openHere opens a store that this process serves.
func openHere(t *testing.T, server *blobstest.S3, address string) *blobs.Store {
	t.Helper()
	s, err := server.Open(t.Context(), address)
	return blobstest.Opened(t, s, err)
}

// openBucket opens the bucket behind a store.
func openBucket(t *testing.T, server *blobstest.S3, address string) *blob.Bucket {
	t.Helper()
	return blobstest.Bucket(t, server.Server, address, s3.Open)
}
