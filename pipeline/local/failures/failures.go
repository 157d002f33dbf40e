// Package failures remembers which executions of the jobs of a repository failed in
// this clone.
package failures

import (
	"context"
	"crypto/sha1"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// A Failure is an execution that failed here and was not recorded since.
type Failure struct {
	Branch string
	Key    string             // which execution: the id of its receipt, or "request"
	Time   receipts.Timestamp // when it failed
	Why    string             // in one line

	at time.Time // when, to less than a second
}

// Short is what messages show of the key of an execution.
func Short(key string) string { return key[:min(12, len(key))] }

// A Folder keeps the failed executions of a repository. Only the clone they happened in
// knows them: as small files failures/BRANCH/KEY in the folder that git-datapact keeps
// in the git directory. Several processes may use them at once.
type Folder struct {
	dir     string
	sharing gitcmd.Sharing
}

// Open finds the failures of a repository.
func Open(ctx context.Context, repository *gitcmd.Repository) (Folder, error) {
	data, err := repository.DataDir(ctx)
	if err != nil {
		return Folder{}, err
	}
	sharing, err := repository.Sharing(ctx)
	return Folder{filepath.Join(data, "failures"), sharing}, err
}

// longName is how long the name of a folder may be that is that of a branch.
const longName = 150

// BranchFolder is the name of the folder that keeps what belongs to a branch.
func BranchFolder(branch string) string {
	name := url.PathEscape(branch)
	if len(name) > longName {
		name = fmt.Sprintf("%s-%x", name[:longName], sha1.Sum([]byte(branch)))
	}
	return name
}

func (f Folder) folder(branch string) string { return filepath.Join(f.dir, BranchFolder(branch)) }

// unfinished ends the names of files that are being written.
const unfinished = ".new"

// Put notes that an execution failed just now, and why, in one line.
func (f Folder) Put(branch, key, why string) error {
	if err := f.sharing.MkdirAll(f.folder(branch)); err != nil {
		return err
	}
	file := filepath.Join(f.folder(branch), key)
	if err := f.sharing.WriteFile(file+unfinished, []byte(why)); err != nil {
		return err
	}
	return os.Rename(file+unfinished, file)
}

// Clear notes that an execution succeeded.
func (f Folder) Clear(branch, key string) error {
	if err := os.Remove(filepath.Join(f.folder(branch), key)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Stands reports whether an execution failed and is not recorded since: of a branch,
// by the name of its folder.
func (f Folder) Stands(ctx context.Context, repository *gitcmd.Repository, folder, key string) bool {
	info, err := os.Stat(filepath.Join(f.dir, folder, key))
	if err != nil {
		return false
	}
	branch, err := url.PathUnescape(folder)
	id, idErr := receipts.ParseID(key)
	if err != nil || idErr != nil {
		return true
	}
	l, err := ledger.Open(ctx, repository, branch)
	if err != nil {
		return true
	}
	entry, err := l.Find(ctx, id)
	return err != nil || entry.Receipt.Timestamp.Time().Before(info.ModTime().Truncate(time.Second))
}

// Last is the failure of a branch that happened last and still stands, nil for none.
func (f Folder) Last(ctx context.Context, repository *gitcmd.Repository, branch string) (*Failure, error) {
	entries, err := os.ReadDir(f.folder(branch))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var last *Failure
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil || strings.HasSuffix(entry.Name(), unfinished) {
			continue // cleared meanwhile, or left by a process that was killed
		}
		if (last == nil || !info.ModTime().Before(last.at)) && f.Stands(ctx, repository, BranchFolder(branch), entry.Name()) {
			last = &Failure{Branch: branch, Key: entry.Name(), Time: receipts.NewTimestamp(info.ModTime()), at: info.ModTime()}
		}
	}
	if last == nil {
		return nil, nil
	}
	why, err := os.ReadFile(filepath.Join(f.folder(branch), last.Key))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	last.Why = string(why)
	return last, err
}

// Newest is the failure of any local branch that happened last and still stands, nil for
// none.
func (f Folder) Newest(ctx context.Context, repository *gitcmd.Repository) (*Failure, error) {
	branches, err := repository.LocalBranches(ctx)
	if err != nil {
		return nil, err
	}
	var newest *Failure
	for _, branch := range branches {
		last, err := f.Last(ctx, repository, branch.Name)
		if err != nil {
			return nil, err
		}
		if last != nil && (newest == nil || last.at.After(newest.at)) {
			newest = last
		}
	}
	return newest, nil
}
