package gitcmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/gofrs/flock"
)

// TopLevel returns the folder of the current worktree, "" in a bare repository.
func (r *Repository) TopLevel(ctx context.Context) (string, error) {
	if where, err := r.where(ctx); err != nil || where.bare {
		return "", err
	}
	out, err := r.git.output(ctx, "rev-parse", "--show-toplevel")
	if err != nil {
		return "", fmt.Errorf("looking for the worktree: %w", err)
	}
	return strings.TrimSuffix(string(out), "\n"), nil
}

// Is reports whether a folder is the repository itself: the top of its worktree, or
// its git directory, and not one below it.
func (r *Repository) Is(ctx context.Context, dir string) bool {
	own, err := os.Stat(dir)
	if err != nil {
		return false
	}
	top, _ := r.TopLevel(ctx)
	gitDir, _ := r.GitDir(ctx)
	for _, path := range []string{top, gitDir} {
		if info, err := os.Stat(path); err == nil && os.SameFile(own, info) {
			return true
		}
	}
	return false
}

// Tracked reports whether the index of the worktree that a file is in holds it.
func (r *Repository) Tracked(ctx context.Context, file string) (bool, error) {
	git := program{dir: filepath.Dir(file), env: environWithoutLocal()}
	_, err := git.output(ctx, "ls-files", "--error-unmatch", "--", ":(literal)"+filepath.Base(file))
	var failed *ExecError
	if errors.As(err, &failed) || errors.Is(err, ErrNoRepository) {
		return false, nil
	}
	return err == nil, err
}

// A checkout is a worktree in which a branch is checked out, and the paths of it
// that a new commit changes. Whoever has one holds its lock.
type checkout struct {
	git   program // runs in the worktree, with its own index
	lock  *flock.Flock
	paths []string
	// behind names a file with the paths that an update of the worktree was to
	// bring in step. It is there while that is not done: a process that is
	// killed leaves it to the next one.
	behind string
}

// checkout returns nil where the branch is checked out nowhere.
func (r *Repository) checkout(ctx context.Context, branch Branch, paths []string) (*checkout, error) {
	if branch.Worktree == "" || len(paths) == 0 {
		return nil, nil
	}
	top, err := r.worktreeOf(ctx, branch)
	if err != nil || top == "" {
		return nil, err
	}
	data, err := r.DataDir(ctx)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(data, 0o777); err != nil {
		return nil, err
	}
	c := &checkout{
		git:    program{dir: top, env: environWithoutLocal()}.apart(),
		lock:   flock.New(filepath.Join(data, "worktree.lock"), flock.SetPermissions(0o666)),
		paths:  paths,
		behind: filepath.Join(data, "behind-"+plumbing.ComputeHash(plumbing.BlobObject, []byte(top)).String()),
	}
	if _, err := c.lock.TryLockContext(ctx, 5*time.Millisecond); err != nil {
		return nil, fmt.Errorf("locking %s: %w", c.lock.Path(), err)
	}
	return c, nil
}

// worktreeOf is the top of the worktree that a branch is checked out in, "" where
// there is none. What git tells of it is the git directory where that is separate
// from the worktree, or has none.
func (r *Repository) worktreeOf(ctx context.Context, branch Branch) (string, error) {
	git := program{dir: branch.Worktree, env: environWithoutLocal()}
	out, err := git.output(ctx, "rev-parse", "--is-inside-work-tree", "--show-toplevel")
	if inside, top, _ := strings.Cut(strings.TrimSuffix(string(out), "\n"), "\n"); err == nil && inside == "true" {
		return top, nil
	}
	if head, err := r.Head(ctx); errors.Is(err, ErrDetached) || err == nil && head != branch.Name {
		return "", nil
	} else if err != nil {
		return "", err
	}
	top, err := r.TopLevel(ctx)
	if err != nil {
		return "", nil //nolint:nilerr // no worktree here
	}
	return top, nil
}

// adopt takes over what an update that was killed left behind, as far as nobody
// has changed it since, and notes all paths until they are in step.
func (c *checkout) adopt(ctx context.Context, base Hash) error {
	data, err := os.ReadFile(c.behind)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, path := range strings.FieldsFunc(string(data), func(c rune) bool { return c == 0 }) {
		left := checkout{git: c.git, paths: []string{path}}
		if left.check(ctx, base) == nil && !slices.Contains(c.paths, path) {
			c.paths = append(c.paths, path)
		}
	}
	return os.WriteFile(c.behind, []byte(strings.Join(c.paths, "\x00")+"\x00"), 0o666)
}

// close lets the next one in.
func (c *checkout) close() {
	if c != nil {
		_ = c.lock.Close()
	}
}

// environWithoutLocal is the environment without the variables that tie git to
// the current repository, so that a process finds that of its own folder.
func environWithoutLocal() []string {
	local := map[string]bool{
		"GIT_DIR": true, "GIT_WORK_TREE": true, "GIT_INDEX_FILE": true,
		"GIT_PREFIX": true, "GIT_COMMON_DIR": true,
	}
	var env []string
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); !local[name] {
			env = append(env, variable)
		}
	}
	return env
}

// check refuses when the index or the files hold something at the paths that
// the commit base, or an earlier commit, does not: updating them would lose it.
func (c *checkout) check(ctx context.Context, base Hash) error {
	for _, path := range c.paths {
		held, err := c.held(ctx, path)
		if err != nil {
			return err
		}
		if len(held) == 0 {
			continue
		}
		known, err := c.versions(ctx, base, path, held)
		if err != nil {
			return err
		}
		if !known {
			return WithHint(fmt.Errorf("%s has changes in %s that are in no commit", path, c.git.dir),
				"commit them, or drop them with 'git restore --staged --worktree', then run the command again")
		}
	}
	return nil
}

// held lists the blobs that stand at a path: in the index and as a file.
func (c *checkout) held(ctx context.Context, path string) ([]string, error) {
	var held []string
	out, err := c.git.output(ctx, "ls-files", "--stage", "-z", "--", ":(top,literal)"+path)
	if err != nil {
		return nil, err
	}
	for _, record := range strings.FieldsFunc(string(out), func(c rune) bool { return c == 0 }) {
		if fields := strings.Fields(record); len(fields) > 1 {
			held = append(held, fields[1])
		}
	}
	if _, err := os.Lstat(filepath.Join(c.git.dir, filepath.FromSlash(path))); err != nil {
		return held, nil //nolint:nilerr // no file, nothing to lose
	}
	out, err = c.git.output(ctx, "hash-object", "--", path)
	return append(held, strings.TrimSpace(string(out))), err
}

// versions reports whether all the blobs stand, or stood once, at the path in
// the history of base. The history is read only if the tip does not hold them.
func (c *checkout) versions(ctx context.Context, base Hash, path string, blobs []string) (bool, error) {
	if base == "" {
		return false, nil
	}
	known := map[string]bool{}
	if out, err := c.git.output(ctx, "rev-parse", "--verify", "--quiet", string(base)+":"+path); err == nil {
		known[strings.TrimSpace(string(out))] = true
	}
	if containsAll(known, blobs) {
		return true, nil
	}
	history := (&Repository{git: c.git}).Log(ctx, string(base), path)
	for entry, err := range history {
		if err != nil {
			return false, err
		}
		for _, file := range entry.Files {
			known[string(file.Hash)] = true
		}
		if containsAll(known, blobs) {
			return true, nil
		}
	}
	return false, nil
}

func containsAll(known map[string]bool, blobs []string) bool {
	for _, blob := range blobs {
		if !known[blob] {
			return false
		}
	}
	return true
}

// sync brings index and files at the paths to what HEAD of the worktree holds
// now.
func (c *checkout) sync(ctx context.Context) error {
	var err error
	for wait := 10 * time.Millisecond; wait < 6*time.Second; wait *= 2 {
		input := strings.NewReader(topPathspecs(c.paths))
		_, err = c.git.pipe(ctx, input, "-c", "core.hooksPath="+os.DevNull, "restore", "--quiet", "--source=HEAD",
			"--staged", "--worktree", "--pathspec-from-file=-", "--pathspec-file-nul")
		if err == nil {
			_ = os.Remove(c.behind)
			return nil
		}
		if !lockHeld(err) {
			break
		}
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
	return lockHint(&SyncError{Worktree: c.git.dir, Err: err})
}

// topPathspecs makes git's NUL-terminated list of the paths, each meant to the
// letter.
func topPathspecs(paths []string) string {
	var b strings.Builder
	for _, path := range paths {
		b.WriteString(":(top,literal)" + path + "\x00")
	}
	return b.String()
}

// A SyncError says that a branch was updated but a worktree in which it is
// checked out could not follow.
type SyncError struct {
	Worktree string
	Err      error
}

func (e *SyncError) Error() string {
	return fmt.Sprintf("the branch is updated, but the files in %s are not: %v", e.Worktree, e.Err)
}

func (e *SyncError) Unwrap() error { return e.Err }

// Advance moves a local branch from where branch says it is to the commit, and
// keeps index and files in step wherever the branch is checked out. The paths
// are those in which the commit differs. When the branch has moved meanwhile the
// error is [ErrMoved] and nothing has changed. After a [SyncError] the branch is
// at the commit all the same.
func (r *Repository) Advance(ctx context.Context, branch Branch, commit Hash, paths []string, reflog string) error {
	worktree, err := r.checkout(ctx, branch, paths)
	if err != nil {
		return err
	}
	defer worktree.close()
	if worktree != nil {
		if err := worktree.check(ctx, branch.Commit); err != nil {
			// What is there may come from a commit that is newer than the base.
			if tip, tipErr := r.ResolveRef(ctx, branch.Ref); tipErr == nil && tip != orZero(branch.Commit) {
				return fmt.Errorf("updating %s: %w", branch.Ref, ErrMoved)
			}
			return err
		}
		if err := worktree.adopt(ctx, branch.Commit); err != nil {
			return err
		}
	}
	if err := r.UpdateRef(ctx, branch.Ref, commit, branch.Commit, reflog); err != nil || worktree == nil {
		return err
	}
	return worktree.sync(context.WithoutCancel(ctx))
}

// IsSyncError reports whether the branch was updated although err is not nil.
func IsSyncError(err error) bool {
	var failed *SyncError
	return errors.As(err, &failed)
}
