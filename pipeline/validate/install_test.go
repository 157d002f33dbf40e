package validate_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/gitcmd/gittest"
	"github.com/git-datapact/git-datapact/pipeline/validate"
)

func writeHook(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o777); err != nil {
		t.Fatal(err)
	}
}

func setHook(t *testing.T, dir string, hook validate.Hook) (string, error) {
	t.Helper()
	path, err := executable()
	if err != nil {
		t.Fatal(err)
	}
	repository := gitcmd.Open(dir)
	defer repository.Close()
	return validate.Install(t.Context(), repository, hook, path)
}

// What was there goes on working by its own name and place.
func TestEarlierHooksKeepTheirNames(t *testing.T) {
	for name, hook := range map[string]string{
		"beside":   "#!/bin/sh\nexec \"$0.d/check\" \"$@\"\n",
		"gitea":    "#!/usr/bin/env bash\nset -u\nfor hook in \"$(dirname \"$0\")/$(basename \"$0\").d\"/*; do \"$hook\" || exit; done\n",
		"strict":   "#!/bin/sh -e\n\"$(dirname \"$0\")/${0##*/}.d/check\"\nexit 0\n",
		"set -e":   "#!/bin/sh\nset -e\n\"$0.d/check\"\necho after\n",
		"returned": "#!/bin/bash\ncheck() { \"$0.d/check\"; }\ncheck || exit 3\nexit 0\n",
	} {
		t.Run(name, func(t *testing.T) {
			dir := gittest.New(t)
			path := filepath.Join(dir, ".git/hooks/pre-commit")
			writeHook(t, path, hook)
			writeHook(t, path+".d/check", "#!/bin/sh\necho checked >&2\n[ ! -e refuse ]\n")
			for range 2 { // the second brings ours up to date
				if _, err := setHook(t, dir, validate.PreCommit); err != nil {
					t.Fatal(err)
				}
			}
			commit := func() (string, error) {
				cmd := exec.Command("git", "commit", "--allow-empty", "-m", "x")
				cmd.Dir = dir
				out, err := cmd.CombinedOutput()
				return string(out), err
			}
			if out, err := commit(); err != nil || !strings.Contains(out, "checked") {
				t.Errorf("a commit that the check allows: %v\n%s", err, out)
			}
			writeHook(t, filepath.Join(dir, "refuse"), "")
			if out, err := commit(); err == nil || !strings.Contains(out, "checked") || strings.Contains(out, "after") {
				t.Errorf("a commit that the check refuses: %v\n%s", err, out)
			}
		})
	}
}

// What cannot go on so is left alone, and the error says what to add.
func TestInstallRefuses(t *testing.T) {
	for name, prepare := range map[string]func(t *testing.T, dir string) (changed string){
		"a program": func(t *testing.T, dir string) string {
			writeHook(t, filepath.Join(dir, ".git/hooks/pre-push"), "#!/usr/bin/env python3\nimport sys\n")
			return filepath.Join(dir, ".git/hooks")
		},
		"a script that asks bash": func(t *testing.T, dir string) string {
			writeHook(t, filepath.Join(dir, ".git/hooks/pre-push"), "#!/bin/bash\n. \"${BASH_SOURCE[0]}.lib\"\n")
			return filepath.Join(dir, ".git/hooks")
		},
		"a folder elsewhere": func(t *testing.T, dir string) string {
			folder := t.TempDir()
			gittest.Run(t, dir, "config", "core.hooksPath", folder)
			return folder
		},
		"a folder elsewhere that is not there yet": func(t *testing.T, dir string) string {
			folder := t.TempDir()
			gittest.Run(t, dir, "config", "core.hooksPath", filepath.Join(folder, "hooks"))
			return folder
		},
		"a link to a folder elsewhere": func(t *testing.T, dir string) string {
			folder := t.TempDir()
			if err := os.RemoveAll(filepath.Join(dir, ".git/hooks")); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(folder, filepath.Join(dir, ".git/hooks")); err != nil {
				t.Skip(err)
			}
			return folder
		},
		"husky": func(t *testing.T, dir string) string {
			gittest.Run(t, dir, "config", "core.hooksPath", ".husky/_")
			writeHook(t, filepath.Join(dir, ".husky/_/h"), "")
			writeHook(t, filepath.Join(dir, ".husky/_/pre-push"), "#!/usr/bin/env sh\n. \"$(dirname \"$0\")/h\"\n")
			return filepath.Join(dir, ".husky")
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := gittest.New(t)
			folder := prepare(t, dir)
			before := listing(t, folder)
			path, err := setHook(t, dir, validate.PrePush)
			if err == nil || !strings.Contains(gitcmd.Hint(err), `git-datapact-validate --hook pre-push -- "$@"`) {
				t.Errorf("Install = %q, %v, hint %q", path, err, gitcmd.Hint(err))
			}
			if after := listing(t, folder); after != before {
				t.Errorf("before %s, after %s", before, after)
			}
		})
	}
}

// listing is the files of a folder with their contents.
func listing(t *testing.T, folder string) string {
	t.Helper()
	var out strings.Builder
	err := filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			data, err := os.ReadFile(path)
			out.WriteString(path + ": " + string(data))
			return err
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// A hook that stayed without its executable says how to be rid of it.
func TestHookWithoutExecutable(t *testing.T) {
	dir := gittest.New(t)
	repository := gitcmd.Open(dir)
	defer repository.Close()
	path, err := validate.Install(t.Context(), repository, validate.PreCommit, "/nowhere/git-datapact-validate")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", "/usr/bin:/bin")
	if _, err := exec.LookPath("git-datapact-validate"); err == nil {
		t.Skip("git-datapact is installed for everybody")
	}
	cmd := exec.Command("git", "commit", "--allow-empty", "-m", "x")
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "take the hook out: rm '") {
		t.Errorf("commit: %v\n%s", err, out)
	}
	change, err := validate.Uninstall(t.Context(), repository, validate.PreCommit)
	if err != nil || change.Path != path || !strings.Contains(change.Text, "taken out") {
		t.Errorf("Uninstall = %+v, %v", change, err)
	}
	change, err = validate.Uninstall(t.Context(), repository, validate.PreCommit)
	if err != nil || change.Path != "" || !strings.Contains(change.Text, "left as it is") {
		t.Errorf("Uninstall again = %+v, %v", change, err)
	}
}

// A hook that all repositories of a machine share refuses nothing where no datasets are.
func TestHookLeavesOtherRepositoriesAlone(t *testing.T) {
	dir := gittest.New(t)
	repository := gitcmd.Open(dir)
	defer repository.Close()
	b := &bench{t: t, clone: dir}
	check := func(commit string) (int, error) {
		line := "refs/heads/x " + commit + " refs/heads/x 0000000000000000000000000000000000000000\n"
		found := 0
		_, err := validate.PrePush.Run(t.Context(), repository, nil, strings.NewReader(line), validate.Options{Visit: func(validate.Finding) error {
			found++
			return nil
		}})
		return found, err
	}
	site := b.make("", job(`{"schedule": "hourly"}`), file("result/table.csv", "1"), file("result/notes/README", "x"))
	if found, err := check(site); err != nil || found != 0 {
		t.Errorf("a repository without datasets: %d findings, %v", found, err)
	}
	if found, err := check(b.make("", job(`{"schedule": "hourly"}`), put(sample("x", began)))); err != nil || found == 0 {
		t.Errorf("a dataset: %d findings, %v", found, err)
	}
}
