package gs_test

import (
	"testing"

	"github.com/git-datapact/git-datapact/blobs/blobstest"
)

func TestGSMemory(t *testing.T) {
	server := blobstest.StartGS(t)
	blobstest.TestMemory(t, open(t, server, newBucket(t, server)), 160<<20) // the server copies all at each part
}
