package plan

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// Replay announces the receipts again, one commit each, and calls done after each.
// Before the first commit it makes sure that all of them can be replayed.
func Replay(ctx context.Context, repository *gitcmd.Repository, entries []*ledger.Entry, done func(*ledger.Entry) error) error {
	var without []string
	for _, entry := range entries {
		if err := ledger.CheckBranch(ctx, repository, entry.Receipt.Branch); err != nil {
			return err
		}
		if len(entry.Receipt.Input) == 0 {
			without = append(without, entry.Receipt.Branch+"@"+string(entry.ID[:12]))
		}
	}
	if len(without) > 0 {
		return gitcmd.WithHint(fmt.Errorf("receipts without inputs cannot be replayed: %s", strings.Join(without, ", ")),
			"their id follows from their timestamp: record the result again instead")
	}
	for _, entry := range entries {
		again, err := ledger.Replay(ctx, repository, entry)
		if again == nil {
			return err
		}
		if err := errors.Join(done(again), err); err != nil {
			return err
		}
	}
	return nil
}

// A Request asks for executions of a job.
type Request struct {
	Branch     string
	Executions []Execution
}

// IDs are those of the executions.
func (r *Request) IDs() []receipts.ID {
	ids := make([]receipts.ID, len(r.Executions))
	for i := range r.Executions {
		ids[i] = r.Executions[i].ID
	}
	return ids
}
