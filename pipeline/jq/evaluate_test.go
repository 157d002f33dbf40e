package jq

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// filesTree is a strict tree of files in memory.
func filesTree(files map[string]string) Tree {
	return Tree{Prefix: "b:", Strict: true, Read: func(_ context.Context, path string) ([]byte, error) {
		text, ok := files[path]
		if !ok {
			return nil, fs.ErrNotExist
		}
		return []byte(text), nil
	}}
}

func TestUnsetVariables(t *testing.T) {
	t.Setenv("SET", "value")
	tests := []struct {
		program string
		want    string // lines of the error, "" for none
	}{
		{`env.SET + $ENV.SET + env["SET"] + $ENV["SET"] + env."SET"`, ""},
		{`env.NO_A`, "b:f:1: environment variable NO_A is not set"},
		{"# env.NO_A\n\n{a: $ENV.NO_A,\n b: env[\"NO_B\"], c: $ENV.\"NO_C\",\n d: \"x\\(env .NO_D)y\\(\n\"z\" + ($ENV [ \"NO_E\" ]))\"}",
			"b:f:3: environment variable NO_A is not set\nb:f:4: environment variable NO_B is not set\nb:f:4: environment variable NO_C is not set\n" +
				"b:f:5: environment variable NO_D is not set\nb:f:6: environment variable NO_E is not set"},
		{"\"env.NO_A\",\n{env: 1, x: {env: {NO_A: 1}}.env.NO_A,\n y: env.NO_A}", "b:f:3: environment variable NO_A is not set"},
		{"env.NO_A // 1,\nenv.NO_A", "b:f:2: environment variable NO_A is not set"},
		{`(env.NO_A | ascii_downcase) // "x"`, ""},
		{`env.NO_A // env.NO_B // "x"`, ""},
		{`env.NO_A // env.NO_B`, "b:f:1: environment variable NO_B is not set"},
		{`env.SET // env.NO_B`, ""},
		{`(env.SET | ltrimstr("v")) // env.NO_B`, "b:f:1: environment variable NO_B is not set"},
		{`env.NO_A as $a | reduce env.NO_B as $b (env.NO_C; env.NO_D) | foreach 1 as [$x] (env.NO_E; 1; env.NO_F) | if env.NO_G then env.NO_H elif env.NO_I then 1 else env.NO_J end | try env.NO_K catch env.NO_L | f(-env.NO_M)`,
			"A B C D E F G H I J K L M"},
		{`def f: env.NO_A; {} | .[env.NO_B], .[env.NO_C:env.NO_D], @base64 "\(env.NO_E)", label $out | env.NO_F, (. as {(env.NO_G): $x} | $x)`, "A B C D E F G"},
		{"include \"m\"; import \"d\" as $d;\nenv.NO_A", "b:m.jq:2: environment variable NO_M is not set\nb:d.json:1: environment variable NO_D is not set\nb:f:2: environment variable NO_A is not set"},
	}
	for _, test := range tests {
		_, err := filesTree(map[string]string{"f": test.program, "m.jq": "def m:\n env.NO_M;", "d.json": "{x: env.NO_D}"}).Evaluate(t.Context(), "f")
		got := ""
		if err != nil {
			got = err.Error()
		}
		want := test.want
		if !strings.Contains(want, ":") && want != "" {
			var lines []string
			for name := range strings.FieldsSeq(want) {
				lines = append(lines, "b:f:1: environment variable NO_"+name+" is not set")
			}
			want = strings.Join(lines, "\n")
		}
		if want != "" && !sameLines(got, want) || want == "" && strings.Contains(got, "not set") {
			t.Errorf("evaluating %s: %s\nwant %s", test.program, got, want)
		}
	}
}

// sameLines compares lines without their order. What cannot be compiled may add
// one.
func sameLines(got, want string) bool {
	for line := range strings.SplitSeq(want, "\n") {
		if !strings.Contains(got+"\n", line+"\n") {
			return false
		}
	}
	return strings.Count(got, "not set") == strings.Count(want, "not set")
}

// A program whose steps are many, or large, or endless, ends soon, and before it
// has used the memory of the machine. Each runs in a process of its own, so that its
// memory can be told: twice, one after the other, if it is soon done.
func TestBoundsOfPrograms(t *testing.T) {
	if program := os.Getenv("PIPELINE_TEST_PROGRAM"); program != "" {
		var err error
		for begun, tries := time.Now(), 0; tries < 2 && time.Since(begun) < time.Second; tries++ {
			_, err = filesTree(map[string]string{"f": program}).Evaluate(t.Context(), "f")
		}
		os.Stdout.WriteString("error: " + err.Error() + "\n")
		os.Exit(0)
	}
	tests := []struct{ name, program, want string }{
		{"range", `[range(1e9)]`, "uses more than 256 MiB of memory"},
		{"repeat", `[limit(1e8; repeat("xxxxxxxx"))]`, "uses more than 256 MiB of memory"},
		{"text", `"x" * 2e9`, "uses more than 256 MiB of memory"},
		{"text doubled", `reduce range(40) as $i ("x"; . + .) | length`, "uses more than 256 MiB of memory"},
		{"index", `null | .[500000000] = 1`, "uses more than 256 MiB of memory"},
		{"one list many times, as text", `reduce range(64) as $i (["x"]; [., .]) | tojson`, "uses more than 256 MiB of memory"},
		{"one list many times, in an error", `["x"]` + strings.Repeat(" | [., .]", 64) + ` | error`, "error: a value that is too large to be shown"},
		{"one text many times", `("x" * 4e6) as $s | [range(2000) | $s] | add`, "uses more than 256 MiB of memory"},
		{"texts of one text", `"x" * 1e8 | split("")`, "uses more than 256 MiB of memory"},
		{"light", `def f: [f, f]; f`, "uses more than 256 MiB of memory"},
		{"one list many times", `reduce range(64) as $i (["x"]; [., .])`, "has a value that is larger than 4 MiB"},
		{"recursion", `def f: [f]; f`, "uses more than 256 MiB of memory"},
		{"value", `"x" * 5e6`, "has a value that is larger than 4 MiB"},
		{"depth", `reduce range(101) as $i (1; [.])`, "has a value that is nested deeper than 100"},
		{"number", `[nan]`, "has a number that is not finite"},
		{"terms", `[` + strings.Repeat("1,", 200_000) + `1]`, "more than 100000 terms within each other or in a row"},
		{"brackets", strings.Repeat("[", 150_000) + strings.Repeat("]", 150_000), "more than 100000 terms within each other or in a row"},
		{"a single step", `reduce range(64) as $i (["x"]; [., .]) | . as $a | reduce range(64) as $i (["x"]; [., .]) | . == $a`, "took longer than 10s"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if len(test.program) > 100_000 { // one at a time: they use the memory of this process
				_, err := filesTree(map[string]string{"f": test.program}).Evaluate(t.Context(), "f")
				if err == nil || err.Error() != "b:f: "+test.want {
					t.Errorf("evaluate = %v, want %s", err, test.want)
				}
				return
			}
			t.Parallel()
			cmd := exec.Command(os.Args[0], "-test.run=^TestBoundsOfPrograms$")
			cmd.Env = append(os.Environ(), "PIPELINE_TEST_PROGRAM="+test.program)
			out, err := cmd.CombinedOutput()
			got := strings.TrimPrefix(string(out), "error: b:f: ")
			if strings.Contains(test.want, "memory") { // on a busy machine the time is over first
				got = strings.Replace(got, errSlow.Error(), errHungry.Error(), 1)
			}
			if err != nil || got != test.want+"\n" {
				t.Errorf("evaluating prints %.300q, %v, want %s", got, err, test.want)
			}
			if used := resident(cmd.ProcessState); used > 1<<30 {
				t.Errorf("evaluating used %d MiB", used>>20)
			}
			if took := cmd.ProcessState.UserTime(); took > 2*maxEvaluation+10*time.Second {
				t.Errorf("evaluating took %v", took)
			}
		})
	}
}

// What jq was working on when it failed is told to nobody.
func TestErrorsTellNoSecret(t *testing.T) {
	t.Setenv("SECRET", `s3cr)t"s3cr ...]t`)
	for _, program := range []string{
		`env.SECRET + 1`, `[env.SECRET] + 1`, `{a: [env.SECRET, "0123456789012345678901234567890"]} + env.SECRET`, `env.SECRET | .[[1]]`,
		`env.SECRET | ltrimstr(1) | fromjson`, `env.SECRET | .a`, `[1] | join(env.SECRET) | {} + .`, `env.SECRET | test("(")`,
		`["0123456789012345678901234567890"] + env.SECRET`, `env.SECRET | strptime("%Y")`, `env.SECRET * -1 | keys`,
	} {
		_, err := filesTree(map[string]string{"f": program}).Evaluate(t.Context(), "f")
		if err == nil || strings.Contains(err.Error(), "s3cr") {
			t.Errorf("evaluating %s: %v", program, err)
		}
	}
	_, err := filesTree(map[string]string{"f": `error("my words")`}).Evaluate(t.Context(), "f")
	if err == nil || err.Error() != `b:f: error: my words` {
		t.Errorf("evaluating error: %v", err)
	}
	_, err = filesTree(map[string]string{"f": `{} + "x"`}).Evaluate(t.Context(), "f")
	if err == nil || err.Error() != `b:f: cannot add: object ({}) and string ("…")` {
		t.Errorf("evaluating a sum: %v", err)
	}
}

func TestEvaluationIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := filesTree(map[string]string{"f": "def f: f; f"}).Evaluate(ctx, "f"); !errors.Is(err, context.Canceled) {
		t.Errorf("evaluate = %v, want that it was cancelled", err)
	}
}

func TestFolderTree(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("symbolic links need rights")
	}
	dir := t.TempDir()
	top := filepath.Join(dir, "top")
	for name, text := range map[string]string{
		"top/ok": `include "m" {"search": "lib"}; [m, (import_me)]`, "top/lib/m.jq": `def m: "module"; def import_me: 1;`,
		"top/out": `include "linked"; 1`, "outside.jq": `def x: 1;`, "top/above": `include "outside" {"search": ".."}; 1`,
		"top/in": `include "inner"; m`,
	} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte(text), 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	err := errors.Join(os.Symlink("../outside.jq", filepath.Join(top, "linked.jq")), os.Symlink("lib/m.jq", filepath.Join(top, "inner.jq")))
	if err != nil {
		t.Fatal(err)
	}
	value, err := Folder(top, "p/").Evaluate(t.Context(), "ok")
	if diff := cmp.Diff([]any{"module", 1}, value); diff != "" || err != nil {
		t.Errorf("evaluate = %v, %v", value, err)
	}
	if value, err := Folder(top, "").Evaluate(t.Context(), "in"); err != nil || value != "module" {
		t.Errorf("evaluate with a link within = %v, %v", value, err)
	}
	for file, want := range map[string]string{
		"out": "p/out: p/linked.jq: path escapes from parent", "above": `p/above: module "../outside.jq" leaves the tree it is included from`,
		"lib": "p/lib: not a file", "none": "file p/none: file does not exist",
	} {
		if _, err := Folder(top, "p/").Evaluate(t.Context(), file); err == nil || err.Error() != want {
			t.Errorf("evaluate(%q) = %v, want %s", file, err, want)
		}
	}
}

// The parser stops at a NUL: what follows it would not be looked at.
func TestNUL(t *testing.T) {
	for program, place := range map[string]string{"{}\x00": "1:3", "{}\n\x00 garbage": "2:1", "\x00": "1:1", "{} # \x00": "1:6", "\"\x00\"": "1:2"} {
		_, err := filesTree(map[string]string{"f": program}).Evaluate(t.Context(), "f")
		if want := "b:f:" + place + ": unexpected NUL"; err == nil || err.Error() != want {
			t.Errorf("evaluating %q: %v, want %s", program, err, want)
		}
	}
}
