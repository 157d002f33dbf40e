package s3_test

import (
	"testing"

	"github.com/git-datapact/git-datapact/blobs/blobstest"
)

func TestS3Memory(t *testing.T) {
	server := blobstest.StartS3(t)
	blobstest.TestMemory(t, open(t, server, newBucket(t, server)), 400<<20)
}
