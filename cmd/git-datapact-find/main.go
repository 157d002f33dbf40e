// Git-datapact-find finds receipts on all branches, by what they and their outputs are.
//
// Usage: git datapact find [--where CONDITION]… [--since DATE] [--until DATE] [--path GLOB] [--checksum SHA256] [--blob BLOB] [--file FILE] [--min-size SIZE] [--max-size SIZE] [-n NUMBER] [--json] [BRANCH…]
package main

import (
	"github.com/git-datapact/git-datapact/cmd/git-datapact-find/find"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
)

func main() { frame.Main("git-datapact-find", find.New()) }
