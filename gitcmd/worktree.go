package gitcmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

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
// that a new commit changes.
type checkout struct {
	git   program // runs in the worktree, with its own index
	lock  *flock.Flock
	paths []string
}

// checkout returns nil where the branch is checked out nowhere.
func (r *Repository) checkout(ctx context.Context, branch Branch, paths []string) (*checkout, error) {
	if branch.Worktree == "" || len(paths) == 0 {
		return nil, nil
	}
	if _, err := os.Stat(branch.Worktree); err != nil {
		return nil, nil //nolint:nilerr // a linked worktree that was deleted
	}
	data, err := r.DataDir(ctx)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(data, 0o777); err != nil {
		return nil, err
	}
	return &checkout{
		git:   program{dir: branch.Worktree, env: environWithoutLocal()},
		lock:  flock.New(filepath.Join(data, "worktree.lock")),
		paths: paths,
	}, nil
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
// now. Under the lock the last of several concurrent updates sees them all.
func (c *checkout) sync(ctx context.Context) error {
	if _, err := c.lock.TryLockContext(ctx, 5*time.Millisecond); err != nil {
		return fmt.Errorf("locking %s: %w", c.lock.Path(), err)
	}
	defer c.lock.Close()
	var err error
	for wait := 10 * time.Millisecond; wait < 6*time.Second; wait *= 2 {
		input := strings.NewReader(topPathspecs(c.paths))
		_, err = c.git.pipe(ctx, input, "-c", "core.hooksPath="+os.DevNull, "restore", "--quiet", "--source=HEAD",
			"--staged", "--worktree", "--pathspec-from-file=-", "--pathspec-file-nul")
		if err == nil {
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
	if worktree != nil {
		if err := worktree.check(ctx, branch.Commit); err != nil {
			// What is there may come from a commit that is newer than the base.
			if tip, tipErr := r.ResolveRef(ctx, branch.Ref); tipErr == nil && tip != orZero(branch.Commit) {
				return fmt.Errorf("updating %s: %w", branch.Ref, ErrMoved)
			}
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
