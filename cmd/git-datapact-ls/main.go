// Git-datapact-ls lists the outputs of a receipt.
//
// Usage: git datapact ls [-l|--raw|--tree] [--json] [SELECTOR] [PATH…]
package main

import (
	"github.com/git-datapact/git-datapact/cmd/git-datapact-ls/ls"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
)

func main() { frame.Main("git-datapact-ls", ls.New()) }
