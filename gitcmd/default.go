package gitcmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// DefaultBranches lists the branches that the default branch can be, the likeliest
// first, whatever is checked out here: that of the remote's HEAD, that of the HEAD of the
// main worktree or the bare repository, init.defaultBranch, main and master. Each is the
// local branch, else the remote-tracking one; of several remotes origin comes first. Those
// that are not there are left out.
func (r *Repository) DefaultBranches(ctx context.Context) ([]Branch, error) {
	remotes, err := r.configuredRemotes(ctx)
	if err != nil {
		return nil, err
	}
	names, err := r.defaultNames(ctx, remotes)
	if err != nil {
		return nil, err
	}
	var candidates []Branch
	var revs []string
	for _, name := range names {
		candidates = append(candidates, Branch{Name: name, Ref: "refs/heads/" + name})
		for _, remote := range remotes {
			candidates = append(candidates, Branch{Name: name, Ref: "refs/remotes/" + remote + "/" + name, Remote: remote})
		}
	}
	for _, branch := range candidates {
		revs = append(revs, branch.Ref+"^{commit}")
	}
	objects, err := r.Headers(ctx, revs)
	if err = exceptNotFound(err); err != nil {
		return nil, err
	}
	var found []Branch
	for i, branch := range candidates {
		if objects[i] == nil || slices.ContainsFunc(found, func(b Branch) bool { return b.Name == branch.Name }) {
			continue
		}
		if branch.Remote != "" { // it does not stand in for a local one that cannot be read
			if _, err := r.branches(ctx, branch.Name, "refs/heads/"+branch.Name); err != nil {
				return nil, err
			}
		}
		branch.Commit = objects[i].Hash
		found = append(found, branch)
	}
	return found, nil
}

// defaultNames lists the names that the default branch can have, each once.
func (r *Repository) defaultNames(ctx context.Context, remotes []string) ([]string, error) {
	var names []string
	add := func(name string) {
		if CheckBranchName(name) == nil && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, remote := range remotes {
		target, err := r.symbolicRef(ctx, "refs/remotes/"+remote+"/HEAD")
		if err != nil {
			return nil, err
		}
		add(strings.TrimPrefix(target, "refs/remotes/"+remote+"/"))
	}
	head, err := r.symbolicRef(ctx, "HEAD")
	if err != nil {
		return nil, err
	}
	add(strings.TrimPrefix(head, "refs/heads/"))
	configured, _, err := r.Config(ctx, "init.defaultbranch")
	if err != nil {
		return nil, err
	}
	for _, name := range []string{configured, "main", "master"} {
		add(name)
	}
	return names, nil
}

// configuredRemotes lists the remotes that the configuration names, origin first.
func (r *Repository) configuredRemotes(ctx context.Context) ([]string, error) {
	keys, err := r.ConfigKeys(ctx, "remote.")
	if err != nil {
		return nil, err
	}
	var remotes []string
	for _, key := range keys {
		if name, ok := strings.CutSuffix(strings.TrimPrefix(key, "remote."), ".url"); ok {
			remotes = append(remotes, name)
		}
	}
	if i := slices.Index(remotes, "origin"); i > 0 {
		remotes = slices.Insert(slices.Delete(remotes, i, i+1), 0, "origin")
	}
	return remotes, nil
}

// symbolicRef returns what a ref that all worktrees share, or the HEAD of the main
// worktree, refers to; "" where there is none, or where it names a commit. It starts git
// only where no file tells.
func (r *Repository) symbolicRef(ctx context.Context, ref string) (string, error) {
	where, err := r.where(ctx)
	if err != nil {
		return "", err
	}
	if where.files {
		data, err := os.ReadFile(filepath.Join(where.common, filepath.FromSlash(ref)))
		if target, ok := strings.CutPrefix(strings.TrimSpace(string(data)), "ref: "); ok {
			return target, nil
		}
		if errors.Is(err, fs.ErrNotExist) {
			return "", nil
		}
	}
	if ref == "HEAD" {
		ref = "main-worktree/HEAD"
	}
	out, err := r.git.output(ctx, "symbolic-ref", "--quiet", ref)
	if failed, ok := errors.AsType[*ExecError](err); ok && exitCode(failed.Err) == 1 {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", path.Base(ref), err)
	}
	return strings.TrimSpace(string(out)), nil
}
