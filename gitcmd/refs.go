package gitcmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A Branch is a branch as a ref of the repository shows it.
type Branch struct {
	Name     string
	Ref      string // "refs/heads/…", or "refs/remotes/…" where Remote is set
	Remote   string // the remote whose tracking branch it is, "" for a local one
	Commit   Hash   // its tip; "" for the unborn branch of HEAD
	Worktree string // where it is checked out, "" for nowhere
}

// Branch finds a local branch. The error for none is [ErrNotFound].
func (r *Repository) Branch(ctx context.Context, name string) (Branch, error) {
	if CheckBranchName(name) == nil && !r.mayBeCheckedOut(ctx, name) {
		local := Branch{Name: name, Ref: "refs/heads/" + name}
		var err error
		if local.Commit, err = r.ResolveCommit(ctx, local.Ref); err == nil {
			return local, nil
		}
	}
	branches, err := r.branches(ctx, name, "refs/heads/"+name)
	if err != nil {
		return Branch{}, err
	}
	if len(branches) == 0 {
		return Branch{}, fmt.Errorf("branch %s: %w", name, ErrNotFound)
	}
	return branches[0], nil
}

// mayBeCheckedOut reports whether a worktree may have a branch checked out, without
// starting git: a HEAD says it by name, and where HEAD is no such file (refs in a reftable, a
// rebase at work) it is taken to be so.
func (r *Repository) mayBeCheckedOut(ctx context.Context, name string) bool {
	where, err := r.where(ctx)
	if err != nil || !where.files {
		return true
	}
	worktrees, err := os.ReadDir(filepath.Join(where.common, "worktrees"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return true
	}
	heads := []string{filepath.Join(where.common, "HEAD")}
	for _, worktree := range worktrees {
		heads = append(heads, filepath.Join(where.common, "worktrees", worktree.Name(), "HEAD"))
	}
	for _, head := range heads {
		data, err := os.ReadFile(head)
		ref, symbolic := strings.CutPrefix(strings.TrimSpace(string(data)), "ref: refs/heads/")
		if err != nil || !symbolic || ref == name {
			return true
		}
	}
	return false
}

// FindBranch finds a branch to read: the local one, else the remote-tracking
// one; of several remotes, that of origin. It does not tell the worktree.
func (r *Repository) FindBranch(ctx context.Context, name string) (Branch, error) {
	if err := CheckBranchName(name); err != nil {
		return Branch{}, err
	}
	local := Branch{Name: name, Ref: "refs/heads/" + name}
	var err error
	if local.Commit, err = r.ResolveCommit(ctx, local.Ref); !errors.Is(err, ErrNotFound) {
		return local, err
	}
	if _, err := r.where(ctx); err != nil { // no branch is found where objects cannot be read
		return Branch{}, err
	}
	// A local one that is there and cannot be read is an error, not absent.
	branches, err := r.branches(ctx, name, local.Ref, "refs/remotes/*/"+name)
	if err != nil {
		return Branch{}, err
	}
	var remotes []string
	for _, b := range branches {
		if b.Remote == "origin" || len(branches) == 1 {
			return b, nil
		}
		remotes = append(remotes, b.Remote)
	}
	if len(remotes) > 0 {
		return Branch{}, WithHint(fmt.Errorf("branch %s is on several remotes: %s", name, strings.Join(remotes, ", ")),
			fmt.Sprintf("choose one with 'git branch %s %s/%s'", name, remotes[0], name))
	}
	return Branch{}, fmt.Errorf("branch %s: %w", name, ErrNotFound)
}

// FindTracking finds a remote-tracking branch by its name with that of the remote, as
// origin/data.
func (r *Repository) FindTracking(ctx context.Context, name string) (Branch, error) {
	if err := CheckBranchName(name); err != nil {
		return Branch{}, err
	}
	ref := "refs/remotes/" + name
	refs, err := r.listRefs(ctx, ref)
	if err != nil {
		return Branch{}, fmt.Errorf("looking for branch %s: %w", name, err)
	}
	for _, b := range branchesOf(refs) {
		if b.Ref == ref {
			return b, nil
		}
	}
	return Branch{}, fmt.Errorf("branch %s: %w", name, ErrNotFound)
}

// branches lists the refs that match. The patterns hold the branch's name, which
// cannot hold a wildcard itself.
func (r *Repository) branches(ctx context.Context, name string, patterns ...string) ([]Branch, error) {
	if err := CheckBranchName(name); err != nil {
		return nil, err
	}
	refs, err := r.listRefs(ctx, patterns...)
	if broken, ok := errors.AsType[*BrokenRefsError](err); ok && !broken.Hides(name) {
		err = nil
	}
	if err != nil {
		return nil, fmt.Errorf("looking for branch %s: %w", name, err)
	}
	// A pattern also matches what is below it.
	return slices.DeleteFunc(branchesOf(refs), func(b Branch) bool { return b.Name != name }), nil
}

// ErrDetached says that HEAD names a commit and no branch.
var ErrDetached = errors.New("HEAD is detached: it names no branch")

// Head returns the name of the current branch, which may be unborn.
func (r *Repository) Head(ctx context.Context) (string, error) {
	out, err := r.git.output(ctx, "symbolic-ref", "--quiet", "HEAD")
	if failed, ok := errors.AsType[*ExecError](err); ok && exitCode(failed.Err) == 1 {
		return "", ErrDetached
	}
	if err != nil {
		return "", fmt.Errorf("reading HEAD: %w", err)
	}
	name, ok := strings.CutPrefix(strings.TrimSpace(string(out)), "refs/heads/")
	if !ok {
		return "", fmt.Errorf("HEAD names %s, which is not a branch", strings.TrimSpace(string(out)))
	}
	return name, nil
}

// Unborn returns the current branch when it has no commit yet, with the
// worktree it is checked out in; [ErrNotFound] when name is not that branch.
func (r *Repository) Unborn(ctx context.Context, name string) (Branch, error) {
	head, err := r.Head(ctx)
	if errors.Is(err, ErrDetached) || err == nil && head != name {
		return Branch{}, fmt.Errorf("branch %s: %w", name, ErrNotFound)
	}
	if err != nil {
		return Branch{}, err
	}
	b := Branch{Name: name, Ref: "refs/heads/" + name}
	if b.Worktree, err = r.TopLevel(ctx); err != nil {
		return Branch{}, err
	}
	return b, nil
}

// UpdateRef sets ref to the commit if it still holds old ("" for a ref that must
// not exist), under git's own lock, with a line in the reflog. When the ref
// holds something else the error is [ErrMoved] and nothing has changed.
func (r *Repository) UpdateRef(ctx context.Context, ref string, commit, old Hash, reflog string) error {
	args := []string{"-c", "core.filesRefLockTimeout=200", "update-ref", "-m", reflog, ref, string(commit), string(old)}
	var err error
	for wait := 10 * time.Millisecond; wait < time.Second; wait *= 2 {
		if _, err = r.git.apart().output(ctx, args...); err == nil || ctx.Err() != nil {
			return err
		}
		current, resolveErr := r.ResolveRef(ctx, ref)
		switch {
		case resolveErr != nil:
			return errors.Join(err, resolveErr)
		case current == commit && !refused(err): // it failed after the update
			return nil
		case current != old:
			return fmt.Errorf("updating %s: %w", ref, ErrMoved)
		}
		if !lockHeld(err) {
			break
		}
		if err := Wait(ctx, wait); err != nil {
			return err
		}
	}
	return lockHint(fmt.Errorf("updating %s: %w", ref, err))
}

// ResolveRef reads a ref by its full name; "" when there is none.
func (r *Repository) ResolveRef(ctx context.Context, ref string) (Hash, error) {
	refs, _, err := r.forEachRef(ctx, ref)
	if err != nil {
		return "", err
	}
	for _, found := range refs {
		if found.Name == ref {
			return found.Hash, nil
		}
	}
	return "", nil
}

// isDescribed reports whether git, where there is no ref of this name, takes it for what
// git describe says of a commit.
func isDescribed(ref string) bool {
	at := strings.LastIndex(ref, "-g")
	return at >= 0 && len(ref) > at+2 && strings.Trim(ref[at+2:], "0123456789abcdefABCDEF") == ""
}

// RefCommit returns the commit that a ref of the full name given is at, "" where there is
// no such ref, or its commit is not here. Most refs need no process of their own.
func (r *Repository) RefCommit(ctx context.Context, ref string) (Hash, error) {
	if isDescribed(ref) {
		if hash, err := r.ResolveRef(ctx, ref); err != nil || hash == "" {
			return "", err
		}
	}
	commit, err := r.ResolveCommit(ctx, ref)
	return commit, exceptNotFound(err)
}

// DeleteRef removes a ref if it still holds old.
func (r *Repository) DeleteRef(ctx context.Context, ref string, old Hash) error {
	if _, err := r.git.output(ctx, "update-ref", "-d", ref, string(old)); err != nil {
		return fmt.Errorf("deleting %s: %w", ref, err)
	}
	return nil
}

// refused reports whether git found another value than it was to replace. The ref
// can be at the new commit all the same: another process may have made the same.
func refused(err error) bool {
	failed, ok := errors.AsType[*ExecError](err)
	return ok &&
		(strings.Contains(failed.Stderr, "but expected") || strings.Contains(failed.Stderr, "already exists"))
}

// lockHeld reports whether git stopped at another process's lock file.
func lockHeld(err error) bool {
	failed, ok := errors.AsType[*ExecError](err)
	return ok && (strings.Contains(failed.Stderr, ".lock': File exists") || strings.Contains(failed.Stderr, "data is locked")) // in a reftable
}

func lockHint(err error) error {
	if !lockHeld(err) {
		return err
	}
	return WithHint(err, "another git process holds the lock; if none is running, one was killed: delete the .lock file and run the command again")
}

// Wait waits for a time, none if it is negative, or returns the context's error when that
// ends first.
func Wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// LocalBranches lists the local branches, sorted by name. Those that can be read are
// returned beside a [*BrokenRefsError].
func (r *Repository) LocalBranches(ctx context.Context) ([]Branch, error) {
	return r.listBranches(ctx, "refs/heads/")
}

// AllBranches lists the local and the remote-tracking branches, as
// [Repository.LocalBranches] does.
func (r *Repository) AllBranches(ctx context.Context) ([]Branch, error) {
	return r.listBranches(ctx, "refs/heads/", "refs/remotes/")
}

func (r *Repository) listBranches(ctx context.Context, patterns ...string) ([]Branch, error) {
	refs, err := r.listRefs(ctx, patterns...)
	if err != nil {
		err = fmt.Errorf("listing branches: %w", err)
	}
	return branchesOf(refs), err
}

// ReadableBranches lists every branch that there is to read, sorted by name: the
// local ones and, of those that are not local, the remote-tracking ones; of several
// remotes, that of origin, else of the first by its name.
func (r *Repository) ReadableBranches(ctx context.Context) ([]Branch, error) {
	all, err := r.AllBranches(ctx)
	if err != nil {
		return nil, err
	}
	rank := func(b Branch) int { // the local one first, then that of origin
		return slices.Index([]string{"", "origin", b.Remote}, b.Remote)
	}
	branches := slices.DeleteFunc(all, func(b Branch) bool { return CheckBranchName(b.Name) != nil })
	slices.SortFunc(branches, func(a, b Branch) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), cmp.Compare(rank(a), rank(b)), strings.Compare(a.Remote, b.Remote))
	})
	return slices.CompactFunc(branches, func(a, b Branch) bool { return a.Name == b.Name }), nil
}

func branchesOf(refs []Ref) []Branch {
	var branches []Branch
	for _, ref := range refs {
		if branch, _ := ref.Branch(); branch.Name != branch.Ref {
			branches = append(branches, branch)
		}
	}
	return branches
}
