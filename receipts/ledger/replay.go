package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
)

// Replay announces a receipt again: the same receipt with a newer timestamp, in a
// commit of its own, so that what depends on it is out of date. A receipt without
// inputs cannot be replayed, since its id follows from its timestamp.
func Replay(ctx context.Context, repository *gitcmd.Repository, entry *Entry) (*Entry, error) {
	if len(entry.Receipt.Input) == 0 {
		return nil, fmt.Errorf("replaying %s@%s: a receipt without inputs has its id from its timestamp", entry.Receipt.Branch, entry.ID)
	}
	again := *entry.Receipt
	again.Timestamp = receipts.NewTimestamp(time.Now())
	return Append(ctx, repository, &again, &AppendOptions{replay: true})
}
