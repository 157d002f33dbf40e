package ledger

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts/index"
)

// What is remembered of a branch, beside its index, is in files that may be deleted at any time,
// one of each kind. Each is of a commit: what commits and trees hold never changes.
const (
	annalsKind = "annals"
	lastKind   = "last"
	recentKind = "recent"
)

// recall reads what is remembered of the branch. It reports whether that is there, and may be
// used.
func (l *Ledger) recall(ctx context.Context, kind string, value any) bool {
	file := l.memoryFile(ctx, kind)
	return file != "" && gitcmd.ReadSealed(file, value) && MayIndex(ctx, l.repository)
}

// remember writes down what is known of the branch, if it can: else it is found out again.
func (l *Ledger) remember(ctx context.Context, kind string, value any) {
	file := l.memoryFile(ctx, kind)
	if file == "" || gitcmd.Receiving() || !MayIndex(ctx, l.repository) {
		return
	}
	folder, sharing, err := l.repository.DataFolder(ctx, kind)
	if err != nil {
		return
	}
	if _, err := os.Lstat(file); errors.Is(err, fs.ErrNotExist) {
		prune(ctx, l.repository, folder)
	}
	_ = sharing.WriteSealed(file, value)
}

// forget removes what is of another history.
func (l *Ledger) forget(ctx context.Context, kind string) {
	if file := l.memoryFile(ctx, kind); file != "" && ctx.Err() == nil && !gitcmd.Receiving() {
		_ = os.Remove(file)
	}
}

// memoryFile is where something is remembered of the branch, "" where that cannot be told.
func (l *Ledger) memoryFile(ctx context.Context, kind string) string {
	data, err := l.repository.DataDir(ctx)
	if err != nil || l.branch.Name == "" || l.branch.Commit == "" {
		return ""
	}
	return filepath.Join(data, kind, index.FileName(l.branch.Name))
}

// whole reports whether the history here is all there is.
func (l *Ledger) whole(ctx context.Context) bool {
	part, err := l.repository.Incomplete(ctx)
	return part == "" && err == nil
}

// prune removes the files of branches that are not there any more. What was written within the
// hour stays: somebody may be about to give it its name.
func prune(ctx context.Context, repository *gitcmd.Repository, folder string) {
	files, _ := os.ReadDir(folder)
	if len(files) == 0 {
		return
	}
	branches, err := repository.AllBranches(ctx)
	if err != nil {
		return
	}
	kept := map[string]bool{}
	for _, branch := range branches {
		kept[index.FileName(branch.Name)] = true
	}
	for _, file := range files {
		info, err := file.Info()
		if err == nil && !kept[file.Name()] && time.Since(info.ModTime()) > time.Hour {
			_ = os.Remove(filepath.Join(folder, file.Name()))
		}
	}
}
