// Git-datapact-log lists the receipts of a dataset branch, newest first.
//
// Usage: git datapact log [-n NUMBER] [--since DATE] [--until DATE] [--where CONDITION]… [--reverse] [--date FORMAT] [--columns KEY,… [--sort KEY]] [--retracted] [--stat|--graph|--json] [--signatures] [--all|SELECTOR…]
package main

import (
	"github.com/git-datapact/git-datapact/cmd/git-datapact-log/log"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
)

func main() { frame.Main("git-datapact-log", log.New()) }
