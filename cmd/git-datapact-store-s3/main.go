// Git-datapact-store-s3 serves stores in buckets of Amazon S3, and of servers that speak its
// protocol, to the other commands, which start it.
package main

import (
	"github.com/git-datapact/git-datapact/blobs/cloud"
	"github.com/git-datapact/git-datapact/blobs/cloud/s3"
)

func main() { cloud.Main("git-datapact-store-s3", s3.Open) }
