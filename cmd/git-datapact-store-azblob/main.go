// Git-datapact-store-azblob serves stores in containers of Azure Blob Storage to the other
// commands, which start it.
package main

import (
	"github.com/git-datapact/git-datapact/blobs/cloud"
	"github.com/git-datapact/git-datapact/blobs/cloud/azblob"
)

func main() { cloud.Main("git-datapact-store-azblob", azblob.Open) }
