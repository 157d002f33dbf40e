package gitcmd

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Tracking tells in which refs git keeps the branches of a remote, as the refspecs of its
// configuration say.
type Tracking struct {
	Remote string
	specs  []refspec
}

// A refspec says which refs of a remote are fetched, and to where. Both sides have a
// star, or neither.
type refspec struct {
	source, target string
	negative       bool // what it matches is not fetched
}

const branchPrefix = "refs/heads/"

// Tracking reads how the branches of a configured remote are kept here. A remote whose
// branches are not kept, or take the place of the local ones, is refused.
func (r *Repository) Tracking(ctx context.Context, remote string) (*Tracking, error) {
	addresses, err := r.ConfigAll(ctx, "remote."+remote+".url")
	if err != nil {
		return nil, err
	}
	if len(addresses) == 0 {
		return nil, WithHint(fmt.Errorf("there is no remote %s", WithoutSecrets(remote)), "'git remote' lists those there are, 'git remote add NAME URL' adds one")
	}
	texts, err := r.ConfigAll(ctx, "remote."+remote+".fetch")
	if err != nil {
		return nil, err
	}
	t := &Tracking{Remote: remote}
	for _, text := range texts {
		var spec refspec
		spec.source, spec.negative = strings.CutPrefix(strings.TrimPrefix(text, "+"), "^")
		spec.source, spec.target, _ = strings.Cut(spec.source, ":")
		if spec.negative || spec.target != "" {
			t.specs = append(t.specs, spec)
		}
	}
	if len(t.targets()) == 0 {
		return nil, WithHint(fmt.Errorf("the branches of %s are not kept here: remote.%s.fetch names no place for them", remote, remote),
			fmt.Sprintf("set it with 'git config remote.%s.fetch \"+refs/heads/*:refs/remotes/%s/*\"'", remote, remote))
	}
	for _, target := range t.targets() {
		if target == "refs/*" || strings.HasPrefix(target, branchPrefix) {
			return nil, WithHint(fmt.Errorf("fetching from %s replaces the local branches (remote.%s.fetch)", remote, remote),
				"work in a clone that is not a mirror")
		}
	}
	return t, nil
}

func (t *Tracking) targets() []string {
	var targets []string
	for _, spec := range t.specs {
		if !spec.negative && (strings.HasPrefix(spec.source, branchPrefix) || spec.source == "refs/*") {
			targets = append(targets, spec.target)
		}
	}
	return targets
}

// translate puts what a star stands for in one pattern into another.
func translate(name, from, to string) (string, bool) {
	before, after, star := strings.Cut(from, "*")
	if !star {
		return to, name == from
	}
	if len(name) < len(before)+len(after) || !strings.HasPrefix(name, before) || !strings.HasSuffix(name, after) {
		return "", false
	}
	return strings.Replace(to, "*", name[len(before):len(name)-len(after)], 1), true
}

// Ref is where a branch of the remote is kept, "" for nowhere.
func (t *Tracking) Ref(branch string) string {
	ref := ""
	for _, spec := range t.specs {
		target, matches := translate(branchPrefix+branch, spec.source, spec.target)
		switch {
		case matches && spec.negative:
			return ""
		case matches && ref == "":
			ref = target
		}
	}
	return ref
}

// branch is the branch that a ref keeps, "" for none.
func (t *Tracking) branch(ref string) string {
	for _, spec := range t.specs {
		source, matches := translate(ref, spec.target, spec.source)
		if name, ok := strings.CutPrefix(source, branchPrefix); matches && ok && !spec.negative && t.Ref(name) == ref && CheckBranchName(name) == nil {
			return name
		}
	}
	return ""
}

// RemoteBranches lists the branches of a remote as they were when it was last fetched
// from, sorted by name. Those that can be read are returned beside a [*BrokenRefsError].
func (r *Repository) RemoteBranches(ctx context.Context, t *Tracking) ([]Branch, error) {
	var patterns []string
	for _, target := range t.targets() {
		if before, _, star := strings.Cut(target, "*"); star {
			target = path.Dir(before+"x") + "/"
		}
		patterns = append(patterns, target)
	}
	refs, err := r.listRefs(ctx, patterns...)
	if err != nil {
		err = fmt.Errorf("listing the branches of %s: %w", t.Remote, err)
	}
	var branches []Branch
	for _, ref := range refs {
		if name := t.branch(ref.Name); name != "" {
			branches = append(branches, Branch{Name: name, Ref: ref.Name, Remote: t.Remote, Commit: ref.Hash})
		}
	}
	slices.SortFunc(branches, func(a, b Branch) int { return strings.Compare(a.Name, b.Name) })
	return branches, err
}

// Fetch brings the branches of a remote to the refs that keep them, as `git fetch` does,
// without tags. It reports which of some refs the remote did not have: they are kept as
// they were.
func (r *Repository) Fetch(ctx context.Context, t *Tracking) (gone func(ref string) bool, err error) {
	_, said, err := r.converse(ctx, r.git, t.Remote, "-c", "fetch.output=full", "fetch", "--verbose", "--no-progress", "--no-tags",
		"--no-recurse-submodules", "--no-write-fetch-head", "--", t.Remote)
	offered := map[string]bool{}
	for line := range strings.Lines(said) { // " = [up to date]  main  -> origin/main", and maybe why
		if _, rest, ok := strings.Cut(line, " -> "); ok {
			if fields := strings.Fields(rest); len(fields) > 0 {
				offered[fields[0]] = true
			}
		}
	}
	if err != nil {
		return nil, fmt.Errorf("fetching from %s: %w", t.Remote, err)
	}
	return func(ref string) bool { return !offered[strings.TrimPrefix(ref, "refs/remotes/")] }, nil
}

// Track starts a local branch at the commit of a remote's branch that a ref keeps, and
// remembers where it comes from. Where it is the current branch, which had no commit yet,
// its files are brought too.
func (r *Repository) Track(ctx context.Context, branch, ref string, commit Hash) error {
	doing := "starting branch " + branch
	if r.mayBeCheckedOut(ctx, branch) {
		unborn, err := r.Unborn(ctx, branch)
		if err == nil {
			return r.trackUnborn(ctx, unborn, ref, commit)
		}
		if !errors.Is(err, ErrNotFound) {
			return fmt.Errorf("%s: %w", doing, err)
		}
	}
	if _, err := r.git.output(ctx, "branch", "--quiet", "--track", "--", branch, ref); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

func (r *Repository) trackUnborn(ctx context.Context, branch Branch, ref string, commit Hash) error {
	paths, err := r.Changed(ctx, commit.Format().emptyTree(), commit)
	if err == nil {
		err = r.Advance(ctx, branch, commit, paths, "datapact: start from "+ref)
	}
	if err != nil {
		return err
	}
	return r.Follow(ctx, branch.Name, ref)
}

// Follow remembers that a local branch comes from the remote's branch that a ref keeps.
func (r *Repository) Follow(ctx context.Context, branch, ref string) error {
	if _, err := r.git.output(ctx, "branch", "--quiet", "--set-upstream-to="+ref, "--", branch); err != nil {
		return fmt.Errorf("setting the upstream of %s: %w", branch, err)
	}
	return nil
}

// Apart counts the commits that only one of two commits descends from.
func (r *Repository) Apart(ctx context.Context, a, b Hash) (onlyA, onlyB int, err error) {
	out, err := r.git.output(ctx, "rev-list", "--left-right", "--count", string(a)+"..."+string(b), "--")
	if err != nil {
		return 0, 0, fmt.Errorf("comparing %s and %s: %w", a.Short(), b.Short(), err)
	}
	counts := strings.Fields(string(out))
	if len(counts) != 2 {
		return 0, 0, fmt.Errorf("git rev-list answered %q", out)
	}
	onlyA, errA := strconv.Atoi(counts[0])
	onlyB, errB := strconv.Atoi(counts[1])
	return onlyA, onlyB, errors.Join(errA, errB)
}
