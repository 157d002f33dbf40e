// Git-datapact-pull brings what others recorded to all dataset branches.
//
// Usage: git datapact pull [--dry-run] [--json] [REMOTE]
//
// Usage: git datapact pull --merge-driver BASE OURS THEIRS PATH
package main

import (
	"github.com/git-datapact/git-datapact/cmd/git-datapact-pull/pull"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
)

func main() { frame.Main("git-datapact-pull", pull.New()) }
