package cmd_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

// scratch is where the executables are, until all tests have ended.
var scratch = sync.OnceValues(func() (string, error) { return os.MkdirTemp("", "datapact-test") })

func TestMain(m *testing.M) {
	if traceIfAsked() {
		return
	}
	status := m.Run()
	if folder, err := scratch(); err == nil {
		_ = os.RemoveAll(folder) // the worst that is left is a folder
	}
	os.Exit(status)
}

// installation is the prefix of an installation that all tests share, and that none
// may change.
var installation = sync.OnceValues(func() (string, error) {
	folder, err := scratch()
	if err != nil {
		return "", err
	}
	home, prefix := filepath.Join(folder, "home"), filepath.Join(folder, "a prefix")
	if err := os.Mkdir(home, 0o777); err != nil {
		return "", err
	}
	if runtime.GOOS == "windows" {
		helpers, err := filepath.Glob("git-datapact-store-*")
		if err != nil {
			return "", err
		}
		return prefix, build(filepath.Join(prefix, "bin"), helpers)
	}
	env, err := goCaches()
	if err != nil {
		return "", err
	}
	return prefix, install(home, append(newcomer(home), env...), "--prefix", prefix)
})

// built returns the folder that holds every executable, as they are installed.
func built(t *testing.T) string {
	t.Helper()
	return filepath.Join(installed(t), "bin")
}

// installed returns the prefix of the installation that all tests share.
func installed(t *testing.T) string {
	t.Helper()
	watch()
	prefix, err := installation()
	if err != nil {
		t.Fatal(err)
	}
	return prefix
}

// build builds the executables into a folder as install.sh does, without what only a
// debugger reads: one file under the names of all commands, and some helpers of stores.
func build(folder string, helpers []string, flags ...string) error {
	names, err := commands()
	if err != nil {
		return err
	}
	args := append([]string{"build", "-ldflags=-s -w", "-o", folder + string(filepath.Separator)}, flags...)
	args = append(args, "./git-datapact")
	for _, name := range helpers {
		args = append(args, "./"+name)
	}
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("building the executables: %v\n%s", err, out)
	}
	suffix := ""
	if runtime.GOOS == "windows" {
		suffix = ".exe"
	}
	for _, name := range names {
		if !isHelper(name) {
			err = errors.Join(err, os.Link(filepath.Join(folder, "git-datapact"+suffix), filepath.Join(folder, name+suffix)))
		}
	}
	return err
}

// commands lists the folders of the executables beside the front door.
func commands() ([]string, error) { return filepath.Glob("git-datapact-*") }

// isHelper reports whether an executable is apart from the one of all commands.
func isHelper(name string) bool { return strings.HasPrefix(name, "git-datapact-store-") }

// builtins lists the commands that are in the executable of the front door.
func builtins(t *testing.T) []string {
	t.Helper()
	names, err := commands()
	if err != nil || len(names) == 0 {
		t.Fatalf("Glob found %d commands, %v", len(names), err)
	}
	return slices.DeleteFunc(names, isHelper)
}

// linkTree adds the files of a folder to another. Those that are there stay.
func linkTree(from, to string) error {
	return fs.WalkDir(os.DirFS(from), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			return os.MkdirAll(filepath.Join(to, name), 0o777)
		}
		if err := os.Link(filepath.Join(from, name), filepath.Join(to, name)); !errors.Is(err, fs.ErrExist) {
			return err
		}
		return nil
	})
}

// install runs install.sh from elsewhere. What it says on standard error, or its
// failure, is the error.
func install(folder string, env []string, args ...string) error {
	script, err := filepath.Abs("../install.sh")
	if err != nil {
		return err
	}
	cmd := exec.Command("sh", append([]string{script}, args...)...)
	var stderr strings.Builder
	cmd.Dir, cmd.Env, cmd.Stderr = folder, env, &stderr
	if err := cmd.Run(); err != nil || stderr.Len() > 0 {
		return fmt.Errorf("install.sh %q ended with %v and said:\n%s", args, err, stderr.String())
	}
	return nil
}

// goCaches are the variables of Go's caches, for who has a home folder of their own.
func goCaches() ([]string, error) {
	names := []string{"GOCACHE", "GOMODCACHE"}
	out, err := exec.Command("go", append([]string{"env"}, names...)...).Output()
	if err != nil {
		return nil, err
	}
	var env []string
	for i, value := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		env = append(env, names[i]+"="+strings.TrimSpace(value))
	}
	return env, nil
}

// watch reads all folders of the project, which makes what is in them an input of
// the test: go test then does not take an earlier result for this one.
func watch() {
	_ = filepath.WalkDir("..", func(_ string, entry fs.DirEntry, _ error) error {
		if entry != nil && entry.IsDir() && entry.Name() == ".git" { // a file in a worktree
			return fs.SkipDir
		}
		return nil
	})
}
