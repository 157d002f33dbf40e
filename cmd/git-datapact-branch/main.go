// Git-datapact-branch starts a dataset branch, without touching the checkout.
//
// Usage: git datapact branch [--input BRANCH]… [--code BRANCH:PATH] [--image REPOSITORY] [--docker] NAME [-- COMMAND…]
package main

import (
	"github.com/git-datapact/git-datapact/cmd/git-datapact-branch/branch"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
)

func main() { frame.Main("git-datapact-branch", branch.New()) }
