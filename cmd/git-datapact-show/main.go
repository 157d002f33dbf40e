// Git-datapact-show prints one receipt in full.
//
// Usage: git datapact show [--signatures] [--json] [SELECTOR]
package main

import (
	"github.com/git-datapact/git-datapact/cmd/git-datapact-show/show"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
)

func main() { frame.Main("git-datapact-show", show.New()) }
