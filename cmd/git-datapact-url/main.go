// Git-datapact-url tells other programs where the stored object of an output is.
//
// Usage: git datapact url [--sign TIME] [--json] [--store URL] SELECTOR:PATH
package main

import (
	"github.com/git-datapact/git-datapact/cmd/git-datapact-url/url"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
)

func main() { frame.Main("git-datapact-url", url.New()) }
