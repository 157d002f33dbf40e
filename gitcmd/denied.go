package gitcmd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// DeniedHint adds to an error that denies access to a file whose that is and, in a git
// directory, how it can be shared.
func DeniedHint(err error) error {
	path, ok := errors.AsType[*fs.PathError](err)
	if !ok || !errors.Is(err, fs.ErrPermission) || belowRoot(path) {
		return err
	}
	hint := deniedHint(path.Path)
	if hint == "" {
		return err
	}
	return WithHint(err, hint)
}

// belowRoot reports whether the path of an error is that below an [os.Root], and not below the
// working directory: which file it is cannot be told then.
func belowRoot(err *fs.PathError) bool {
	return !filepath.IsAbs(err.Path) && strings.HasSuffix(err.Op, "at") && err.Op != "stat" && err.Op != "lstat"
}

const shareHint = "whoever owns the repository shares it by 'git config core.sharedRepository group', and 'chmod -R g+rwX' on what is there"

// deniedHint is the hint about a path that cannot be used, or what is there above it.
func deniedHint(path string) string {
	path, err := filepath.Abs(path)
	if err != nil {
		return ""
	}
	info, err := os.Lstat(path)
	for err != nil && path != filepath.Dir(path) {
		path = filepath.Dir(path)
		info, err = os.Lstat(path)
	}
	if err != nil {
		return ""
	}
	hint := fmt.Sprintf("%s has the mode %s", path, info.Mode())
	if owner := ownerOf(info); owner != "" {
		hint = fmt.Sprintf("%s belongs to %s and has the mode %s", path, owner, info.Mode())
	}
	for ; path != filepath.Dir(path); path = filepath.Dir(path) {
		if isGitDir(path) {
			return hint + "; " + shareHint
		}
	}
	return hint
}

// isGitDir judges as git does, by the most important parts.
func isGitDir(dir string) bool {
	for _, name := range []string{"HEAD", "objects", "refs"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return false
		}
	}
	return true
}

// ownershipAdvice is the command by which git would trust a repository of somebody else,
// "" where what git said is about something else.
func ownershipAdvice(stderr string) string {
	if !strings.Contains(stderr, "dubious ownership") && !strings.Contains(stderr, "is owned by someone else") {
		return ""
	}
	for line := range strings.Lines(stderr) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "git config ") {
			return line
		}
	}
	return ""
}

// ownersHint adds to an error of git's about files of other users what to do: git's own
// advice, or how to share the repository.
func ownersHint(err *ExecError) error {
	if advice := ownershipAdvice(err.Stderr); advice != "" {
		return WithHint(err, "it belongs to another user; if you trust that one, run: "+advice)
	}
	if strings.Contains(err.Stderr, "insufficient permission for adding an object") {
		return WithHint(err, shareHint)
	}
	if before, _, found := strings.Cut(err.Stderr, "': Permission denied"); found {
		return WithHint(err, deniedHint(before[strings.LastIndexByte(before, '\'')+1:]))
	}
	return err
}
