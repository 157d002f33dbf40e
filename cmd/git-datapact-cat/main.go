// Git-datapact-cat streams one output of a receipt to standard output, verified.
//
// Usage: git datapact cat [--store URL] [--raw] SELECTOR:PATH
package main

import (
	"github.com/git-datapact/git-datapact/cmd/git-datapact-cat/cat"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
)

func main() { frame.Main("git-datapact-cat", cat.New()) }
