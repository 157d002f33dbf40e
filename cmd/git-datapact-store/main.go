// Git-datapact-store says which store a repository uses, why, and how full it is, and
// moves a repository to another one.
//
// Usage: git datapact store [status] [--store URL] [--json]
//
//	git datapact store test [--size SIZE] [--store URL] [--json] [URL]
//	git datapact store migrate [--dry-run] [--force] [--jobs N] [--store URL] [--json] URL
//	git datapact store push|pull [--dry-run] [--jobs N] [--store URL] [--json] [URL]
package main

import (
	"github.com/git-datapact/git-datapact/cmd/git-datapact-store/store"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
)

func main() { frame.Main("git-datapact-store", store.New()) }
