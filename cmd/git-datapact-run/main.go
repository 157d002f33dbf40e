// Git-datapact-run runs every execution that is due, and records it.
//
// Usage: git datapact run [--dry-run] [--jobs N] [--engine process|docker|podman] [--only] [--keep-going] [--outdated] [--force] [--input ALIAS=DIR]… [--push[=REMOTE]] [--store URL] [--json] [BRANCH…]
//
// Usage: git datapact run --log [BRANCH[@ID]]
package main

import (
	"github.com/git-datapact/git-datapact/cmd/git-datapact-run/run"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
)

func main() { frame.Main("git-datapact-run", run.New()) }
