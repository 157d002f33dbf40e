package gitcmd

import (
	"context"
	"fmt"
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
