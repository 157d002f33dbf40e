package resource

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/gitcmd/remote"
	"github.com/git-datapact/git-datapact/receipts"
)

// folder is where a branch keeps its receipts.
const folder = "result"

// Check lists the versions of a branch, oldest first: the one it is given and all
// after it, or, where there is none or history has lost it, the newest, of which
// the source may want more.
func Check(ctx context.Context, request *Request, opts *Options) ([]Version, error) {
	server, err := opts.server(request.Source)
	if err != nil {
		return nil, err
	}
	defer server.Close()
	versions := []Version{}
	err = opts.Cache.clone(ctx, server, request.Source, func(ctx context.Context, c *remote.Clone) error {
		found, err := (&checking{clone: c, source: request.Source, version: request.Version}).run(ctx)
		if err == nil {
			versions = append(versions, found...)
		}
		return err
	})
	return versions, err
}

// A checking is one call of Check at work.
type checking struct {
	clone   *remote.Clone
	source  *Source
	version *Version
	line    []gitcmd.CommitInfo // from the tip back to the version; empty where it is not near
}

func (c *checking) run(ctx context.Context) ([]Version, error) {
	if c.version == nil {
		return c.newest(ctx)
	}
	known, err := c.known(ctx)
	if errors.Is(err, gitcmd.ErrNotFound) {
		return c.newest(ctx)
	}
	if err != nil {
		return nil, err
	}
	return c.after(ctx, known)
}

// known brings the version's commit and the branch from there on, and returns that
// commit. The error for one that is not in the history any more is
// [gitcmd.ErrNotFound].
func (c *checking) known(ctx context.Context) (gitcmd.CommitInfo, error) {
	current, err := true, error(nil)
	if c.clone.Whole() {
		err = c.fetch(ctx, remote.Extent{})
	} else {
		current, err = c.clone.FetchCommitWith(ctx, c.version.Ref, c.source.Branch)
	}
	if err != nil {
		return gitcmd.CommitInfo{}, err
	}
	commit, err := c.clone.ReadCommit(ctx, c.version.Ref)
	if err != nil {
		return commit, err
	}
	there, err := c.upTo(ctx, commit, current)
	if err == nil && !there {
		err = fmt.Errorf("version %s: %w", c.version.Ref, gitcmd.ErrNotFound)
	}
	return commit, err
}

// upTo brings what the branch has since a commit, and reports whether that commit is
// in its history. It is told when the branch was just fetched.
func (c *checking) upTo(ctx context.Context, commit gitcmd.CommitInfo, current bool) (bool, error) {
	if !current {
		var err error
		if current, err = c.clone.Current(ctx, c.source.Branch); err != nil {
			return false, err
		}
	}
	if current { // mostly nothing is new
		if there, err := c.holds(ctx); err != nil || there || c.clone.Whole() {
			return there, err
		}
	}
	// The version's parent tells what the version changed. A commit is not older
	// than its parent, but for odd clocks.
	extent := remote.Extent{Filter: remote.NoFiles, Since: commit.Time}
	if parent, err := c.clone.ReadCommit(ctx, commit.Parent); err == nil && parent.Time.Before(extent.Since) {
		extent.Since = parent.Time
	}
	if err := c.fetch(ctx, extent); errors.Is(err, remote.ErrNoneSince) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	there, err := c.holds(ctx)
	if err != nil || there || !c.clone.Shallow() {
		return there, err
	}
	// Lost, or by odd clocks.
	if err := c.fetch(ctx, remote.Extent{Filter: remote.NoFolders, All: true}); err != nil {
		return false, err
	}
	return c.holds(ctx)
}

// holds reports whether the branch has the version, and what that changed, in what is here
// of its history.
func (c *checking) holds(ctx context.Context) (there bool, err error) {
	if c.line, err = c.clone.Back(ctx, c.source.Branch, c.version.Ref); err != nil || len(c.line) > 0 {
		return err == nil, err
	}
	if cut, err := c.clone.CutOff(ctx); err != nil || cut[c.version.Ref] {
		return false, err
	}
	return c.clone.Ancestor(ctx, c.version.Ref, gitcmd.Hash("refs/heads/"+c.source.Branch))
}

// fetch fetches the branch. That it is not there is an error of its own, not that
// of a version which is not.
func (c *checking) fetch(ctx context.Context, extent remote.Extent) error {
	err := c.clone.FetchBranches(ctx, extent, c.source.Branch)
	if errors.Is(err, gitcmd.ErrNotFound) {
		return &missingBranch{err}
	}
	return err
}

// A missingBranch is no [gitcmd.ErrNotFound].
type missingBranch struct{ error }

func (m *missingBranch) Hint() string {
	return "push the branch first; 'git datapact branch' starts one"
}

// after lists the version and what came after it.
func (c *checking) after(ctx context.Context, known gitcmd.CommitInfo) ([]Version, error) {
	tip := "refs/heads/" + c.source.Branch
	if known.Parent != "" {
		tip = string(known.Parent) + ".." + tip
	}
	commits, err := c.line, error(nil)
	if len(commits) == 0 {
		if commits, err = c.clone.Commits(ctx, tip); err != nil {
			return nil, err
		}
	}
	own := slices.ContainsFunc(commits, func(commit gitcmd.CommitInfo) bool { return commit.Hash == known.Hash })
	if parent, err := c.clone.ReadCommit(ctx, known.Parent); err == nil {
		commits = append(commits, parent)
	}
	if err := c.bring(ctx, commits); err != nil {
		return nil, err
	}
	versions, err := c.list(ctx, tip, 0)
	if err != nil || own {
		return versions, err
	}
	// The version was merged from a side: it is not a first parent of the tip.
	return append([]Version{*c.version}, versions...), nil
}

// newest lists the last versions, looking back as far as it must.
func (c *checking) newest(ctx context.Context) ([]Version, error) {
	tip, want := "refs/heads/"+c.source.Branch, max(1, c.source.Initial)
	if c.source.Initial == InitialAll {
		if err := c.fetch(ctx, remote.Extent{Filter: remote.NoFiles, All: true}); err != nil {
			return nil, err
		}
		return c.list(ctx, tip, 0)
	}
	for depth := want + 1; ; depth *= 8 {
		if err := c.fetch(ctx, remote.Extent{Filter: remote.TwoLevels, Depth: depth}); err != nil {
			return nil, err
		}
		commits, err := c.clone.Back(ctx, c.source.Branch, "")
		if err == nil && len(commits) == 0 {
			commits, err = c.clone.Commits(ctx, tip)
		}
		if err != nil {
			return nil, err
		}
		within, complete := tip, !c.clone.Shallow()
		if last := commits[len(commits)-1]; !complete {
			within = string(last.Hash) + ".." + tip // what that changed cannot be told
		}
		if err := c.bring(ctx, commits[:min(len(commits), depth)]); err != nil {
			return nil, err
		}
		versions, err := c.list(ctx, within, want)
		if err != nil || complete || len(versions) >= want {
			return versions[max(0, len(versions)-want):], err
		}
	}
}

// portion is how many commits are compared at a time.
const portion = 256

// bring gets the folders in which commits differ.
func (c *checking) bring(ctx context.Context, commits []gitcmd.CommitInfo) error {
	for i := 0; i < len(commits)-1; i += portion {
		if err := c.clone.BringChanged(ctx, commits[i:min(i+portion+1, len(commits))], folder); err != nil {
			return err
		}
	}
	return nil
}

// list reads the versions of a part of the history, oldest first. It stops when it
// has as many as wanted, 0 for all.
func (c *checking) list(ctx context.Context, revision string, want int) ([]Version, error) {
	var versions []Version // newest first
	for commit, err := range c.clone.Log(ctx, revision, folder) {
		if err != nil {
			return nil, err
		}
		for _, file := range slices.Backward(commit.Files) {
			id, ok := receipts.IDFromPath(file.Path)
			if !ok || isNull(id, file) || c.version != nil && commit.Commit == c.version.Ref && id < c.version.Receipt {
				continue
			}
			versions = append(versions, Version{commit.Commit, id})
		}
		if want > 0 && len(versions) >= want {
			standing, err := c.standing(ctx, slices.Clone(versions))
			if err != nil {
				return nil, err
			}
			if versions = standing; len(versions) >= want {
				break
			}
		}
	}
	slices.Reverse(versions)
	return c.standing(ctx, versions)
}

// standing leaves out the versions whose receipt was taken back: the branch does not have
// it any more.
func (c *checking) standing(ctx context.Context, versions []Version) ([]Version, error) {
	if len(versions) == 0 {
		return versions, nil
	}
	tip, err := c.clone.Tip(ctx, c.source.Branch)
	if err != nil {
		return nil, err
	}
	places := make([]remote.Place, len(versions))
	for i, v := range versions {
		places[i] = remote.Place{Tree: tip.Tree, Path: v.Receipt.Path()}
	}
	found, err := c.clone.Find(ctx, places...)
	if err != nil {
		return nil, err
	}
	kept := versions[:0]
	for i, v := range versions {
		if found[i] != "" {
			kept = append(kept, v)
		}
	}
	return kept, nil
}

// isNull reports whether a file of a receipt's path says nothing: a null receipt,
// one that was removed, or a link.
func isNull(id receipts.ID, file gitcmd.File) bool {
	return id.IsNull() || file.Hash == "" || file.Mode == gitcmd.SymlinkMode || isNullBlob(file.Hash)
}

// isNullBlob reports whether a blob is what null receipts hold: an empty object, with and
// without a line feed, or nothing.
func isNullBlob(hash gitcmd.Hash) bool {
	format := hash.Format()
	return hash == format.Blob("{}\n") || hash == format.Blob("{}") || hash == format.Blob("")
}
