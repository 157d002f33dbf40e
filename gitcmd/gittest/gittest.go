// Package gittest gives tests a git repository of their own, which nothing of the
// machine's configuration reaches.
package gittest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// New makes an empty repository whose current branch is main, and returns its
// folder. For the rest of the test, git knows who commits, and no configuration
// but the repository's. Options are those of git init.
func New(t *testing.T, options ...string) string {
	t.Helper()
	dir := t.TempDir()
	for name, value := range map[string]string{
		"HOME": dir, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.DevNull,
		"GIT_AUTHOR_NAME": "A U Thor", "GIT_AUTHOR_EMAIL": "author@example.com",
		"GIT_COMMITTER_NAME": "C O Mitter", "GIT_COMMITTER_EMAIL": "committer@example.com",
	} {
		t.Setenv(name, value)
	}
	Run(t, dir, append([]string{"init", "-q", "-b", "main"}, options...)...)
	return dir
}

// FilesOfRefs has repositories that the test makes from now on keep their refs in files,
// which it reads or damages, whatever git does by default.
func FilesOfRefs(t *testing.T) {
	t.Helper()
	t.Setenv("GIT_DEFAULT_REF_FORMAT", "files")
}

// NeedsReftable skips the test where git, older than 2.45, keeps refs in files alone.
func NeedsReftable(t *testing.T) {
	t.Helper()
	if out, err := exec.Command("git", "init", "-q", "--ref-format=reftable", t.TempDir()).CombinedOutput(); err != nil {
		t.Skipf("this git keeps refs in files alone: %s", out)
	}
}

// Run runs git in a folder and returns what it printed, without the line feed at
// the end. The test ends when git fails.
func Run(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSuffix(string(out), "\n")
}

// Import has git fast-import read a stream in a repository, and returns what the stream
// asked for. Options stand before the subcommand.
func Import(t *testing.T, dir, stream string, options ...string) string {
	t.Helper()
	cmd := exec.Command("git", append(options, "fast-import", "--quiet", "--force", "--date-format=raw")...)
	// Where memory is given back to the system after each object, and asked for again, many
	// commits take twenty times as long.
	cmd.Env = append(os.Environ(), "MALLOC_TRIM_THRESHOLD_=268435456")
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(stream)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git fast-import: %v\n%s", err, out)
	}
	return strings.TrimSuffix(string(out), "\n")
}

// Live is a bare copy of a live repository with two dataset branches. Where there is
// none beside the project, the test is skipped.
func Live(t *testing.T) string {
	t.Helper()
	bundle, ok := LiveBundle()
	if !ok {
		t.Skip("no live receipts here")
	}
	dir := t.TempDir()
	Run(t, dir, "clone", "-q", "--mirror", bundle, dir)
	return dir
}

// LiveBundle is the bundle of that repository, if it is there.
func LiveBundle() (string, bool) {
	folder, err := os.Getwd()
	for ; err == nil && filepath.Dir(folder) != folder; folder = filepath.Dir(folder) {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			break
		}
	}
	bundle := filepath.Join(folder, "..", "shared", "data", "centos-7.bundle")
	_, err = os.Stat(bundle)
	return bundle, err == nil
}
