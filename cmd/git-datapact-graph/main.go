// Git-datapact-graph draws what depends on what: the jobs of a repository with how they
// stand, or what one receipt was made from and what was made from it.
//
// Usage: git datapact graph [--up] [--down] [--depth N] [--dot|--mermaid|--svg|--json] [SELECTOR]
package main

import (
	"github.com/git-datapact/git-datapact/cmd/git-datapact-graph/graph"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
)

func main() { frame.Main("git-datapact-graph", graph.New()) }
