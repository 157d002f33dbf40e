package cmd_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	manBashCompletion = "/usr/share/bash-completion/bash_completion"
	manGitCompletion  = "/usr/share/bash-completion/completions/git"
)

// manCompleter completes the command line $1, of the words that follow, as an
// interactive bash would. bash-completion, where there is one, finds ours itself.
const manCompleter = `
[ ! -r ` + manBashCompletion + ` ] || . ` + manBashCompletion + `
. ` + manGitCompletion + `
declare -F _comp_load _completion_loader >/dev/null || . "$OURS"
COMP_LINE=$1; shift
COMP_POINT=${#COMP_LINE} COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_TYPE=9
function=$(complete -p git)
function=${function##*-F }
${function%% *}
[ ${#COMPREPLY[@]} -eq 0 ] || printf '%s\n' "${COMPREPLY[@]}"
`

// manWord is a word as bash parts a line into.
var manWord = regexp.MustCompile(`[=:]|[^=:\s]+`)

// manCheckCompletion completes through git's own completion, with what is
// installed below the prefix.
func manCheckCompletion(t *testing.T, prefix string, env []string) {
	if _, err := os.Stat(manGitCompletion); err != nil {
		t.Skipf("git's completion for bash is not there: %v", err)
	}
	other := t.TempDir()
	manScript(t, filepath.Join(other, "git-datapact-other"), "touch started")
	share := filepath.Join(prefix, "share")
	env = append(env, "XDG_DATA_DIRS="+share, "OURS="+filepath.Join(share, "bash-completion/completions/git-datapact"),
		"PATH="+strings.Join([]string{filepath.Join(prefix, "bin"), other, os.Getenv("PATH")}, ":"))
	repository := t.TempDir()
	manShell(t, repository, env, `
		git init -q -b main && git commit -q --allow-empty -m main
		git datapact -q branch words && git datapact -q branch counts
		mkdir result && seq 100 >result/numbers.txt && echo x >result/x.txt
		git datapact -q record -b words --filter gz`)
	tests := []struct {
		line string
		want []string
	}{
		{"git datapact re", []string{"record ", "replay ", "resource ", "retract "}},
		{"git datapact resource ", []string{"check ", "in ", "out "}},
		{"git datapact resource in re", []string{"result"}},
		{"git datapact store m", []string{"migrate "}},
		{"git datapact store push -j 2 re", []string{"result"}},
		{"git datapact ru", []string{"run "}},
		{"git datapact site -o re", []string{"result"}},
		{"git datapact site --p", []string{"--public=", "--previews "}},
		{"git datapact run --engine=p", []string{"process ", "podman "}},
		{"git datapact run -j 2 c", []string{"counts "}},
		{"git datapact verify words c", []string{"counts "}},
		{"git datapact verify -j 2 --re", []string{"--repair-from="}},
		{"git datapact pi", []string{"pipeline "}},
		{"git datapact pipeline --c", []string{"--config=", "--check "}},
		{"git datapact gc --de", []string{"--delete "}},
		{"git datapact gc --pu", []string{"--purge "}},
		{"git datapact o", []string{"other "}},
		{"git datapact edit w", []string{"words "}},
		{"git datapact export w", []string{"words "}},
		{"git datapact export --format=o", []string{"openlineage "}},
		{"git datapact graph --m", []string{"--mermaid "}},
		{"git datapact diff words c", []string{"counts "}},
		{"git datapact diff words --content=n", []string{"numbers.txt "}},
		{"git datapact find -n 2 c", []string{"counts "}},
		{"git datapact ls words n", []string{"numbers.txt "}},
		{"git datapact tag v1 w", []string{"words "}},
		{"git datapact help sh", []string{"show "}},
		{"git datapact help tu", []string{"tutorial "}},
		{"git datapact tu", nil},
		{"git datapact --ver", []string{"--verbose ", "--version "}},
		{"git datapact log --s", []string{"--since=", "--sort=", "--stat ", "--signatures "}},
		{"git datapact other --", nil},
		{"git datapact show ", []string{"counts ", "words "}},
		{"git datapact log -n 3 w", []string{"words "}},
		{"git datapact record --branch=c", []string{"counts "}},
		{"git datapact record -b w", []string{"words "}},
		{"git datapact branch new --input w", []string{"words "}},
		{"git datapact record re", []string{"result"}},
		{"git datapact fetch -o re", []string{"result"}},
		{"git datapact fetch words ", []string{"numbers.txt ", "x.txt "}},
		{"git datapact cat w", []string{"words:"}},
		{"git datapact cat words:n", []string{"numbers.txt "}},
		{"git datapact cat --raw words:n", []string{"numbers.txt.gz "}},
		{"git datapact url words:n", []string{"numbers.txt "}},
		{"git datapact url --si", []string{"--sign="}},
		{"git -C result datapact -C .. show w", []string{"words "}},
		{"git datapact branch new -- w", nil},
		{"git datapact validate --inst", []string{"--install "}},
		{"git datapact validate --install pre-r", []string{"pre-receive "}},
		{"git datapact validate -b w", []string{"words "}},
		{"git datapact validate words..co", []string{"words..counts "}},
	}
	for _, test := range tests {
		words := manWord.FindAllString(test.line, -1)
		if strings.HasSuffix(test.line, " ") {
			words = append(words, "")
		}
		out := manShell(t, repository, env, manCompleter, append([]string{test.line}, words...)...)
		got := strings.FieldsFunc(out, func(r rune) bool { return r == '\n' })
		if !slices.Equal(got, test.want) {
			t.Errorf("completing %q: %q, want %q", test.line, got, test.want)
		}
	}
	if _, err := os.Stat(filepath.Join(repository, "started")); err == nil {
		t.Error("completing started a command of somebody else")
	}
}

// manShell runs a script of bash in a folder and returns what it prints.
func manShell(t *testing.T, folder string, env []string, script string, args ...string) string {
	t.Helper()
	cmd := exec.Command("bash", append([]string{"--norc", "--noprofile", "-c", script, "bash"}, args...)...)
	cmd.Dir, cmd.Env = folder, env
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("running bash with %q: %v\n%s%s", args, err, out, manStderr(err))
	}
	return string(out)
}

func manStderr(err error) string {
	if exit, ok := err.(*exec.ExitError); ok {
		return string(exit.Stderr)
	}
	return ""
}
