package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/local/failures"
)

// A layout is where the engine keeps its files.
type layout struct {
	data     string // git-datapact's folder in the git directory
	failures failures.Folder
	sharing  gitcmd.Sharing // of what is made there
}

func openLayout(ctx context.Context, repository *gitcmd.Repository) (*layout, error) {
	data, err := repository.DataDir(ctx)
	if err != nil {
		return nil, err
	}
	sharing, err := repository.Sharing(ctx)
	if err != nil {
		return nil, err
	}
	folder, err := failures.Open(ctx, repository)
	return &layout{data, folder, sharing}, err
}

// lock keeps every other run out until unlock is called, or this process ends.
func (l *layout) lock() (unlock func(), err error) {
	if err := l.sharing.MkdirAll(l.data); err != nil {
		return nil, err
	}
	file := filepath.Join(l.data, "run.lock")
	lock, err := l.sharing.Lock(file)
	if err != nil {
		return nil, err
	}
	got, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("locking %s: %w", file, err)
	}
	if !got {
		holder, _ := os.ReadFile(file)
		return nil, gitcmd.WithHint(fmt.Errorf("another run is at work in this repository: %s", strings.TrimSpace(string(holder))),
			"wait until it has finished, then run again: what becomes due by others meanwhile is left for that")
	}
	host, _ := os.Hostname()
	holder := fmt.Sprintf("process %d on %s, since %s\n", os.Getpid(), host, time.Now().UTC().Format(time.RFC3339))
	if err := l.sharing.WriteFile(file, []byte(holder)); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return func() { _ = lock.Close() }, nil
}

// sweep removes what a run left that was killed, and what is known of failures whose
// receipt was recorded since by other means. What cannot be removed stays.
func (l *layout) sweep(ctx context.Context, repository *gitcmd.Repository) {
	builds := filepath.Join(l.data, "builds")
	branches, _ := os.ReadDir(builds)
	for _, branch := range branches {
		folder := filepath.Join(builds, branch.Name())
		if strings.HasPrefix(branch.Name(), scratchPrefix) {
			_ = removeAll(folder)
			continue
		}
		keys, _ := os.ReadDir(folder)
		for _, key := range keys {
			if !l.failures.Stands(ctx, repository, branch.Name(), key.Name()) {
				_ = removeAll(filepath.Join(folder, key.Name()))
			}
		}
	}
}

// scratchPrefix begins the names of folders beside the build folders that a run keeps
// for itself. No branch's name begins so.
const scratchPrefix = ".run-"

func (l *layout) build(branch, key string) string {
	return filepath.Join(l.data, "builds", failures.BranchFolder(branch), key)
}

func (l *layout) log(branch, key string) string {
	return filepath.Join(l.data, "logs", failures.BranchFolder(branch), key+".log")
}

// removeAll removes a folder also where a task took away the permission to.
func removeAll(folder string) error {
	if err := os.RemoveAll(folder); err == nil {
		return nil
	}
	_ = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, _ error) error {
		if entry != nil && entry.IsDir() {
			_ = os.Chmod(path, 0o700)
		}
		return nil
	})
	return os.RemoveAll(folder)
}

// Log opens the log of an execution: of a branch, and the first digits of the
// receipt's id or "request", "" for the execution that ended last. The error for none
// is [gitcmd.ErrNotFound]. The caller closes it.
func Log(ctx context.Context, repository *gitcmd.Repository, branch, key string) (*os.File, error) {
	l, err := openLayout(ctx, repository)
	if err != nil {
		return nil, err
	}
	folder := filepath.Dir(l.log(branch, ""))
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var found []fs.FileInfo
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil && strings.HasPrefix(entry.Name(), key) {
			found = append(found, info)
		}
	}
	name := branch + "@" + key
	switch {
	case len(found) == 0:
		return nil, gitcmd.WithHint(gitcmd.Negative(fmt.Errorf("log of %s: %w", strings.TrimSuffix(name, "@"), gitcmd.ErrNotFound)),
			"logs are kept by the clone in which 'git datapact run' executed the job")
	case len(found) > 1 && key != "":
		return nil, fmt.Errorf("log of %s: %d executions begin so", name, len(found))
	}
	last := found[0]
	for _, info := range found {
		if info.ModTime().After(last.ModTime()) {
			last = info
		}
	}
	return os.Open(filepath.Join(folder, last.Name()))
}
