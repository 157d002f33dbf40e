// Git-datapact-site makes static pages of everything that a repository has recorded.
//
// Usage: git datapact site -o DIR [--title TEXT] [--public URL] [--previews] [--serve[=ADDR]]
package main

import (
	"github.com/git-datapact/git-datapact/cmd/git-datapact-site/site"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
)

func main() { frame.Main("git-datapact-site", site.New()) }
