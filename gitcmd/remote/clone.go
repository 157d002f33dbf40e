package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/git-datapact/git-datapact/gitcmd"
)

// ErrWhole says that a server gives away whole branches only: it knows no single
// objects, or no part of a history. [Session.Clone] with whole set is the way.
var ErrWhole = errors.New("the server gives whole branches only")

// A Clone is a bare repository that holds of a server's branches no more than it
// was asked for: some commits, folders and files. Where the server does not leave
// anything out, it holds more.
//
// The embedded Repository brings what it reads and is not here from the server, in
// an exchange for each object. [Clone.Bring] gets many at once.
type Clone struct {
	*gitcmd.Repository
	here    *gitcmd.Repository // of what is here alone
	session *Session
	dir     string
	whole   bool
}

// Clone opens the clone in a folder, or makes one there. A whole clone gets
// branches with all they hold. The caller closes it before the session.
func (s *Session) Clone(folder string, whole bool) (*Clone, error) {
	c := &Clone{here: s.repository(folder), session: s, dir: folder, whole: whole}
	c.Repository = c.here
	if !whole {
		c.Repository = s.repository(folder, Setting{"remote." + Remote + ".promisor", "true"},
			Setting{"remote." + Remote + ".partialclonefilter", "blob:none"})
		// A push looks at the commit that the server has, and would have all of its
		// folders brought.
		c.Repository.PushThrough(c.here)
	}
	if _, err := os.Stat(filepath.Join(folder, "HEAD")); err == nil {
		return c, nil
	}
	if err := gitcmd.NewBare(folder, gitcmd.SHA1); err != nil {
		return nil, fmt.Errorf("making a clone: %w", err)
	}
	return c, nil
}

// Close ends the processes that serve the clone.
func (c *Clone) Close() error { return errors.Join(c.Repository.Close(), c.here.Close()) }

// Explain turns an error of what the clone's processes did into one that tells a
// person what is the matter with the server.
func (c *Clone) Explain(ctx context.Context, err error) error { return c.session.explain(ctx, err) }

// An Extent is how much of a branch to bring. The zero value is all commits, with
// all folders and files.
type Extent struct {
	Filter Filter
	Depth  int       // commits of the history, 0 for no limit
	Since  time.Time // of the oldest commit, the zero time for no limit
	All    bool      // also what an earlier limit cut off
}

// A Filter leaves objects out that can be asked for later.
type Filter string

// The filters that are used here.
const (
	NoFiles   Filter = "blob:none"
	NoFolders Filter = "tree:0"
	TwoLevels Filter = "tree:2" // nothing but the top of each commit's tree, and what is in it

	// nextLevel is for trees that are asked for by name, which no filter leaves out.
	nextLevel Filter = "tree:1"
)

// FetchBranches brings branches; each is then a local one. The error is
// [gitcmd.ErrNotFound] for a branch that the server does not have, and [ErrNoneSince].
func (c *Clone) FetchBranches(ctx context.Context, extent Extent, branches ...string) error {
	refspecs, err := branchSpecs(branches)
	if err != nil {
		return err
	}
	if c.whole {
		extent = Extent{}
	}
	var limits []string
	if extent.Depth > 0 {
		limits = append(limits, "--depth="+strconv.Itoa(extent.Depth))
	}
	if !extent.Since.IsZero() {
		limits = append(limits, "--shallow-since="+strconv.FormatInt(extent.Since.Unix(), 10))
	}
	if extent.All && c.Shallow() {
		limits = append(limits, "--unshallow")
	}
	return c.fetch(ctx, extent.Filter, limits, refspecs)
}

// BranchCommit is the commit that a branch is at here, "" where there is no such branch.
func (c *Clone) BranchCommit(ctx context.Context, name string) (gitcmd.Hash, error) {
	return c.here.RefCommit(ctx, "refs/heads/"+name)
}

// Current reports whether a branch is here as the server has it.
func (c *Clone) Current(ctx context.Context, branch string) (bool, error) {
	here, err := c.BranchCommit(ctx, branch)
	if err != nil || here == "" {
		return false, err
	}
	out, err := c.Repository.Git(ctx, nil, "ls-remote", "--quiet", "--heads", Remote, "refs/heads/"+branch)
	if err != nil {
		return false, c.fetchError(ctx, err)
	}
	there, _, _ := strings.Cut(string(out), "\t")
	return gitcmd.Hash(there) == here, nil
}

// Pack puts what many fetches brought into one file, when there are more packs than
// most. It is for whole clones, which cost most to make anew.
func (c *Clone) Pack(ctx context.Context, most int) error {
	packs, err := filepath.Glob(filepath.Join(c.dir, "objects", "pack", "*.pack"))
	if err != nil || len(packs) <= most {
		return err
	}
	if _, err := c.here.Git(ctx, nil, "repack", "-a", "-d", "-q"); err != nil {
		return fmt.Errorf("packing the clone: %w", err)
	}
	return nil
}

// Shallow reports whether a part of the history was cut off.
func (c *Clone) Shallow() bool {
	info, err := os.Stat(filepath.Join(c.dir, "shallow"))
	return err == nil && info.Size() > 0
}

// ErrNoneSince says that a branch has no commit of the time asked for.
var ErrNoneSince = errors.New("the branch has no commit since then")

// FetchCommit brings a commit by its name, and its parent, each with the top two
// levels of its tree. What is here already is not asked for. The error for a
// commit that the server does not have is [gitcmd.ErrNotFound].
func (c *Clone) FetchCommit(ctx context.Context, commit gitcmd.Hash) error {
	if c.holdsCommit(ctx, commit) {
		return nil
	}
	return c.fetchCommit(ctx, commit)
}

// FetchCommitWith is FetchCommit, and brings in the same exchange the last two commits of a
// branch that is not here yet. It reports whether it did. Where the server does not have
// the branch, the commit comes alone.
func (c *Clone) FetchCommitWith(ctx context.Context, commit gitcmd.Hash, branch string) (with bool, err error) {
	if c.holdsCommit(ctx, commit) {
		return false, nil
	}
	if here, err := c.BranchCommit(ctx, branch); err != nil {
		return false, err
	} else if here == "" {
		if err := c.fetchCommit(ctx, commit, branch); !errors.Is(err, gitcmd.ErrNotFound) {
			return err == nil, err
		}
	}
	return false, c.fetchCommit(ctx, commit)
}

func (c *Clone) holdsCommit(ctx context.Context, commit gitcmd.Hash) bool {
	info, err := c.ReadCommit(ctx, commit)
	if err == nil && info.Parent != "" {
		_, err = c.ReadCommit(ctx, info.Parent)
	}
	return err == nil
}

func (c *Clone) fetchCommit(ctx context.Context, commit gitcmd.Hash, branches ...string) error {
	if c.whole {
		return fmt.Errorf("commit %s: %w", commit, gitcmd.ErrNotFound)
	}
	refspecs, err := branchSpecs(branches)
	if err != nil {
		return err
	}
	if err := c.suit(ctx, commit); err != nil {
		return err
	}
	return c.fetch(ctx, TwoLevels, []string{"--depth=2"}, append(refspecs, "+"+string(commit)+":refs/datapact/commit"))
}

// branchSpecs are the refspecs that make branches local ones.
func branchSpecs(branches []string) (refspecs []string, err error) {
	for _, name := range branches {
		if err := gitcmd.CheckBranchName(name); err != nil {
			return nil, err
		}
		refspecs = append(refspecs, "+refs/heads/"+name+":refs/heads/"+name)
	}
	return refspecs, nil
}

// FetchTrees brings a branch's commit by its name with all of its folders, and none of its
// files where the server can leave them out. The error for a commit that the server does
// not have is [gitcmd.ErrNotFound].
func (c *Clone) FetchTrees(ctx context.Context, branch gitcmd.Branch) error {
	if !c.whole {
		if err := c.suit(ctx, branch.Commit); err != nil {
			return err
		}
		return c.fetch(ctx, NoFiles, []string{"--depth=1"}, []string{"+" + string(branch.Commit) + ":refs/datapact/commit"})
	}
	if err := c.FetchBranches(ctx, Extent{}, branch.Name); err != nil {
		return err
	}
	_, err := c.ReadCommit(ctx, branch.Commit)
	return err
}

// fetch brings what refspecs name. Refs of the clone are overwritten.
func (c *Clone) fetch(ctx context.Context, filter Filter, options, refspecs []string) error {
	args := append([]string{"fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules"}, options...)
	if filter != "" && !c.whole {
		args = append(args, "--filter="+string(filter))
	}
	args = append(append(args, "--", Remote), refspecs...)
	_, err := c.Repository.Git(ctx, nil, args...)
	if failed, ok := errors.AsType[*gitcmd.ExecError](err); ok && isOtherFormat(failed.Stderr) {
		if again, formatErr := c.change(ctx); formatErr != nil || !again {
			return errors.Join(formatErr, c.fetchError(ctx, err))
		}
		_, err = c.Repository.Git(ctx, nil, args...)
	}
	return c.fetchError(ctx, err)
}

func (c *Clone) fetchError(ctx context.Context, err error) error {
	failed, ok := errors.AsType[*gitcmd.ExecError](err)
	if !ok {
		return err
	}
	has := func(signs ...string) bool {
		for _, sign := range signs {
			if strings.Contains(failed.Stderr, sign) {
				return true
			}
		}
		return false
	}
	switch {
	case has("couldn't find remote ref"):
		_, name, _ := strings.Cut(failed.Stderr, "couldn't find remote ref refs/heads/")
		name, _, _ = strings.Cut(name, "\n")
		return gitcmd.WithHint(fmt.Errorf("git server %s: branch %s: %w", c.session.address, name, gitcmd.ErrNotFound),
			"push the branch first; 'git datapact branch' starts one")
	case has("not our ref"):
		return fmt.Errorf("git server %s: commit %w", c.session.address, gitcmd.ErrNotFound)
	case has("no commits selected for shallow", "error processing shallow info"):
		return ErrNoneSince
	case has("unadvertised object", "dumb http transport does not support shallow", "does not support --shallow",
		"does not support shallow", "does not support --deepen"):
		return ErrWhole
	}
	return c.Explain(ctx, err)
}

// FetchObjects brings objects by their names in one exchange. Of a folder, it
// brings what the filter leaves.
func (c *Clone) FetchObjects(ctx context.Context, filter Filter, objects []gitcmd.Hash) error {
	if len(objects) == 0 {
		return nil
	}
	var list bytes.Buffer
	for _, hash := range objects {
		fmt.Fprintln(&list, hash)
	}
	_, err := c.Repository.Git(ctx, &list, "-c", "fetch.negotiationAlgorithm=noop", "fetch", "--quiet", "--no-tags",
		"--no-write-fetch-head", "--no-recurse-submodules", "--filter="+string(filter), "--stdin", Remote)
	return c.fetchError(ctx, err)
}

// Here is the repository of what is here alone: it brings nothing from the server.
func (c *Clone) Here() *gitcmd.Repository { return c.here }

// Whole reports whether the clone gets branches with all they hold.
func (c *Clone) Whole() bool { return c.whole }

// ReadCommit reads a commit that is here. The error for one that is not is
// [gitcmd.ErrNotFound].
func (c *Clone) ReadCommit(ctx context.Context, hash gitcmd.Hash) (gitcmd.CommitInfo, error) {
	return c.here.ReadCommit(ctx, hash)
}

// Tip reads the commit that a branch is at here.
func (c *Clone) Tip(ctx context.Context, branch string) (gitcmd.CommitInfo, error) {
	hash, err := c.BranchCommit(ctx, branch)
	if err != nil {
		return gitcmd.CommitInfo{}, err
	}
	return c.ReadCommit(ctx, hash)
}

// readBack bounds the commits that [Clone.Back] reads.
const readBack = 64

// Back lists the first-parent history of a branch, newest first, from its tip back to a
// commit, "" for the last one that is here. The list is empty where that is not among the
// newest commits, or their history was cut off at it. No process is started.
func (c *Clone) Back(ctx context.Context, branch string, to gitcmd.Hash) ([]gitcmd.CommitInfo, error) {
	cut, err := c.here.CutOff(ctx)
	if err != nil {
		return nil, err
	}
	var commits []gitcmd.CommitInfo
	next, err := c.Tip(ctx, branch)
	for err == nil && len(commits) < readBack && (to == "" || !cut[next.Hash]) {
		commits = append(commits, next)
		if next.Hash == to || to == "" && (next.Parent == "" || cut[next.Hash]) {
			return commits, nil
		}
		next, err = c.ReadCommit(ctx, next.Parent)
	}
	if errors.Is(err, gitcmd.ErrNotFound) {
		err = nil
	}
	return nil, err
}

// Commits lists the first-parent history of a revision or range that is here,
// newest first. The last one of a shallow history has no parent here.
func (c *Clone) Commits(ctx context.Context, revision string) ([]gitcmd.CommitInfo, error) {
	out, err := c.here.Git(ctx, nil, "log", "--first-parent", "--no-show-signature", "--format=%H %T %ct %P", revision, "--")
	if err != nil {
		return nil, fmt.Errorf("reading the history of %s: %w", revision, err)
	}
	var commits []gitcmd.CommitInfo
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if len(fields) < 3 {
			return nil, fmt.Errorf("git log answered %q", line)
		}
		unix, err := strconv.ParseInt(fields[2], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("git log answered %q", line)
		}
		info := gitcmd.CommitInfo{Hash: gitcmd.Hash(fields[0]), Tree: gitcmd.Hash(fields[1]), Time: time.Unix(unix, 0)}
		if len(fields) > 3 {
			info.Parent = gitcmd.Hash(fields[3])
		}
		commits = append(commits, info)
	}
	return commits, nil
}
