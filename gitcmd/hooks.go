package gitcmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
)

// HooksFolder is where git looks for the hooks of the repository: core.hooksPath, else
// the folder hooks of the git directory. It may not exist yet.
func (r *Repository) HooksFolder(ctx context.Context) (string, error) {
	// A relative core.hooksPath is relative to where hooks run.
	base, err := r.TopLevel(ctx)
	if err == nil && base == "" {
		base, err = r.GitDir(ctx)
	}
	if err != nil {
		return "", err
	}
	out, err := r.git.output(ctx, "-C", base, "rev-parse", "--path-format=absolute", "--git-path", "hooks")
	if err != nil {
		return "", fmt.Errorf("looking for the hooks: %w", err)
	}
	return strings.TrimSuffix(string(out), "\n"), nil
}

// IsWithin reports whether a folder, which need not exist yet, is in the git directory
// that all worktrees of the repository share, or in the current worktree. Links are
// followed.
func (r *Repository) IsWithin(ctx context.Context, folder string) (bool, error) {
	top, err := r.TopLevel(ctx)
	if err != nil {
		return false, err
	}
	where, err := r.where(ctx)
	if err != nil {
		return false, fmt.Errorf("looking for the git directory: %w", err)
	}
	real, err := realPath(folder)
	if err != nil {
		return false, err
	}
	for _, base := range []string{top, where.common} {
		if base == "" {
			continue
		}
		if base, err = realPath(base); err != nil {
			return false, err
		}
		if below, err := filepath.Rel(base, real); err == nil && filepath.IsLocal(below) {
			return true, nil
		}
	}
	return false, nil
}

// realPath is a path without links, as far as it exists.
func realPath(path string) (string, error) {
	real, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) && filepath.Dir(path) != path {
		folder, err := realPath(filepath.Dir(path))
		return filepath.Join(folder, filepath.Base(path)), err
	}
	return real, err
}
