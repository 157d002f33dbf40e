// Git-datapact-verify proves that a store holds what receipts say.
//
// Usage: git datapact verify [--exists] [--sample N% [--seed N]] [--older-than AGE] [--again] [--history] [--lineage] [--repair-from URL] [--jobs N] [--store URL] [--json] [SELECTOR…]
package main

import (
	"github.com/git-datapact/git-datapact/cmd/git-datapact-verify/verify"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
)

func main() { frame.Main("git-datapact-verify", verify.New()) }
