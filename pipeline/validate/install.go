package validate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"github.com/git-datapact/git-datapact/gitcmd"
)

// earlier ends the name under which the hook that was there first is kept.
const earlier = ".before-datapact"

// marker is a line by which our hooks are known.
const marker = "# Made by 'git datapact validate --install', which also takes it out again.\n"

// script is a hook. What git writes to it is for the earlier hook too, which runs
// first. It wants the executable, quoted, the name of the hook, its first line, and how
// the earlier hook is run.
const script = `%[3]s
` + marker + `datapact_validate=%[1]s
[ -x "$datapact_validate" ] || datapact_validate=git-datapact-validate
datapact_before=$0` + earlier + `
datapact_present() {
	command -v "$datapact_validate" >/dev/null 2>&1 && return
	datapact_out="rm '$0'"
	[ ! -e "$datapact_before" ] || datapact_out="mv '$datapact_before' '$0'"
	echo "hook %[2]s: git-datapact-validate is gone. Install git-datapact again, or take the hook out: $datapact_out" >&2
	exit 1
}
case %[2]s in
pre-push | pre-receive | post-receive)
	datapact_input=$(cat && echo .) || exit
	datapact_input=${datapact_input%%.}
	if [ -x "$datapact_before" ]; then
		printf %%s "$datapact_input" | %[4]s
		datapact_status=$?
		[ "$datapact_status" = 0 ] || exit "$datapact_status"
	fi
	datapact_present
	[ %[2]s != pre-push ] || exec >&2 # what push prints can be for programs
	printf %%s "$datapact_input" | "$datapact_validate" --hook %[2]s -- "$@"
	;;
*)
	if [ -x "$datapact_before" ]; then
		%[4]s
		datapact_status=$?
		[ "$datapact_status" = 0 ] || exit "$datapact_status"
	fi
	datapact_present
	exec "$datapact_validate" --hook %[2]s -- "$@"
	;;
esac
`

// How the earlier hook is run: read by the same shell, so that it finds what it runs by
// its own name and place, as dispatchers do; or, where an older version kept a hook that
// is no shell script, as a program. Nothing tests the status of the first, which would
// switch off the hook's own "set -e".
const (
	readIn    = `( . "$datapact_before" )`
	asProgram = `"$datapact_before" "$@"`
)

// shellLine is the first line of a shell script that ours can have too.
var shellLine = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^#![ \t]*(/\S*/)?(env[ \t]+)?(sh|bash|dash|ash)([ \t]+-[a-z]+)?[ \t]*$`)
})

// firstLine is that of a hook which can be read in by ours, and whether it can.
func firstLine(hook []byte) (string, bool) {
	line, _, _ := strings.Cut(string(hook), "\n")
	return line, shellLine().MatchString(line) && !bytes.Contains(hook, []byte("BASH_SOURCE"))
}

// A Change is what became of a hook.
type Change struct {
	Path string // of the hook, "" where nothing was changed
	Text string // what was done, for a person
}

// SetHooks installs the hooks of these names, or takes them out, and returns what it did.
// Without a name they are pre-receive in a bare repository, and pre-commit and pre-push in
// others.
func SetHooks(ctx context.Context, repository *gitcmd.Repository, names []string, install bool) (changes []Change, err error) {
	self, err := gitcmd.FindCommand("validate") // the front door may be what runs
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
		var change Change
		if install {
			change.Path, err = Install(ctx, repository, hook, self)
		} else {
			change, err = Uninstall(ctx, repository, hook)
		}
		if err != nil {
			return changes, fmt.Errorf("setting hook %s: %w", hook, err)
		}
		changes = append(changes, change)
	}
	return changes, nil
}

// Install makes a check a hook of a repository, run by an executable. A hook that is
// there is kept aside and runs first; ours is brought up to date. It returns the path
// of the hook. It refuses to change a folder of hooks that other repositories use, and a
// hook that would not work from another file: a hint then tells what to add by hand.
func Install(ctx context.Context, repository *gitcmd.Repository, hook Hook, executable string) (string, error) {
	path, ours, err := look(ctx, repository, hook)
	if err != nil {
		return "", err
	}
	if err := mayInstall(ctx, repository, hook, path); err != nil {
		return "", err
	}
	sharing, err := repository.Sharing(ctx)
	if err != nil {
		return "", err
	}
	if err := sharing.MkdirAll(filepath.Dir(path)); err != nil {
		return "", err
	}
	kept := path
	if ours {
		kept = path + earlier
	}
	first, how := "#!/bin/sh", readIn
	if data, err := os.ReadFile(kept); err == nil {
		line, can := firstLine(data)
		info, err := os.Stat(kept)
		switch {
		case err != nil:
			return "", err
		case can:
			first = line
		case ours:
			how = asProgram
		case info.Mode()&0o111 != 0:
			return "", byHand(fmt.Errorf("hook %s is not a shell script that works from another file", path), hook, path)
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if _, err := os.Lstat(path); err == nil && !ours {
		if err := keep(path); err != nil {
			return "", err
		}
	}
	quoted := "'" + strings.ReplaceAll(filepath.ToSlash(executable), "'", `'\''`) + "'"
	return path, appear(path, fmt.Sprintf(script, quoted, hook, first, how), sharing)
}

// mayInstall refuses to change hooks that are not this repository's alone, or that
// another program writes anew.
func mayInstall(ctx context.Context, repository *gitcmd.Repository, hook Hook, path string) error {
	folder := filepath.Dir(path)
	own, err := repository.IsWithin(ctx, folder)
	if err != nil {
		return err
	}
	if !own {
		return byHand(fmt.Errorf("%s is outside of the repository: others may use the hooks there (core.hooksPath)", folder), hook, path)
	}
	for _, file := range []string{"h", "husky.sh"} { // which all of husky's hooks read
		if _, err := os.Stat(filepath.Join(folder, file)); err == nil && filepath.Base(folder) == "_" {
			return byHand(fmt.Errorf("the hooks in %s are husky's, which writes them anew", folder), hook, filepath.Join(filepath.Dir(folder), string(hook)))
		}
	}
	return nil
}

// byHand adds to an error what line does the same.
func byHand(err error, hook Hook, path string) error {
	line := fmt.Sprintf(`git-datapact-validate --hook %s -- "$@"`, hook)
	if hook == PrePush || hook == PreReceive || hook == PostReceive {
		line += ", with the standard input of the hook"
	}
	return gitcmd.WithHint(err, fmt.Sprintf("add this line to %s by hand: %s", path, line))
}

// Uninstall takes our hook out, and puts the one that was there first back.
func Uninstall(ctx context.Context, repository *gitcmd.Repository, hook Hook) (Change, error) {
	path, ours, err := look(ctx, repository, hook)
	if err != nil {
		return Change{}, err
	}
	if !ours {
		return Change{Text: fmt.Sprintf("hook %s is left as it is: git-datapact has none in %s", hook, filepath.Dir(path))}, nil
	}
	change := Change{path, fmt.Sprintf("hook %s is the one again that was there before", hook)}
	err = os.Rename(path+earlier, path)
	if errors.Is(err, fs.ErrNotExist) {
		change.Text = fmt.Sprintf("hook %s is taken out", hook)
		err = os.Remove(path)
	}
	return change, err
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
func appear(path, text string, sharing gitcmd.Sharing) error {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-*")
	if err != nil {
		return gitcmd.DeniedHint(err)
	}
	defer os.Remove(file.Name())
	_, err = file.WriteString(text)
	if err = errors.Join(err, file.Chmod(0o755), file.Close(), sharing.Share(file.Name())); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
