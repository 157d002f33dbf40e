// Git-datapact-gc finds the blobs of a store that no receipt names, and deletes
// them.
//
// Usage: git datapact gc [--delete] [--purge] [--older-than AGE] [--tips-only] [--retention | [--keep-last N] [--keep-within AGE] [--keep-tagged]] [--offline] [--gone BRANCH]… [--ignore OBJECT]… [--store URL] [--json]
//
//	git datapact gc --restore [--store URL] [--json]
package main

import (
	"github.com/git-datapact/git-datapact/cmd/git-datapact-gc/gc"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
)

func main() { frame.Main("git-datapact-gc", gc.New()) }
