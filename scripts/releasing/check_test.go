package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestCheckArchive changes an archive that lacks only an executable, in one way each, and wants
// to be told.
func TestCheckArchive(t *testing.T) {
	const program, link, page = "bin/git-datapact", "bin/git-datapact-log", "share/man/man1/git-datapact.1"
	for want, change := range map[string]func(folder string) error{
		`lacks ["` + program + `"]`:                 func(string) error { return nil },
		`lacks ["` + program + `" "` + link + `"]`:  func(folder string) error { return os.Remove(filepath.Join(folder, link)) },
		"/notes is not installed":                   func(folder string) error { return os.WriteFile(filepath.Join(folder, "notes"), nil, 0o666) },
		"is not man/git-datapact.1 of the checkout": func(folder string) error { return os.WriteFile(filepath.Join(folder, page), nil, 0o666) },
		"its mode is -rwxr-xr-x, want -rw-r--r--":   func(folder string) error { return os.Chmod(filepath.Join(folder, page), 0o755) },
		`a link to "git", want "git-datapact"`: func(folder string) error {
			link := filepath.Join(folder, link)
			return errors.Join(os.Remove(link), os.Symlink("git", link))
		},
		"git-datapact: unrecognized file format": func(folder string) error {
			return os.WriteFile(filepath.Join(folder, program), []byte("text"), 0o777)
		},
		"was built of " + modulePath + "/scripts/releasing for ": func(folder string) error {
			self, err := os.Executable()
			if err != nil {
				return err
			}
			data, err := os.ReadFile(self)
			return errors.Join(err, os.WriteFile(filepath.Join(folder, program), data, 0o777))
		},
	} {
		p := platform{"linux", "amd64"}
		r := checkedRelease(t, p)
		if err := errors.Join(change(r.stage(p)), archive(r.stage(p), filepath.Join(r.out, r.archiveName(p)), time.Unix(1, 0))); err != nil {
			t.Fatal(err)
		}
		if err := r.checkArchive(p, &bill{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("checkArchive = %v, want %s", err, want)
		}
	}
}

// checkedRelease is a release of a small checkout, with all but the executable staged.
func checkedRelease(t *testing.T, p platform) *release {
	t.Helper()
	r := &release{version: "0.2.0", root: t.TempDir(), out: t.TempDir(), work: t.TempDir()}
	place := func(file, text string) {
		t.Helper()
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o777), os.WriteFile(file, []byte(text), 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	place(filepath.Join(r.root, "man", "git-datapact.1"), "page")
	place(filepath.Join(r.root, "cmd", "git-datapact-log", "main.go"), "program")
	all, err := r.installed(p)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range all {
		file := filepath.Join(r.stage(p), name)
		switch {
		case want.text != "":
			place(filepath.Join(r.root, want.text), want.text)
			place(file, want.text)
		case want.link != "":
			if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o777), os.Symlink(want.link, file)); err != nil {
				t.Fatal(err)
			}
		}
	}
	return r
}
