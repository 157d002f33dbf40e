//go:build unix

package gitcmd

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/git-datapact/git-datapact/gitcmd/gittest"
)

func modeOf(t *testing.T, elem ...string) fs.FileMode {
	t.Helper()
	info, err := os.Stat(filepath.Join(elem...))
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode()
}

// TestSharing compares what is made here with what git makes: a ref, a folder of refs,
// and a hook of the template.
func TestSharing(t *testing.T) {
	gittest.FilesOfRefs(t)
	template := t.TempDir()
	if err := os.WriteFile(filepath.Join(template, "program"), nil, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, shared := range []string{"umask", "group", "true", "all", "2", "0640", "0600", "false"} {
		for _, umask := range []int{0o022, 0o077} {
			dir := gittest.New(t, "--bare", "--template=")
			gittest.Run(t, dir, "config", "core.sharedRepository", shared)
			commit := gittest.Run(t, dir, "commit-tree", "-m", "x", gittest.Run(t, dir, "hash-object", "-w", "-t", "tree", os.DevNull))
			old := syscall.Umask(umask)
			gittest.Run(t, dir, "update-ref", "refs/heads/above/below", commit)
			gittest.Run(t, dir, "init", "-q", "--bare", "--template", template)
			repository := Open(dir)
			sharing, err := repository.Sharing(t.Context())
			err = errors.Join(err, sharing.MkdirAll(filepath.Join(dir, "datapact", "deep")),
				sharing.WriteFile(filepath.Join(dir, "datapact", "file"), []byte("text")),
				sharing.MkdirAll(filepath.Join(dir, "datapact", "deep")))
			lock, lockErr := sharing.Lock(filepath.Join(dir, "datapact", "lock"))
			syscall.Umask(old)
			if err = errors.Join(err, lockErr, lock.Lock(), lock.Close(), repository.Close()); err != nil {
				t.Fatal(err)
			}
			folder, file := modeOf(t, dir, "refs", "heads", "above"), modeOf(t, dir, "refs", "heads", "above", "below")
			for name, want := range map[string]fs.FileMode{"": folder, "deep": folder, "file": file, "lock": file} {
				if got := modeOf(t, dir, "datapact", name); got != want {
					t.Errorf("core.sharedRepository %s, umask %03o: %q has the mode %v, what git makes %v", shared, umask, name, got, want)
				}
			}
			gits := modeOf(t, dir, "program")
			program := filepath.Join(dir, "datapact", "file")
			if err := errors.Join(os.Chmod(program, 0o777&^fs.FileMode(umask)), sharing.Share(program)); err != nil {
				t.Fatal(err)
			}
			if got := modeOf(t, program); got != gits {
				t.Errorf("core.sharedRepository %s, umask %03o: a program has the mode %v, what git makes %v", shared, umask, got, gits)
			}
		}
	}
}

func TestSharingKeepsWhatIsThere(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "file")
	if err := os.WriteFile(name, []byte("longer than what comes"), 0o600); err != nil {
		t.Fatal(err)
	}
	sharing, err := parseSharing("group")
	if err != nil {
		t.Fatal(err)
	}
	if err := sharing.WriteFile(name, []byte("new")); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(name)
	if string(data) != "new" || err != nil || modeOf(t, name) != 0o600 {
		t.Errorf("the file holds %q, %v, with mode %v", data, err, modeOf(t, name))
	}
	if _, err := sharing.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL); !errors.Is(err, fs.ErrExist) {
		t.Errorf("OpenFile of a new file that is there = %v", err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(filepath.Join(dir, "none"), link); err != nil {
		t.Fatal(err)
	}
	if _, err := sharing.OpenFile(link, os.O_RDWR|os.O_CREATE); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("OpenFile of a link to nothing = %v", err)
	}
	if err := sharing.MkdirAll(filepath.Join(name, "below")); err == nil {
		t.Error("MkdirAll below a file = nil")
	}
	for _, text := range []string{"0440", "0066", "7"} {
		if _, err := parseSharing(text); err == nil {
			t.Errorf("parseSharing(%q) = nil, want an error", text)
		}
	}
}

func TestDeniedHint(t *testing.T) {
	dir := gittest.New(t, "--bare")
	below := filepath.Join(dir, "datapact", "logs")
	err := DeniedHint(&fs.PathError{Op: "mkdir", Path: below, Err: syscall.EACCES})
	if hint := Hint(err); !strings.HasPrefix(hint, dir+" belongs to ") || !strings.Contains(hint, "core.sharedRepository") {
		t.Errorf("the hint is %q", hint)
	}
	outside := t.TempDir()
	err = DeniedHint(&fs.PathError{Op: "open", Path: outside, Err: syscall.EACCES})
	if hint := Hint(err); !strings.HasPrefix(hint, outside+" belongs to ") || strings.Contains(hint, "core.sharedRepository") {
		t.Errorf("the hint outside of a repository is %q", hint)
	}
	if err := DeniedHint(&fs.PathError{Op: "openat", Path: "file", Err: syscall.EACCES}); Hint(err) != "" {
		t.Errorf("the hint of a file in a folder that is not told is %q", Hint(err))
	}
	if err := DeniedHint(&fs.PathError{Op: "stat", Path: "file", Err: syscall.EACCES}); Hint(err) == "" {
		t.Error("there is no hint about a file in the working directory")
	}
	if err := DeniedHint(&fs.PathError{Op: "open", Path: outside, Err: syscall.ENOENT}); Hint(err) != "" {
		t.Errorf("an error of another kind has the hint %q", Hint(err))
	}
}

func TestOwnersHint(t *testing.T) {
	dir := gittest.New(t, "--bare")
	for stderr, want := range map[string]string{
		"fatal: detected dubious ownership in repository at '/r'\nTo add an exception for this directory, call:\n\n\tgit config --global --add safe.directory /r\n":      "run: git config --global --add safe.directory /r",
		"fatal: unsafe repository ('/r' is owned by someone else)\nTo add an exception for this directory, call:\n\n\tgit config --global --add safe.directory '/r s'\n": "run: git config --global --add safe.directory '/r s'",
		"error: insufficient permission for adding an object to repository database ./objects\nfatal: failed to write object\n":                                          "git config core.sharedRepository group",
		"fatal: cannot lock ref 'refs/heads/x': Unable to create '" + dir + "/refs/heads/x.lock': Permission denied\n":                                                   dir + "/refs/heads belongs to",
		"git@example.org: Permission denied (publickey).\nfatal: Could not read from remote repository.\n":                                                               "",
		"fatal: detected something else": "",
	} {
		if hint := Hint(ownersHint(&ExecError{Command: "x", Stderr: stderr})); want == "" && hint != "" || !strings.Contains(hint, want) {
			t.Errorf("%q has the hint %q, want %q", stderr, hint, want)
		}
	}
}
