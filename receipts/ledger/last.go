package ledger

import (
	"context"
	"path/filepath"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/index"
)

// A lastRecording is a commit that [Append] made, and the timestamp of its receipt. It is kept
// in a file for each branch, which may be deleted at any time: as long as the branch is at
// that commit, its newest receipt need not be looked for in the history.
type lastRecording struct {
	Commit    gitcmd.Hash
	Timestamp string // as a receipt has it
}

const lastFolder = "last"

// recalled is the timestamp of the newest receipt that the branch holds at a commit, if this
// is the one that was recorded last.
func (l *Ledger) recalled(ctx context.Context, commit gitcmd.Hash) (receipts.Timestamp, bool) {
	data, err := l.repository.DataDir(ctx)
	if err != nil {
		return receipts.Timestamp{}, false
	}
	var last lastRecording
	if !gitcmd.ReadSealed(filepath.Join(data, lastFolder, index.FileName(l.branch.Name)), &last) || last.Commit != commit || !MayIndex(ctx, l.repository) {
		return receipts.Timestamp{}, false
	}
	t, err := receipts.ParseTimestamp(last.Timestamp)
	return t, err == nil
}

// noteLast remembers a recording, if it can: else the next one reads the history.
func (l *Ledger) noteLast(ctx context.Context, entry *Entry) {
	if gitcmd.Receiving() || !MayIndex(ctx, l.repository) {
		return
	}
	folder, sharing, err := l.repository.DataFolder(ctx, lastFolder)
	if err == nil {
		last := lastRecording{entry.Commit, entry.Receipt.Timestamp.String()}
		_ = sharing.WriteSealed(filepath.Join(folder, index.FileName(l.branch.Name)), last)
	}
}
