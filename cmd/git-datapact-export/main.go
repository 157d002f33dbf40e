// Git-datapact-export tells other tools how a result was made.
//
// Usage: git datapact export [--format FORMAT] [--lineage] [--sign KEYFILE] [SELECTOR]
//
//	git datapact export --verify FILE --key PUBKEY… [--lineage] [SELECTOR]
package main

import (
	"github.com/git-datapact/git-datapact/cmd/git-datapact-export/export"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
)

func main() { frame.Main("git-datapact-export", export.New()) }
