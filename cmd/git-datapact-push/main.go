// Git-datapact-push sends what was recorded on all dataset branches to a remote.
//
// Usage: git datapact push [--dry-run] [--store URL] [--json] [REMOTE]
package main

import (
	"github.com/git-datapact/git-datapact/cmd/git-datapact-push/push"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
)

func main() { frame.Main("git-datapact-push", push.New()) }
