// Git-datapact-fetch brings the outputs of a receipt into a folder.
//
// Usage: git datapact fetch [-o DIR] [--raw] [--all] [--force] [--offline] [--require-signed-by WHO]… [--store URL] [--json] SELECTOR [PATH…]
package main

import (
	"github.com/git-datapact/git-datapact/cmd/git-datapact-fetch/fetch"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
)

func main() { frame.Main("git-datapact-fetch", fetch.New()) }
