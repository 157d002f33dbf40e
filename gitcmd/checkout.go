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

	"github.com/gofrs/flock"
)

// A checkout is a worktree in which a branch is checked out, and the paths of it
// that a new commit changes. Whoever has one holds its lock.
type checkout struct {
	git   program // runs in the worktree, with its own index
	lock  *flock.Flock
	paths []string
	left  []string // paths that an earlier update was to bring in step
	// behind names a file with the paths that an update of the worktree was to
	// bring in step. It is there while that is not done: a process that is
	// killed leaves it to the next one.
	behind  string
	sharing Sharing
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
	data, sharing, err := r.DataFolder(ctx)
	if err != nil {
		return nil, err
	}
	c := &checkout{
		git:     program{dir: top, env: environWithoutLocal()}.apart(),
		paths:   paths,
		sharing: sharing,
		behind:  filepath.Join(data, "behind-"+string(SHA1.name(Blob, []byte(top)))),
	}
	if c.lock, err = sharing.Lock(filepath.Join(data, "worktree.lock")); err != nil {
		return nil, err
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
// has changed it since, and notes all paths until they are in step. An update that
// lost a race has left its paths too.
func (c *checkout) adopt(ctx context.Context, base Hash) error {
	data, err := os.ReadFile(c.behind)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, path := range splitRecords(data) {
		left := checkout{git: c.git, paths: []string{path}}
		if left.check(ctx, base) == nil && !slices.Contains(c.paths, path) {
			c.left = append(c.left, path)
		}
	}
	return c.sharing.WriteFile(c.behind, []byte(strings.Join(slices.Concat(c.paths, c.left), "\x00")+"\x00"))
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
		"GIT_PREFIX": true, "GIT_COMMON_DIR": true, "GIT_REFERENCE_BACKEND": true,
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
	for part := range slices.Chunk(c.paths, 200) { // as many as fit on a command line
		held, err := c.held(ctx, part)
		if err != nil {
			return err
		}
		tip, err := c.tip(ctx, base, part)
		if err != nil {
			return err
		}
		for path, blobs := range held {
			known, err := c.versions(ctx, base, path, blobs, tip[path])
			if err != nil {
				return err
			}
			if !known {
				return WithHint(fmt.Errorf("%s has changes in %s that are in no commit", path, c.git.dir),
					"commit them, or drop them with 'git restore --staged --worktree', then run the command again")
			}
		}
	}
	return nil
}

// held lists the blobs that stand at some paths: in the index and as files.
func (c *checkout) held(ctx context.Context, paths []string) (map[string][]string, error) {
	held := map[string][]string{}
	err := c.eachLine(ctx, func(meta, path string) {
		if fields := strings.Fields(meta); len(fields) > 1 {
			held[path] = append(held[path], fields[1])
		}
	}, append([]string{"ls-files", "--stage", "-z", "--full-name", "--"}, literal(paths)...)...)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, path := range paths {
		if _, err := os.Lstat(filepath.Join(c.git.dir, filepath.FromSlash(path))); err == nil {
			files = append(files, path)
		}
	}
	if len(files) == 0 {
		return held, nil
	}
	out, err := c.git.output(ctx, append([]string{"hash-object", "--"}, files...)...)
	if err != nil {
		return nil, err
	}
	for i, hash := range strings.Fields(string(out)) {
		held[files[i]] = append(held[files[i]], hash)
	}
	return held, nil
}

// tip lists the blobs that a commit holds at some paths.
func (c *checkout) tip(ctx context.Context, base Hash, paths []string) (map[string]string, error) {
	tip := map[string]string{}
	if base == "" {
		return tip, nil
	}
	err := c.eachLine(ctx, func(meta, path string) {
		if fields := strings.Fields(meta); len(fields) > 2 {
			tip[path] = fields[2]
		}
	}, append([]string{"ls-tree", "-z", "--full-tree", string(base), "--"}, paths...)...)
	return tip, err
}

// eachLine runs git and splits its NUL-terminated "<meta>\t<path>".
func (c *checkout) eachLine(ctx context.Context, visit func(meta, path string), args ...string) error {
	out, err := c.git.output(ctx, args...)
	if err != nil {
		return err
	}
	for _, record := range splitRecords(out) {
		if meta, path, ok := strings.Cut(record, "\t"); ok {
			visit(meta, path)
		}
	}
	return nil
}

// versions reports whether all the blobs stand, or stood once, at the path in
// the history of base. The history is read only if the tip does not hold them.
func (c *checkout) versions(ctx context.Context, base Hash, path string, blobs []string, tip string) (bool, error) {
	known := map[string]bool{tip: true}
	if containsAll(known, blobs) || base == "" {
		return containsAll(known, blobs), nil
	}
	for entry, err := range (&Repository{git: c.git}).Log(ctx, string(base), path) {
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
	left, err := c.tracked(ctx, c.left)
	if err != nil {
		return &SyncError{Worktree: c.git.dir, Err: err}
	}
	paths := slices.Concat(c.paths, left)
	for wait := 10 * time.Millisecond; wait < 6*time.Second; wait *= 2 {
		input := strings.NewReader(strings.Join(literal(paths), "\x00") + "\x00")
		_, err = c.git.pipe(ctx, input, "-c", "core.hooksPath="+os.DevNull, "restore", "--quiet", "--source=HEAD",
			"--staged", "--worktree", "--pathspec-from-file=-", "--pathspec-file-nul")
		if err == nil {
			_ = os.Remove(c.behind)
			return nil
		}
		if !lockHeld(err) {
			break
		}
		if err := Wait(ctx, wait); err != nil {
			return err
		}
	}
	return lockHint(&SyncError{Worktree: c.git.dir, Err: err})
}

// tracked lists those of some paths that HEAD or the index holds. Git refuses to
// restore others, and those of an update that never came about are in neither.
func (c *checkout) tracked(ctx context.Context, paths []string) ([]string, error) {
	found := map[string]bool{}
	add := func(_, path string) { found[path] = true }
	for part := range slices.Chunk(paths, 200) {
		if err := c.eachLine(ctx, add, append([]string{"ls-tree", "-z", "--full-tree", "HEAD", "--"}, part...)...); err != nil {
			return nil, err
		}
		if err := c.eachLine(ctx, add, append([]string{"ls-files", "--stage", "-z", "--full-name", "--"}, literal(part)...)...); err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(slices.Clone(paths), func(path string) bool { return !found[path] }), nil
}

// literal makes pathspecs of paths from the top, each meant to the letter.
func literal(paths []string) []string {
	specs := make([]string, len(paths))
	for i, path := range paths {
		specs[i] = ":(top,literal)" + path
	}
	return specs
}
