// Git-datapact-status tells what the jobs of a repository have recorded, and what is
// pending or out of date.
//
// Usage: git datapact status [--explain] [--due] [--fetch] [--json] [BRANCH…]
package main

import (
	"github.com/git-datapact/git-datapact/cmd/git-datapact-status/status"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
)

func main() { frame.Main("git-datapact-status", status.New()) }
