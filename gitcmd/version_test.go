package gitcmd

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/git-datapact/git-datapact/gitcmd/gittest"
)

// TestOldGit: a git that does not know what it is asked is told by its version, if that is
// too old.
func TestOldGit(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the old git is a shell script")
	}
	real, err := exec.LookPath("git")
	if err != nil {
		t.Fatal(err)
	}
	dir := gittest.New(t)
	gittest.Run(t, dir, "commit", "-q", "--allow-empty", "-m", "start")
	bin := t.TempDir()
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	for said, want := range map[string]string{
		"2.30.2":      "git 2.30.2 is too old: git-datapact needs git 2.36 or later",
		"1.9.1.rc2":   "git 1.9.1.rc2 is too old: git-datapact needs git 2.36 or later",
		"2.36.0":      "unknown option",
		"3.0.windows": "unknown option",
	} {
		// It answers as git 2.30 does to what that does not know.
		script := fmt.Sprintf("#!/bin/sh\ncase \"$*\" in\nversion) echo 'git version %s' ;;\n"+
			"rev-parse*--path-format*) printf 'false\\nsha1\\n--show-ref-format\\nfalse\\n--path-format=absolute\\n.git\\n.git\\n%%s\\n' \"$PWD\" ;;\n"+
			"*cat-file*) echo 'error: unknown option `batch-command'\\''' >&2; exit 129 ;;\n*) exec '%s' \"$@\" ;;\nesac\n", said, real)
		if err := os.WriteFile(filepath.Join(bin, "git"), []byte(script), 0o777); err != nil {
			t.Fatal(err)
		}
		r := Open(dir)
		_, err := r.Object(t.Context(), "HEAD")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Object by git %s: %v, want %q", said, err, want)
		}
		if _, err := r.GitDir(t.Context()); err == nil || want != "unknown option" && err.Error() != want {
			t.Errorf("GitDir by git %s: %v, want an error such as %q", said, err, want)
		}
		_ = r.Close()
	}
}
