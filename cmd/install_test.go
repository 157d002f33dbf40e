package cmd_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// TestInstall takes what has been installed for all tests, with what an earlier version
// left in it, installs again, uses what is there, and removes it again.
func TestInstall(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("install.sh is for sh")
	}
	prefix := filepath.Join(t.TempDir(), "a prefix")
	bin := filepath.Join(prefix, "bin")
	env := append(manEnviron(t, bin), manGoCaches(t)...)
	if err := linkTree(installed(t), prefix); err != nil {
		t.Fatal(err)
	}
	first := manTree(t, prefix)
	manCheckOneFile(t, bin)
	manMakeOlder(t, prefix)
	told, _ := manInstall(t, append(env, "XDG_DATA_DIRS="), 0, "--prefix", prefix)
	manCheckOneFile(t, bin)
	if second := manTree(t, prefix); !slices.Equal(second, first) {
		t.Errorf("a second installation left\n%q, want\n%q", second, first)
	}
	t.Run("version", func(t *testing.T) {
		cmd := exec.Command("git", "datapact", "--version")
		cmd.Env = env
		out, err := cmd.Output()
		if want := "git-datapact version "; err != nil || !strings.HasPrefix(string(out), want) {
			t.Errorf("git datapact --version printed %q, %v, want %q", out, err, want)
		}
	})
	t.Run("pages", func(t *testing.T) {
		pages, err := filepath.Glob("../man/*.[1-9]")
		if err != nil || len(pages) == 0 {
			t.Fatalf("Glob found %d pages, %v", len(pages), err)
		}
		for _, page := range pages {
			want := "share/man/man" + page[len(page)-1:] + "/" + filepath.Base(page)
			if !slices.Contains(first, want) {
				t.Errorf("%s is not installed", want)
			}
		}
	})
	t.Run("completion", func(t *testing.T) { manCheckCompletion(t, prefix, env, told) })
	t.Run("told", func(t *testing.T) { manCheckTold(t, prefix, env, told) })
	t.Run("uninstall", func(t *testing.T) { manCheckUninstall(t, prefix, env) })
}

// manCheckOneFile wants the commands that are installed to be one file, under all names.
func manCheckOneFile(t *testing.T, bin string) {
	t.Helper()
	front, err := os.Stat(filepath.Join(bin, "git-datapact"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range builtins(t) {
		if info, err := os.Stat(filepath.Join(bin, name)); err != nil || !os.SameFile(front, info) {
			t.Errorf("%s is not the same file as git-datapact: %v", name, err)
		}
	}
}

// manMakeOlder makes an installation that of a version with an executable for each command,
// and with a command that there is no more. Files are written anew: others have them too.
func manMakeOlder(t *testing.T, prefix string) {
	t.Helper()
	record := filepath.Join(prefix, "share", "git-datapact", "installed")
	list, err := os.ReadFile(record)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"git-datapact", "git-datapact-log", "git-datapact-store", "git-datapact-gone"} {
		path := filepath.Join(prefix, "bin", name)
		if err := os.Remove(path); err != nil && name != "git-datapact-gone" {
			t.Fatal(err)
		}
		manScript(t, path, "echo "+name+" of an earlier version")
	}
	if err := os.Remove(record); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(record, append([]byte("bin/git-datapact-gone\n"), list...), 0o666); err != nil {
		t.Fatal(err)
	}
}

// TestImage builds the image with a program that shows what it is given: of the checkout, and
// of the archive of a release.
func TestImage(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("the script is for sh")
	}
	fake, elsewhere := t.TempDir(), t.TempDir()
	engine := filepath.Join(fake, "engine")
	manScript(t, engine, `printf '%s\n' "$@" | sed '$d'
		for last; do :; done
		cd "$last" && ls && readlink resource/* && ls local/bin | grep -c '^git-datapact' && local/bin/git-datapact version
		cp -P local/bin/git-datapact resource/ && cd resource && ln -sf git-datapact check && echo '{}' | ./check 2>&1 | head -n 1`)
	env := append(manEnviron(t, fake), manGoCaches(t)...)
	build := func(args ...string) (string, error) {
		cmd := exec.Command("sh", append([]string{"../scripts/image/build"}, args...)...)
		cmd.Env = append(env, "TMPDIR="+fake)
		out, err := cmd.Output()
		return string(out), err
	}
	check := func(commands int, args ...string) {
		t.Helper()
		out, err := build(append([]string{"--engine", engine, "--base", "some/base"}, args...)...)
		want := "build\n--build-arg\nBASE=some/base\n--tag\na/tag\n--network\nhost\nDockerfile\nlocal\nresource\n" +
			strings.Repeat("/usr/local/bin/git-datapact\n", 3) + fmt.Sprintf("%d\ngit-datapact version ", commands)
		const resource = "\ngit-datapact-resource: error: request: source: want an object"
		if err != nil || !strings.HasPrefix(out, want) || !strings.Contains(out, resource) {
			t.Errorf("building with %q, the engine was given %q, %v, want %q and %q", args, out, err, want, resource)
		}
	}
	names, err := commands()
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS == "linux" { // elsewhere what is built does not run
		check(len(names)+1, "a/tag", "--network", "host")
	}
	archive := filepath.Join(elsewhere, "release.tar.gz")
	// A copy, since other tests make links to what is installed meanwhile.
	tar := exec.Command("sh", "-ec", `mkdir -p prefix/bin && cp "$0/bin/git-datapact" prefix/bin/ && tar -czf "$1" prefix/bin/git-datapact`, installed(t), archive)
	tar.Dir = elsewhere
	if out, err := tar.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", tar.Args, err, out)
	}
	check(1, "--archive", archive, "a/tag", "--network", "host")
	for _, args := range [][]string{{}, {"--engine", "no-such-engine", "tag"}, {"--base"}, {"--x", "tag"}, {"--engine", engine, "--archive", engine, "tag"}} {
		if out, err := build(args...); err == nil || out != "" {
			t.Errorf("building with %q printed %q, %v, want a failure", args, out, err)
		}
	}
	if left := manTree(t, fake); !slices.Equal(left, []string{".", "engine"}) {
		t.Errorf("the script left %q", left)
	}
}

// manCheckTold wants install.sh to have told what to add for each shell that is here, and
// installs once more where they all look below the prefix: then there is nothing to add.
func manCheckTold(t *testing.T, prefix string, env []string, told string) {
	share, fake := filepath.Join(prefix, "share"), t.TempDir()
	for shell, want := range map[string]string{
		"bash": `. "` + share + `/bash-completion/completions/git-datapact"`,
		"zsh":  `fpath=("` + share + `/zsh/site-functions" $fpath)`,
		"fish": `source "` + share + `/fish/vendor_conf.d/git-datapact.fish"`,
	} {
		if _, err := exec.LookPath(shell); err != nil {
			want = ""
		}
		if got := manTell(told, shell); got != want {
			t.Errorf("for %s install.sh told to add %q, want %q in\n%s", shell, got, want, told)
		}
	}
	data := t.TempDir()
	manScript(t, filepath.Join(fake, "zsh"), "echo '"+share+"/zsh/site-functions'")
	manScript(t, filepath.Join(fake, "fish"), "")
	if err := os.Mkdir(filepath.Join(data, "bash-completion"), 0o777); err != nil {
		t.Fatal(err)
	}
	manScript(t, filepath.Join(data, "bash-completion", "bash_completion"), "")
	env = append(env, "XDG_DATA_DIRS="+data+":"+share, "PATH="+fake+":"+filepath.Join(prefix, "bin")+":"+os.Getenv("PATH"))
	if told, _ := manInstall(t, env, 0, "--prefix", prefix); strings.Contains(told, "For completion") {
		t.Errorf("where every shell looks below the prefix, install.sh told\n%s", told)
	}
}

// manCheckUninstall removes the installation where there is no Go, and wants
// another's command to stay.
func manCheckUninstall(t *testing.T, prefix string, env []string) {
	manScript(t, filepath.Join(prefix, "bin", "git-datapact-other"), "")
	fake := t.TempDir()
	manScript(t, filepath.Join(fake, "go"), "exit 1")
	manInstall(t, append(env, "PATH="+fake+":"+os.Getenv("PATH")), 0, "--uninstall", "--prefix", prefix)
	if got, want := manTree(t, prefix), []string{".", "bin", "bin/git-datapact-other"}; !slices.Equal(got, want) {
		t.Errorf("the removal left %q, want %q", got, want)
	}
}

// TestInstallRefuses wants a reason and nothing installed where it cannot be.
func TestInstallRefuses(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("install.sh is for sh")
	}
	tests := []struct {
		name         string
		tool, answer string // of a tool that is too old
		args         []string
		status       int
		want         string
	}{
		{"old git", "git", "git version 2.35.9", nil, 1, "git 2.35.9 is too old\nhint: install git 2.36 or newer"},
		{"old Go", "go", "go1.9.2", nil, 1, "Go 1.9.2 is too old\nhint: install Go 1."},
		{"unknown argument", "", "", []string{"--force"}, 2, "unknown argument: --force\nusage: "},
		{"missing folder", "", "", []string{"--prefix"}, 2, "--prefix wants a folder\nusage: "},
		{"missing folder of a package", "", "", []string{"--stage"}, 2, "--stage wants a folder\nusage: "},
		{"removed from a package", "", "", []string{"--stage", "DIR", "--uninstall"}, 2, "--stage stands alone, without --prefix and --uninstall\nusage: "},
		{"nothing to remove", "", "", []string{"--uninstall"}, 1, "nothing is installed in "},
	}
	caches := manGoCaches(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			fake, prefix := t.TempDir(), filepath.Join(t.TempDir(), "prefix")
			if test.tool != "" {
				manScript(t, filepath.Join(fake, test.tool), "echo '"+test.answer+"'")
			}
			env := append(manEnviron(t, fake), caches...)
			_, stderr := manInstall(t, env, test.status, append([]string{"--prefix", prefix}, test.args...)...)
			if want := "install.sh: error: " + test.want; !strings.HasPrefix(stderr, want) {
				t.Errorf("install.sh said %q, want %q", stderr, want)
			}
			if _, err := os.Stat(prefix); err == nil {
				t.Errorf("install.sh made the folder")
			}
		})
	}
}

// manInstall runs install.sh from elsewhere and returns what it says on standard output,
// and on standard error, which is nothing if it succeeds.
func manInstall(t *testing.T, env []string, status int, args ...string) (string, string) {
	t.Helper()
	script, err := filepath.Abs("../install.sh")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", append([]string{script}, args...)...)
	cmd.Dir, cmd.Env = t.TempDir(), env
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	if got := cmd.ProcessState.ExitCode(); got != status || status == 0 && stderr.Len() > 0 {
		t.Fatalf("install.sh %q ended with %v, want status %d\n%s%s", args, err, status, &stdout, &stderr)
	}
	if status != 0 && stdout.Len() > 0 {
		t.Errorf("install.sh %q printed %q, want nothing", args, &stdout)
	}
	return stdout.String(), stderr.String()
}

// manGoCaches keep a build quick that has a home folder of its own.
func manGoCaches(t *testing.T) []string {
	t.Helper()
	env, err := goCaches()
	if err != nil {
		t.Fatal(err)
	}
	return env
}

// manScript writes an executable script.
func manScript(t *testing.T, path, script string) {
	t.Helper()
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o777); err != nil {
		t.Fatal(err)
	}
}

// manTree lists everything in a folder.
func manTree(t *testing.T, folder string) []string {
	t.Helper()
	var paths []string
	err := fs.WalkDir(os.DirFS(folder), ".", func(path string, _ fs.DirEntry, err error) error {
		paths = append(paths, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}
