package validate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/git-datapact/git-datapact/gitcmd"
)

// earlier ends the name under which the hook that was there first is kept.
const earlier = ".before-datapact"

// marker is a line by which our hooks are known.
const marker = "# Made by 'git datapact validate --install', which also takes it out again.\n"

// script is a hook. What git writes to it is for the earlier hook too, which runs
// first. It wants the executable, quoted, and the name of the hook.
const script = `#!/bin/sh
` + marker + `validate=%[1]s
[ -x "$validate" ] || validate=git-datapact-validate
before=$0` + earlier + `
case %[2]s in
pre-push | pre-receive | post-receive)
	input=$(cat && echo .) || exit
	input=${input%%.}
	if [ -x "$before" ]; then
		printf %%s "$input" | "$before" "$@" || exit
	fi
	[ %[2]s != pre-push ] || exec >&2 # what push prints can be for programs
	printf %%s "$input" | "$validate" --hook %[2]s -- "$@"
	;;
*)
	if [ -x "$before" ]; then
		"$before" "$@" || exit
	fi
	exec "$validate" --hook %[2]s -- "$@"
	;;
esac
`

// SetHooks installs the hooks of these names, or takes them out, and returns the paths
// of those it did. Without a name they are pre-receive in a bare repository, and
// pre-commit and pre-push in others.
func SetHooks(ctx context.Context, repository *gitcmd.Repository, names []string, install bool) (paths []string, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	hooks, err := ParseHooks(names)
	if err == nil && len(hooks) == 0 {
		hooks, err = usualHooks(ctx, repository)
	}
	if err != nil {
		return nil, err
	}
	for _, hook := range hooks {
		var path string
		if install {
			path, err = Install(ctx, repository, hook, self)
		} else {
			path, err = Uninstall(ctx, repository, hook)
		}
		if err != nil {
			return paths, fmt.Errorf("setting hook %s: %w", hook, err)
		}
		if path != "" {
			paths = append(paths, path)
		}
	}
	return paths, nil
}

// Install makes a check a hook of a repository, run by an executable. A hook that is
// there is kept aside and runs first; ours is brought up to date. It returns the path
// of the hook.
func Install(ctx context.Context, repository *gitcmd.Repository, hook Hook, executable string) (string, error) {
	path, ours, err := look(ctx, repository, hook)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return "", err
	}
	if _, err := os.Lstat(path); err == nil && !ours {
		if err := keep(path); err != nil {
			return "", err
		}
	}
	quoted := "'" + strings.ReplaceAll(filepath.ToSlash(executable), "'", `'\''`) + "'"
	return path, appear(path, fmt.Sprintf(script, quoted, hook))
}

// Uninstall takes our hook out, and puts the one that was there first back. It returns
// the path of the hook, "" where ours is not there.
func Uninstall(ctx context.Context, repository *gitcmd.Repository, hook Hook) (string, error) {
	path, ours, err := look(ctx, repository, hook)
	if err != nil || !ours {
		return "", err
	}
	err = os.Rename(path+earlier, path)
	if errors.Is(err, fs.ErrNotExist) {
		err = os.Remove(path)
	}
	return path, err
}

// look finds the place of a hook, and whether the one that is there is ours.
func look(ctx context.Context, repository *gitcmd.Repository, hook Hook) (path string, ours bool, err error) {
	folder, err := repository.HooksFolder(ctx)
	if err != nil {
		return "", false, err
	}
	path = filepath.Join(folder, string(hook))
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return path, false, nil // nothing, or a link to nothing
	}
	return path, bytes.Contains(data, []byte(marker)), err
}

// keep gives the hook that is there its other name. The first name stays until ours
// takes it, so that there is a hook at any time.
func keep(path string) error {
	if _, err := os.Lstat(path + earlier); err == nil {
		return gitcmd.WithHint(fmt.Errorf("there are both %s and %s, and the first is not ours", path, filepath.Base(path+earlier)),
			"make one hook of the two, then install again")
	}
	if os.Link(path, path+earlier) == nil {
		return nil
	}
	return os.Rename(path, path+earlier) // no hard links here
}

// appear writes an executable file that appears whole.
func appear(path, text string) error {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	_, err = file.WriteString(text)
	if err = errors.Join(err, file.Chmod(0o755), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
