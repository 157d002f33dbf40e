// Git-datapact-resource is what Concourse runs of a datapact resource: check lists
// versions, in brings one, out records one. The request is JSON on standard input,
// the answer JSON on standard output. Installed under the name of an action, it
// takes none as argument.
//
// Usage: git datapact resource check|in|out [DIR]
package main

import (
	"github.com/git-datapact/git-datapact/cmd/git-datapact-resource/resource"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
)

func main() { frame.Main("git-datapact-resource", resource.New()) }
