// Git-datapact-record records a result directory as a receipt.
//
// Usage: git datapact record [--branch NAME] [--input DIR|SELECTOR]… [--seed :BRANCH=RESULT]… [--metadata KEY=VALUE]… [--filter GLOB=NAME]… [--push[=REMOTE]] [--sign[=KEY] | --no-sign] [--allow-empty] [--dry-run] [--store URL] [--json] [DIR | --name FILE -]
package main

import (
	"github.com/git-datapact/git-datapact/cmd/git-datapact-record/record"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
)

func main() { frame.Main("git-datapact-record", record.New()) }
