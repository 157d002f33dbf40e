// Git-datapact-validate holds receipts and jobs against the rules of dataset branches,
// and is the hook that does.
//
// Usage: git datapact validate [--all | --staged | [--branch NAME] REV-RANGE] [--json]
//
// Usage: git datapact validate --hook NAME [ARGUMENT…]
//
// Usage: git datapact validate --install|--uninstall [HOOK…]
package main

import (
	"github.com/git-datapact/git-datapact/cmd/git-datapact-validate/validate"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
)

func main() { frame.Main("git-datapact-validate", validate.New()) }
