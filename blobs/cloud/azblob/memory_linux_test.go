package azblob_test

import (
	"testing"

	"github.com/git-datapact/git-datapact/blobs/blobstest"
)

func TestAzureMemory(t *testing.T) {
	server := blobstest.StartAzure(t)
	blobstest.TestMemory(t, open(t, server, newBucket(t, server)), 400<<20)
}
