// Git-datapact-store-gs serves stores in buckets of Google Cloud Storage to the other
// commands, which start it.
package main

import (
	"github.com/git-datapact/git-datapact/blobs/cloud"
	"github.com/git-datapact/git-datapact/blobs/cloud/gs"
)

func main() { cloud.Main("git-datapact-store-gs", gs.Open) }
