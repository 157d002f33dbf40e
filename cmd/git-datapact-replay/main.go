// Git-datapact-replay announces receipts again, so that what depends on them is
// executed again, or asks for executions of one job alone.
//
// Usage: git datapact replay [--pending BRANCH]… [--stale BRANCH]… [--outdated BRANCH]… [--failed BRANCH]… [--push[=REMOTE]] [--dry-run] [--json] [SELECTOR…]
package main

import (
	"github.com/git-datapact/git-datapact/cmd/git-datapact-replay/replay"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
)

func main() { frame.Main("git-datapact-replay", replay.New()) }
