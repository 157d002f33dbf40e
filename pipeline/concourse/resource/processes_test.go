package resource_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// watchGit has the programs of a world start git through one that writes down what it is
// told. The result counts the processes since it was called last, and those among them
// that talk to the server.
func (w *world) watchGit() (*world, func() (processes, talks int)) {
	w.t.Helper()
	git, err := exec.LookPath("git")
	if err != nil {
		w.t.Fatal(err)
	}
	log := filepath.Join(w.dir, "started")
	dir := w.build("git", fmt.Sprintf("#!/bin/sh\necho \"$*\" >>'%s'\nexec '%s' \"$@\"\n", log, git))
	if err := os.Chmod(filepath.Join(dir, "git"), 0o755); err != nil {
		w.t.Fatal(err)
	}
	return w.with("PATH=" + dir + ":" + os.Getenv("PATH")), func() (processes, talks int) {
		w.t.Helper()
		text := readFile(w.t, log)
		if err := os.Remove(log); err != nil {
			w.t.Fatal(err)
		}
		for line := range strings.Lines(text) {
			processes++
			words := strings.Fields(line)
			for _, command := range []string{"fetch", "ls-remote", "push"} {
				if words[0] == command || words[0] == "-c" && words[2] == command {
					talks++
				}
			}
		}
		w.t.Logf("%s", text)
		return processes, talks
	}
}

// TestProcesses bounds the git processes of each kind of request: Concourse asks often.
func TestProcesses(t *testing.T) {
	w := diamond(t, 1)
	w, started := w.watchGit()
	want := func(what string, processes, talks int) {
		t.Helper()
		if p, n := started(); p > processes || n > talks {
			t.Errorf("%s started git %d times, %d of them to talk to the server, want at most %d and %d", what, p, n, processes, talks)
		}
	}
	first := w.check("src", nil, nil)[0]
	want("the first check", 4, 2)
	second := w.out("src", w.seeded("more"), nil)
	want("out", 9, 3)
	w.check("src", &first, nil)
	want("a check that finds something", 4, 2)
	w.check("src", &second.Version, nil)
	want("a check that finds nothing", 3, 1)
	w.with("XDG_CACHE_HOME="+filepath.Join(w.dir, "cold")).check("src", &second.Version, nil)
	want("a check without a clone", 4, 2)
	w.in("src", second.Version, nil)
	want("in", 4, 3)

	v := w.due("a", nil)[0]
	want("the first check of a plan", 6, 3)
	w.due("a", v)
	want("a check of a plan that finds nothing", 1, 1)
	_, left := w.bring("a", v, nil)
	want("in of a plan", 4, 1)
	a := w.out("a", w.build("result/x", "x"), object{"plan": left})
	want("out of a plan", 9, 3)
	w.due("a", v)
	want("a check of a plan that finds something", 10, 2)
	w.execute("b", w.due("b", nil)[0])
	started()
	w.bring("ab", w.due("ab", nil)[0], nil)
	want("check and in of a plan of four branches", 19, 5)
	input := object{"branch": "src", "result": second.Version.Receipt}
	w.out("a", w.build("result/y", "y"), object{"input": []any{input}})
	want("out that is told its input", 9, 3)
	w.with("XDG_CACHE_HOME="+filepath.Join(w.dir, "cold")).check("a", &a.Version, nil)
	want("a check without a clone that finds something", 6, 3)
}
