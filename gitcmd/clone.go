package gitcmd

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
	*Repository
	here    *Repository // of what is here alone
	session *Session
	whole   bool
}

// Clone opens the clone in a folder, or makes one there. A whole clone gets
// branches with all they hold. The caller closes it before the session.
func (s *Session) Clone(ctx context.Context, folder string, whole bool) (*Clone, error) {
	c := &Clone{here: s.repository(folder), session: s, whole: whole}
	c.Repository = c.here
	if !whole {
		c.Repository = s.repository(folder, Setting{"remote." + Remote + ".promisor", "true"},
			Setting{"remote." + Remote + ".partialclonefilter", "blob:none"})
		// A push looks at the commit that the server has, and would have all of its
		// folders brought.
		c.Repository.pusher = &c.here.git
	}
	if _, err := os.Stat(filepath.Join(folder, "HEAD")); err == nil {
		return c, nil
	}
	// The template could bring hooks. HEAD names a branch that nobody has.
	init := program{dir: s.folder, env: s.environ(folder)}
	if _, err := init.output(ctx, "init", "--quiet", "--bare", "--template=", "--object-format=sha1", "--initial-branch=_/none"); err != nil {
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
// [ErrNotFound] for a branch that the server does not have, and [ErrNoneSince].
func (c *Clone) FetchBranches(ctx context.Context, extent Extent, branches ...string) error {
	var refspecs []string
	for _, name := range branches {
		if err := CheckBranchName(name); err != nil {
			return err
		}
		refspecs = append(refspecs, "+refs/heads/"+name+":refs/heads/"+name)
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
	if extent.All && c.Shallow(ctx) {
		limits = append(limits, "--unshallow")
	}
	return c.fetch(ctx, extent.Filter, limits, refspecs)
}

// Current reports whether a branch is here as the server has it.
func (c *Clone) Current(ctx context.Context, branch string) (bool, error) {
	here, err := c.here.ResolveRef(ctx, "refs/heads/"+branch)
	if err != nil || here == zeroHash {
		return false, err
	}
	out, err := c.Repository.git.output(ctx, "ls-remote", "--quiet", "--heads", Remote, "refs/heads/"+branch)
	if err != nil {
		return false, c.fetchError(ctx, err)
	}
	there, _, _ := strings.Cut(string(out), "\t")
	return Hash(there) == here, nil
}

// Pack puts what many fetches brought into one file, when there are more packs than
// most. It is for whole clones, which cost most to make anew.
func (c *Clone) Pack(ctx context.Context, most int) error {
	dir, err := c.here.GitDir(ctx)
	if err != nil {
		return err
	}
	packs, err := filepath.Glob(filepath.Join(dir, "objects", "pack", "*.pack"))
	if err != nil || len(packs) <= most {
		return err
	}
	if _, err := c.here.git.output(ctx, "repack", "-a", "-d", "-q"); err != nil {
		return fmt.Errorf("packing the clone: %w", err)
	}
	return nil
}

// Shallow reports whether a part of the history was cut off.
func (c *Clone) Shallow(ctx context.Context) bool {
	dir, err := c.here.GitDir(ctx)
	if err != nil {
		return false
	}
	info, err := os.Stat(filepath.Join(dir, "shallow"))
	return err == nil && info.Size() > 0
}

// ErrNoneSince says that a branch has no commit of the time asked for.
var ErrNoneSince = errors.New("the branch has no commit since then")

// FetchCommit brings a commit by its name, and its parent, each with the top two
// levels of its tree. What is here already is not asked for. The error for a
// commit that the server does not have is [ErrNotFound].
func (c *Clone) FetchCommit(ctx context.Context, commit Hash) error {
	if info, err := c.Commit(ctx, commit); err == nil {
		if _, err := c.Commit(ctx, info.Parent); err == nil || info.Parent == "" {
			return nil
		}
	}
	if c.whole {
		return fmt.Errorf("commit %s: %w", commit, ErrNotFound)
	}
	return c.fetch(ctx, TwoLevels, []string{"--depth=2"}, []string{"+" + string(commit) + ":refs/datapact/commit"})
}

// fetch brings what refspecs name. Refs of the clone are overwritten.
func (c *Clone) fetch(ctx context.Context, filter Filter, options, refspecs []string) error {
	args := append([]string{"fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules"}, options...)
	if filter != "" && !c.whole {
		args = append(args, "--filter="+string(filter))
	}
	args = append(append(args, "--", Remote), refspecs...)
	_, err := c.Repository.git.output(ctx, args...)
	return c.fetchError(ctx, err)
}

func (c *Clone) fetchError(ctx context.Context, err error) error {
	var failed *ExecError
	if !errors.As(err, &failed) {
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
		return WithHint(fmt.Errorf("git server %s: branch %s: %w", c.session.address, name, ErrNotFound),
			"push the branch first; 'git datapact branch' starts one")
	case has("not our ref"):
		return fmt.Errorf("git server %s: commit %w", c.session.address, ErrNotFound)
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
func (c *Clone) FetchObjects(ctx context.Context, filter Filter, objects []Hash) error {
	if len(objects) == 0 {
		return nil
	}
	var list bytes.Buffer
	for _, hash := range objects {
		fmt.Fprintln(&list, hash)
	}
	_, err := c.Repository.git.pipe(ctx, &list, "-c", "fetch.negotiationAlgorithm=noop", "fetch", "--quiet", "--no-tags",
		"--no-write-fetch-head", "--no-recurse-submodules", "--filter="+string(filter), "--stdin", Remote)
	return c.fetchError(ctx, err)
}

// Whole reports whether the clone gets branches with all they hold.
func (c *Clone) Whole() bool { return c.whole }

// A CommitInfo is what a commit says.
type CommitInfo struct {
	Hash, Tree, Parent Hash // the first parent, "" for none
	Time               time.Time
}

// Commit reads a commit that is here. The error for one that is not is
// [ErrNotFound].
func (c *Clone) Commit(ctx context.Context, hash Hash) (CommitInfo, error) {
	if hash == "" {
		return CommitInfo{}, ErrNotFound
	}
	raw, err := c.here.Object(ctx, string(hash))
	if err != nil {
		return CommitInfo{}, err
	}
	if raw.Kind != Commit {
		return CommitInfo{}, fmt.Errorf("object %s is a %s, want a commit", hash, raw.Kind)
	}
	decoded, err := c.here.readCommit(ctx, hash)
	if err != nil {
		return CommitInfo{}, err
	}
	info := CommitInfo{Hash: hash, Tree: Hash(decoded.TreeHash.String()), Time: decoded.Committer.When}
	if len(decoded.ParentHashes) > 0 {
		info.Parent = Hash(decoded.ParentHashes[0].String())
	}
	return info, nil
}

// Tip reads the commit that a branch is at here.
func (c *Clone) Tip(ctx context.Context, branch string) (CommitInfo, error) {
	hash, err := c.here.ResolveRef(ctx, "refs/heads/"+branch)
	if err != nil {
		return CommitInfo{}, err
	}
	return c.Commit(ctx, hash)
}

// Commits lists the first-parent history of a revision or range that is here,
// newest first. The last one of a shallow history has no parent here.
func (c *Clone) Commits(ctx context.Context, revision string) ([]CommitInfo, error) {
	out, err := c.here.git.output(ctx, "log", "--first-parent", "--no-show-signature", "--format=%H %T %ct %P", revision, "--")
	if err != nil {
		return nil, fmt.Errorf("reading the history of %s: %w", revision, err)
	}
	var commits []CommitInfo
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if len(fields) < 3 {
			return nil, fmt.Errorf("git log answered %q", line)
		}
		unix, err := strconv.ParseInt(fields[2], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("git log answered %q", line)
		}
		info := CommitInfo{Hash: Hash(fields[0]), Tree: Hash(fields[1]), Time: time.Unix(unix, 0)}
		if len(fields) > 3 {
			info.Parent = Hash(fields[3])
		}
		commits = append(commits, info)
	}
	return commits, nil
}
