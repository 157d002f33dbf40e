// Git-datapact-init makes a repository ready to record in.
//
// Usage: git datapact init [--store URL] [DIR]
package main

import (
	"github.com/git-datapact/git-datapact/cmd/git-datapact-init/initialize"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
)

func main() { frame.Main("git-datapact-init", initialize.New()) }
