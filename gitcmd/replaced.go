package gitcmd

import (
	"bufio"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// MayReplace reports whether refs may have other objects read in the place of some, as those
// below refs/replace do, so that what a hash stands for is not what was stored.
func (r *Repository) MayReplace(ctx context.Context) (bool, error) {
	if os.Getenv("GIT_REPLACE_REF_BASE") != "" {
		return true, nil
	}
	where, err := r.where(ctx)
	if err != nil {
		return false, err
	}
	if _, err := os.Stat(filepath.Join(where.common, "reftable")); err == nil {
		out, err := r.git.output(ctx, "for-each-ref", "--count=1", "refs/replace/")
		return len(out) > 0, err
	}
	loose, err := os.ReadDir(filepath.Join(where.common, "refs", "replace"))
	if len(loose) > 0 || err != nil && !errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	file, err := os.Open(filepath.Join(where.common, packedRefs))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if strings.Contains(lines.Text(), " refs/replace/") {
			return true, nil
		}
	}
	return false, lines.Err()
}

// Receiving reports whether this process is part of a push that is being received, whose
// objects may yet be refused: nothing may be made to rely on them.
func Receiving() bool { return os.Getenv("GIT_QUARANTINE_PATH") != "" }
