package cmd_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// An exampleShell is a folder of its own with files, in which scripts run.
type exampleShell struct {
	*testing.T
	dir, bin string
	environ  []string
}

func newExampleShell(t *testing.T, bin string, files map[string]string) *exampleShell {
	t.Helper()
	s := &exampleShell{T: t, dir: t.TempDir(), bin: bin, environ: manEnviron(t, bin)}
	for name, text := range files {
		path := filepath.Join(s.dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// run runs a script, and returns what it prints on both streams.
func (s *exampleShell) run(script string) string {
	s.Helper()
	cmd := exec.Command("sh", "-euc", script)
	cmd.Dir, cmd.Env = s.dir, s.environ
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.Fatalf("%s\n%v\n%s", script, err, out)
	}
	return string(out)
}

// unsteady is what differs from run to run: commits, times, and how long ago they were.
var unsteady = regexp.MustCompile(`\bcommit +[0-9a-f]{40}\b|\([0-9a-f]{12}\)|\d{4}-\d\d-\d\dT[0-9:]+Z|\d+ (?:seconds?|minutes?) ago|\bnow\b`)

// turn waits for the next second, in which what is recorded is newer than all before, as it
// is where people read between the displays.
const turn = "until test \"$(date +%s)\" -gt \"${turned:-0}\"; do sleep 0.1; done; turned=$(date +%s)\n"

// prints runs the commands of displays in one shell, with a folder in the place of the one
// that the displays name, and wants each display in a later second than the one before. It
// wants what is printed, but for what is never the same twice.
func (s *exampleShell) prints(named, folder string, displays ...string) {
	s.Helper()
	var script, want strings.Builder
	script.WriteString("set +e\n") // status answers that something is due; what fails prints something else
	for _, display := range displays {
		script.WriteString(turn)
		for _, step := range steps(display) {
			want.WriteString("\n" + step.typed + step.printed)
			fmt.Fprintf(&script, "printf '\\n%%s' '%s'\n%s", strings.ReplaceAll(step.typed, "'", `'\''`), step.command)
		}
	}
	got := strings.ReplaceAll(s.run(strings.ReplaceAll(script.String(), named, folder)), folder, named)
	if got, want := unsteady.ReplaceAllString(got, "…"), unsteady.ReplaceAllString(want.String(), "…"); got != want {
		s.Errorf("the commands print\n%s\nwant\n%s", got, want)
	}
}

// A step is one command of a display.
type step struct {
	typed   string // with the prompts
	command string
	printed string
}

// steps are those of a display: a command stands after "$ ", and goes on after "> " as long
// as nothing is printed.
func steps(display string) []step {
	list := []step{{}} // what stands before any command, which nothing prints
	for line := range strings.Lines(display) {
		last := &list[len(list)-1]
		command, begins := strings.CutPrefix(line, "$ ")
		more, goesOn := strings.CutPrefix(line, "> ")
		switch {
		case begins:
			list = append(list, step{typed: line, command: command})
		case goesOn && last.printed == "" && last.command != "":
			last.typed, last.command = last.typed+line, last.command+more
		default:
			last.printed += line
		}
	}
	return slices.DeleteFunc(list, func(s step) bool { return s == step{} })
}
