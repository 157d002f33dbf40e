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
// interactive bash would. bash-completion, where there is one, finds ours itself, and
// else what install.sh says to add does.
const manCompleter = `
if [ -r ` + manBashCompletion + ` ]; then
	. ` + manBashCompletion + `
	. ` + manGitCompletion + `
else
	eval "$TOLD"
fi
COMP_WORDBREAKS=$' \t\n"\'@><=;|&(:'
COMP_LINE=$1; shift
COMP_POINT=${#COMP_LINE} COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_TYPE=9
function=$(complete -p git)
function=${function##*-F }
${function%% *}
[ ${#COMPREPLY[@]} -eq 0 ] || printf '%s\n' "${COMPREPLY[@]}"
`

// manWord is a word as bash parts a line into.
var manWord = regexp.MustCompile(`'[^']*'?|[@=:]|[^@=:\s]+`)

// A manLine is a command line, and how it is completed.
type manLine struct {
	line string
	want []string
}

// manCheckCompletion completes with what is installed below the prefix, in each shell that
// is here, which is set up as install.sh tells.
func manCheckCompletion(t *testing.T, prefix string, env []string, told string) {
	other := t.TempDir()
	manScript(t, filepath.Join(other, "git-datapact-other"), "touch started")
	env = append(env, "PATH="+strings.Join([]string{filepath.Join(prefix, "bin"), other, os.Getenv("PATH")}, ":"))
	repository := t.TempDir()
	manShell(t, repository, env, `
		git init -q -b main && git commit -q --allow-empty -m main
		git datapact -q branch words && git datapact -q branch counts
		mkdir result && seq 100 >result/numbers.txt && echo x >result/x.txt`)
	record := `git datapact -q record -b words --filter gz -m "$1" -m 'note=a b' -m url=http://a=b:1 -m $'lines=1\n2'`
	older := manShell(t, repository, env, record, "version=3")[:12]
	newer := manShell(t, repository, env, record, "version=4")[:12]
	manShell(t, repository, env, `
		git datapact -q tag first words
		git datapact -q edit words -F - <<<'{"input": [{"branch": "counts", "alias": "many"}]}'`)
	ids := strings.NewReplacer("OLDER", older, "NEWER", newer)
	t.Run("bash", func(t *testing.T) {
		manCheckBash(t, repository, append(env, "XDG_DATA_DIRS="+filepath.Join(prefix, "share"), "TOLD="+manTell(told, "bash")), ids)
	})
	t.Run("zsh", func(t *testing.T) { manCheckZsh(t, repository, append(env, "TOLD="+manTell(told, "zsh")), ids) })
	t.Run("fish", func(t *testing.T) { manCheckFish(t, repository, append(env, "TOLD="+manTell(told, "fish")), ids) })
	if _, err := os.Stat(filepath.Join(repository, "started")); err == nil {
		t.Error("completing started a command of somebody else")
	}
}

// manTell is what install.sh tells to add for completion in a shell, or "".
func manTell(told, shell string) string {
	_, after, _ := strings.Cut(told, "For completion in "+shell+", add ")
	_, after, _ = strings.Cut(after, ":\n  ")
	line, _, _ := strings.Cut(after, "\n")
	return line
}

// manCheckBash completes through git's own completion.
func manCheckBash(t *testing.T, repository string, env []string, ids *strings.Replacer) {
	if _, err := os.Stat(manGitCompletion); err != nil {
		t.Skipf("git's completion for bash is not there: %v", err)
	}
	tests := []manLine{
		{"git datapact show words@", []string{"@NEWER ", "@OLDER "}},
		{"git datapact show words@NEWER", []string{"@NEWER "}},
		{"git datapact show 'words@NEWER", []string{"words@NEWER"}},
		{"git datapact show words@{", []string{"@{tag=", "@{lines=", "@{note=", "@{url=", "@{version="}},
		{"git datapact show words@{v", []string{"@{version="}},
		{"git datapact show words@{version=", []string{"4} ", "3} "}},
		{"git datapact show words@{version=3", []string{"3} "}},
		{"git datapact show words@{note=", []string{`a\ b} `}},
		{"git datapact show 'words@{note=a", []string{"words@{note=a b}"}},
		{"git datapact show words@{url=http://a", []string{"//a=b:1} "}},
		{"git datapact show words@{tag=", []string{"first} "}},
		{"git datapact show words@{lines=", nil},
		{"git datapact diff words@OLDER words@N", nil},
		{"git datapact cat words@OLDER", []string{"@OLDER:"}},
		{"git datapact cat words@{version=", []string{"4}:", "3}:"}},
		{"git datapact cat words@{version=3}:n", []string{"numbers.txt "}},
		{"git datapact fetch words@{version=3} n", []string{"numbers.txt "}},
		{"git datapact fetch 'words@{version=3}' n", []string{"numbers.txt "}},
		{"git datapact record -i words@OLDER", []string{"@OLDER"}},
		{"git datapact run --log=words@OLDER", []string{"@OLDER "}},
		{"git datapact retract -m why w", []string{"words "}},
		{"git datapact replay --stale=c", []string{"counts "}},
		{"git datapact log --date=r", []string{"relative "}},
		{"git datapact retract words@OLDER", []string{"@OLDER "}},
		{"git datapact log --where v", []string{"version="}},
		{"git datapact log --where=v", []string{"version="}},
		{"git datapact log words --where version=", []string{"4 ", "3 "}},
		{"git datapact find --where=version=3", []string{"3 "}},
		{"git datapact find --where 'note=", []string{"note=a b"}},
		{"git datapact log counts --where v", nil},
		{"git datapact log --columns version,n", []string{"version,note"}},
		{"git datapact log --columns=v", []string{"version"}},
		{"git datapact log --sort v", []string{"version "}},
		{"git datapact run words -i ", []string{"many="}},
		{"git datapact run words --input=many=re", []string{"result"}},
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
		{"git datapact help pla", []string{"plan "}},
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
		test = test.with(ids)
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
}

func (l manLine) with(ids *strings.Replacer) manLine {
	var want []string
	for _, text := range l.want {
		want = append(want, ids.Replace(text))
	}
	return manLine{ids.Replace(l.line), want}
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
