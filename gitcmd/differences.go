package gitcmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// HistoryOf walks every commit that a tip reaches and the others do not, newest first.
// The files of a merge are those that it left unlike all of its parents.
func (r *Repository) HistoryOf(ctx context.Context, tip Hash, except ...Hash) iter.Seq2[LogEntry, error] {
	args := []string{"--diff-merges=combined", string(tip)}
	for _, commit := range except {
		args = append(args, "^"+string(commit))
	}
	return r.readHistory(ctx, tip.Short(), append(args, "--"))
}

// Differences are the files in which two commits differ. Those that only the first
// has are without a hash.
func (r *Repository) Differences(ctx context.Context, a, b Hash) iter.Seq2[File, error] {
	return r.changes(ctx, "comparing "+a.Short()+" and "+b.Short(),
		"diff-tree", "-r", "-z", "--raw", "--no-abbrev", "--no-renames", string(a), string(b))
}

// Staged are the files in which the index differs from HEAD, or from nothing where
// the current branch has no commit.
func (r *Repository) Staged(ctx context.Context) iter.Seq2[File, error] {
	base := "HEAD"
	if _, err := r.ResolveCommit(ctx, base); errors.Is(err, ErrNotFound) {
		where, err := r.where(ctx)
		if err != nil {
			return func(yield func(File, error) bool) { yield(File{}, err) }
		}
		base = string(where.format.emptyTree())
	}
	return r.changes(ctx, "comparing the index",
		"diff-index", "--cached", "-z", "--raw", "--no-abbrev", "--no-renames", "--no-relative", base, "--")
}

// changes reads what a diff prints as --raw -z: pairs of records.
func (r *Repository) changes(ctx context.Context, doing string, args ...string) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		err := r.git.stream(ctx, func(out io.Reader) error {
			meta := ""
			return readRecords(out, func(record string) error {
				if meta == "" {
					meta = record
					return nil
				}
				change, err := parseChange(meta, record)
				meta = ""
				if err == nil && !yield(change, nil) {
					return errStop
				}
				return err
			})
		}, args...)
		if err != nil {
			yield(File{}, fmt.Errorf("%s: %w", doing, err))
		}
	}
}

// FilesBelow lists the files below some folders of a commit, which need not be there.
// Its cost is that of these folders.
func (r *Repository) FilesBelow(ctx context.Context, commit Hash, folders []string) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		for some := range slices.Chunk(folders, 500) {
			args := []string{"ls-tree", "-r", "-z", "--full-tree", string(commit)}
			for _, folder := range some {
				args = append(args, folder+"/")
			}
			for file, err := range r.listed(ctx, args) {
				if err != nil {
					err = fmt.Errorf("listing files of %s: %w", commit.Short(), err)
				}
				if !yield(file, err) || err != nil {
					return
				}
			}
		}
	}
}

// EverHad tells which of some paths a commit or one that it reaches has, or had. It
// reads the history.
func (r *Repository) EverHad(ctx context.Context, tip Hash, paths []string) (map[string]bool, error) {
	had := map[string]bool{}
	for some := range slices.Chunk(paths, 500) {
		args := append([]string{"--full-history", "--diff-merges=off", string(tip), "--"}, literal(some)...)
		for entry, err := range r.readHistory(ctx, tip.Short(), args) {
			if err != nil {
				return nil, err
			}
			for _, file := range entry.Files {
				had[file.Path] = true
			}
		}
	}
	return had, nil
}

// BranchNamed is the branch that a revision names, local or remote-tracking, by its
// name alone: "" for a revision that names none.
func (r *Repository) BranchNamed(ctx context.Context, revision string) (string, error) {
	if strings.HasPrefix(revision, "-") {
		return "", fmt.Errorf("%q is not a revision", revision)
	}
	out, err := r.git.output(ctx, "rev-parse", "--symbolic-full-name", "--verify", "--quiet", revision)
	if _, failed := errors.AsType[*ExecError](err); failed {
		return "", nil // of a commit, say
	}
	if err != nil {
		return "", fmt.Errorf("looking for the branch of %q: %w", revision, err)
	}
	ref := strings.TrimSpace(string(out))
	if name, ok := strings.CutPrefix(ref, "refs/heads/"); ok {
		return name, nil
	}
	if rest, ok := strings.CutPrefix(ref, "refs/remotes/"); ok {
		_, name, _ := strings.Cut(rest, "/")
		return name, nil
	}
	return "", nil
}

// IsShallow reports whether the history of the repository is cut off, so that what is
// not in it may have been.
func (r *Repository) IsShallow(ctx context.Context) (bool, error) {
	where, err := r.where(ctx)
	return err == nil && where.shallow, err
}

// CutOff are the commits whose parents are not in a shallow clone: each seems to have
// made all of its files.
func (r *Repository) CutOff(ctx context.Context) (map[Hash]bool, error) {
	where, err := r.where(ctx)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(where.common, "shallow")) // a fetch may just have made it
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading where the shallow clone ends: %w", err)
	}
	commits := map[Hash]bool{}
	for hash := range strings.FieldsSeq(string(text)) {
		commits[Hash(hash)] = true
	}
	return commits, nil
}

// WholeHistory refuses a shallow clone, for who would claim something about all of the
// history.
func (r *Repository) WholeHistory(ctx context.Context) error {
	shallow, err := r.IsShallow(ctx)
	if err != nil || !shallow {
		return err
	}
	return WithHint(errors.New("this is a shallow clone, which does not hold the whole history"),
		"bring all of it with 'git fetch --unshallow'")
}

// IsBare reports whether the repository has no worktree.
func (r *Repository) IsBare(ctx context.Context) (bool, error) {
	where, err := r.where(ctx)
	return err == nil && where.bare, err
}
