package validate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
)

// A Hook is a hook of git that a check can be.
type Hook string

// The hooks: the first two run in a clone, the others where a push is received.
const (
	PreCommit   Hook = "pre-commit"
	PrePush     Hook = "pre-push"
	UpdateHook  Hook = "update"
	PreReceive  Hook = "pre-receive"
	PostReceive Hook = "post-receive"
)

// Hooks lists them all.
func Hooks() []Hook { return []Hook{PreCommit, PrePush, UpdateHook, PreReceive, PostReceive} }

// ParseHooks reads the names of hooks.
func ParseHooks(names []string) ([]Hook, error) {
	var hooks []Hook
	for _, name := range names {
		if !slices.Contains(Hooks(), Hook(name)) {
			return nil, gitcmd.Usage(fmt.Errorf("%q is not a hook for receipts, want one of %s", name, hookNames()))
		}
		hooks = append(hooks, Hook(name))
	}
	return hooks, nil
}

func hookNames() string {
	var names []string
	for _, hook := range Hooks() {
		names = append(names, string(hook))
	}
	return strings.Join(names, ", ")
}

func usualHooks(ctx context.Context, repository *gitcmd.Repository) ([]Hook, error) {
	bare, err := repository.IsBare(ctx)
	if bare {
		return []Hook{PreReceive}, err
	}
	return []Hook{PreCommit, PrePush}, err
}

// Run is a check as a hook of git: args and in are what git gives to it.
func (h Hook) Run(ctx context.Context, repository *gitcmd.Repository, args []string, in io.Reader, opts Options) (Summary, error) {
	opts.Server = h == UpdateHook || h == PreReceive || h == PostReceive
	var updates []Update
	var err error
	switch h {
	case PreCommit:
		if has, err := h.hasDatasets(ctx, repository, nil); err != nil || !has {
			return Summary{}, err
		}
		return CheckStaged(ctx, repository, opts)
	case PrePush:
		updates, err = ParsePushed(in)
	case UpdateHook:
		updates, err = parseUpdate(args)
	default:
		updates, err = ParseReceived(in)
	}
	if err != nil || len(updates) == 0 {
		return Summary{}, err
	}
	if has, err := h.hasDatasets(ctx, repository, updates); err != nil || !has {
		return Summary{}, err
	}
	return Check(ctx, repository, updates, opts)
}

// hasDatasets reports whether the repository is one for datasets: --install was run in it,
// something was recorded here, or a branch, an update or the index holds a receipt. A hook
// that runs in other repositories too leaves those alone, whatever their config/job.json
// or their folder result is for.
func (h Hook) hasDatasets(ctx context.Context, repository *gitcmd.Repository, updates []Update) (bool, error) {
	path, ours, err := look(ctx, repository, h)
	if err != nil {
		return false, err
	}
	if ours {
		if own, err := repository.IsWithin(ctx, filepath.Dir(path)); err != nil || own {
			return own, err
		}
	}
	data, err := repository.DataDir(ctx)
	if err != nil {
		return false, err
	}
	if _, err := os.Stat(data); err == nil {
		return true, nil
	}
	if h == PreCommit {
		for file, err := range repository.Staged(ctx) {
			if err != nil {
				return false, err
			}
			if _, isReceipt := receipts.IDFromPath(file.Path); isReceipt {
				return true, nil
			}
		}
	}
	branches, err := repository.AllBranches(ctx)
	if _, broken := errors.AsType[*gitcmd.BrokenRefsError](err); err != nil && !broken { // another one may tell
		return false, err
	}
	var commits []gitcmd.Hash
	for _, branch := range branches {
		commits = append(commits, branch.Commit)
	}
	for _, update := range updates {
		commits = append(commits, orNothing(update.New))
	}
	return haveReceipt(ctx, repository, commits)
}

// haveReceipt reports whether a commit holds something at a place for receipts.
func haveReceipt(ctx context.Context, repository *gitcmd.Repository, commits []gitcmd.Hash) (bool, error) {
	names := make([]string, len(commits))
	for i, commit := range commits {
		names[i] = string(commit) + ":result"
	}
	folders, err := repository.Headers(ctx, names)
	if err != nil && !errors.Is(err, gitcmd.ErrNotFound) {
		return false, err
	}
	for i, folder := range folders {
		if folder == nil || folder.Kind != gitcmd.Tree {
			continue
		}
		for file, err := range repository.FilesBelow(ctx, commits[i], []string{"result"}) {
			if err != nil {
				return false, err
			}
			if _, isReceipt := receipts.IDFromPath(file.Path); isReceipt {
				return true, nil
			}
		}
	}
	return false, nil
}

// parseUpdate reads the arguments of an update hook: a ref and two hashes.
func parseUpdate(args []string) ([]Update, error) {
	if len(args) != 3 {
		return nil, gitcmd.Usage(errors.New("the hook update has three arguments: a ref, and the hashes before and after"))
	}
	update, isBranch, err := NewUpdate(args[0], args[1], args[2])
	if err != nil || !isBranch {
		return nil, err
	}
	return []Update{update}, nil
}
