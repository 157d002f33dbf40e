// Git-datapact-pipeline prints the Concourse pipeline of a repository.
//
// Usage: git datapact pipeline [--config FILE] [--allow-unset] [--yaml | --check [--against FILE]]
package main

import (
	"github.com/git-datapact/git-datapact/cmd/git-datapact-pipeline/pipeline"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
)

func main() { frame.Main("git-datapact-pipeline", pipeline.New()) }
