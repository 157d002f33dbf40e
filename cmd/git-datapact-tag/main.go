// Git-datapact-tag gives receipts names, as tags of git.
//
// Usage: git datapact tag [-f] [-m MESSAGE]… NAME SELECTOR
//
//	git datapact tag -d NAME…
//	git datapact tag [--json]
package main

import (
	"github.com/git-datapact/git-datapact/cmd/git-datapact-tag/tag"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
)

func main() { frame.Main("git-datapact-tag", tag.New()) }
