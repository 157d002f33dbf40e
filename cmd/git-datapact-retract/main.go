// Git-datapact-retract takes receipts back.
//
// Usage: git datapact retract -m WHY [--push[=REMOTE]] [--dry-run] [--json] SELECTOR…
package main

import (
	"github.com/git-datapact/git-datapact/cmd/git-datapact-retract/retract"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
)

func main() { frame.Main("git-datapact-retract", retract.New()) }
