package entries

import (
	"errors"

	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// Lineage is a lineage for conditions that warns of what it could not look at. It sets damaged
// where that is a receipt that cannot be read, and not a branch that this clone does not have.
func Lineage(env *frame.Env, repository *gitcmd.Repository, damaged *bool) *ledger.Lineage {
	return ledger.NewLineage(repository, func(err error) {
		env.Warnf("%v", err)
		*damaged = *damaged || !errors.Is(err, gitcmd.ErrNotFound)
	})
}
