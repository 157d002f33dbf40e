package gitcmd

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
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
	if !where.files {
		out, err := r.git.output(ctx, "for-each-ref", "--count=1", "refs/replace/")
		return len(out) > 0, err
	}
	loose, err := os.ReadDir(filepath.Join(where.common, "refs", "replace"))
	if len(loose) > 0 || err != nil && !errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	packed, err := os.ReadFile(filepath.Join(where.common, packedRefs))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return bytes.Contains(packed, []byte(" refs/replace/")), err
}

// Receiving reports whether this process is part of a push that is being received, whose
// objects may yet be refused: nothing may be made to rely on them.
func Receiving() bool { return os.Getenv("GIT_QUARANTINE_PATH") != "" }
