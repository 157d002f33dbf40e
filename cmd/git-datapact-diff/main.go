// Git-datapact-diff says what differs between two receipts.
//
// Usage: git datapact diff [--content PATH] [--raw] [--store URL] [--json] SELECTOR [SELECTOR]
package main

import (
	"github.com/git-datapact/git-datapact/cmd/git-datapact-diff/diff"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
)

func main() { frame.Main("git-datapact-diff", diff.New()) }
