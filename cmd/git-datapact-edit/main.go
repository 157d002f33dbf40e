// Git-datapact-edit changes the job of a dataset branch, without touching the checkout.
//
// Usage: git datapact edit [-F FILE] [-m MESSAGE]… [--json] [BRANCH]
package main

import (
	"github.com/git-datapact/git-datapact/cmd/git-datapact-edit/edit"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
)

func main() { frame.Main("git-datapact-edit", edit.New()) }
