//go:build race

package cmd_test

import (
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// concurrent are the commands that do several things at once, each with a script that
// has it do them.
var concurrent = map[string]string{
	"git-datapact-cat": "basic", "git-datapact-fetch": "round-trip-default", "git-datapact-gc": "basic", "git-datapact-record": "parallel",
	"git-datapact-resource": "basic", "git-datapact-run": "chain", "git-datapact-verify": "flipped",
}

// TestRaces runs one script of each concurrent command with executables that have the race
// detector, as the test has. A process with it takes a tenth of a second more to start,
// which is most of the time that a short one takes, so that the other scripts go without.
// What the commands are made of has race tests of its own. No script of these has a bucket:
// the libraries of the clouds would take minutes to compile with the race detector.
func TestRaces(t *testing.T) {
	bin := t.TempDir()
	if err := build(bin, nil, "-race"); err != nil {
		t.Fatal(err)
	}
	run := runScripts(t, bin)
	for command, script := range concurrent {
		t.Run(command, func(t *testing.T) {
			run(t, testscript.Params{Files: []string{filepath.Join(command, "testdata", "script", script+".txtar")}})
		})
	}
}
