package cmd_test

import (
	"bufio"
	"bytes"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// manDate is a time as git datapact log prints it.
var manDate = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`)

// manFish completes each of its arguments, and ends each list with a line.
const manFish = `
eval $TOLD
for line in $argv
	complete -C $line
	echo ==
end`

// manCheckFish completes through fish's own completion of git.
func manCheckFish(t *testing.T, repository string, env []string, ids *strings.Replacer) {
	if _, err := exec.LookPath("fish"); err != nil {
		t.Skip("there is no fish")
	}
	tests := []manLine{
		{"git datapact ru", []string{"run\trun every execution that is due"}},
		{"git datapact o", []string{"other"}},
		{"git datapact show w", []string{"words"}},
		{"git datapact edit w", []string{"words"}},
		{"git datapact log words c", []string{"counts"}},
		{"git datapact show words@NEWER", []string{"words@NEWER\tDATE  version=4 url=http://a=b:1 \"lines=1\\n2\""}},
		{"git datapact show words@{", []string{"words@{tag=", "words@{lines=", "words@{note=", "words@{url=", "words@{version="}},
		{"git datapact show words@{version=", []string{"words@{version=4}", "words@{version=3}"}},
		{"git datapact show 'words@{note=", []string{"words@{note=a b}"}},
		{"git datapact show words@{url=http://a", []string{"words@{url=http://a=b:1}"}},
		{"git datapact show words@{tag=", []string{"words@{tag=first}"}},
		{"git datapact show words@{lines=", nil},
		{"git datapact cat w", []string{"words:"}},
		{"git datapact cat words:n", []string{"words:numbers.txt"}},
		{"git datapact cat words@{version=3}:n", []string{"words@{version=3}:numbers.txt"}},
		{"git datapact cat --raw words:n", []string{"words:numbers.txt.gz"}},
		{"git datapact fetch words@{version=3} n", []string{"numbers.txt"}},
		{"git datapact record -i words@OLDER", []string{"words@OLDER\tDATE  version=3 url=http://a=b:1 \"lines=1\\n2\""}},
		{"git datapact run --log=words@OLDER", []string{"--log=words@OLDER\tDATE  version=3 url=http://a=b:1 \"lines=1\\n2\""}},
		{"git datapact log --where v", []string{"version="}},
		{"git datapact log --where=version=3", []string{"--where=version=3"}},
		{"git datapact log counts --where v", nil},
		{"git datapact find --where note=", []string{"note=a b"}},
		{"git datapact log --columns version,n", []string{"version,note"}},
		{"git datapact log --sort v", []string{"version"}},
		{"git datapact log --date r", []string{"relative"}},
		{"git datapact log --date relative w", []string{"words"}},
		{"git datapact export --format in-toto w", []string{"words"}},
		{"git datapact export --verify x --key y --key z w", []string{"words"}},
		{"git datapact diff --content x words c", []string{"counts"}},
		{"git datapact ls --store x words n", []string{"numbers.txt"}},
		{"git datapact verify --repair-from x w", []string{"words"}},
		{"git datapact url --sign 1h words:n", []string{"words:numbers.txt"}},
		{"git datapact edit -F x w", []string{"words"}},
		{"git datapact fetch -o x words n", []string{"numbers.txt"}},
		{"git datapact replay --stale c", []string{"counts"}},
		{"git datapact retract -m why w", []string{"words"}},
		{"git datapact run words -i ", []string{"many="}},
		{"git datapact run words --input=many=re", []string{"--input=many=result/\tDirectory"}},
	}
	args := []string{"-c", manFish}
	for _, test := range tests {
		args = append(args, ids.Replace(test.line))
	}
	cmd := exec.Command("fish", args...)
	cmd.Dir, cmd.Env = repository, env
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("running fish: %v\n%s%s", err, out, manStderr(err))
	}
	lists := strings.Split(manDate.ReplaceAllString(string(out), "DATE"), "==\n")
	if len(lists) != len(tests)+1 {
		t.Fatalf("fish printed %q, want %d lists", out, len(tests))
	}
	for i, test := range tests {
		test = test.with(ids)
		if got := strings.FieldsFunc(lists[i], isNewline); !slices.Equal(got, test.want) {
			t.Errorf("completing %q: %q, want %q", test.line, got, test.want)
		}
	}
}

func isNewline(r rune) bool { return r == '\n' }

// manZsh has an interactive zsh complete each of its arguments, and prints what they become.
const manZsh = `
zmodload zsh/zpty
mkfifo $1/told
exec 3<>$1/told
print -r -- "
PS1= RPS1= LISTMAX=1000
unsetopt beep zle_bracketed_paste
$TOLD
autoload -Uz compinit && compinit -u -D
tell () { zle complete-word; print -r -- \"\$BUFFER|\" >$1/told; BUFFER= }
zle -N tell
bindkey '^T' tell
print ready >$1/told
" >$1/startup
zpty -b shell zsh -f -i
zpty -w shell ". $1/startup"
read -r -u 3
for line in "${@[2,-1]}"; do
	zpty -n -w shell $line$'\C-t'
	read -r -u 3 completed
	print -r -- "$completed"
	while zpty -r -t shell shown; do done
done
zpty -d shell`

// manCheckZsh completes through zsh's own completion of git.
func manCheckZsh(t *testing.T, repository string, env []string, ids *strings.Replacer) {
	if _, err := exec.LookPath("zsh"); err != nil {
		t.Skip("there is no zsh")
	}
	tests := [][2]string{
		{"git datapact ru", "run "},
		{"git datapact show w", "words "},
		{"git datapact edit w", "words "},
		{"git datapact diff words c", "counts "},
		{"git datapact show words@NEWER", "words@NEWER "},
		{"git datapact show words@{v", "words@{version="},
		{"git datapact show words@{version=3", "words@{version=3}"},
		{"git datapact show words@{note=", `words@{note=a\ b}`},
		{"git datapact show 'words@{note=a", "'words@{note=a b}"},
		{"git datapact show words@{url=http://a", "words@{url=http://a=b:1}"},
		{"git datapact show words@{tag=", "words@{tag=first}"},
		{"git datapact show words@{lines=", "words@{lines="},
		{"git datapact cat w", "words:"},
		{"git datapact cat words:n", "words:numbers.txt "},
		{"git datapact cat words@OLDER", "words@OLDER:"},
		{"git datapact cat words@{version=3", "words@{version=3}:"},
		{"git datapact cat words@{version=3}:n", "words@{version=3}:numbers.txt "},
		{"git datapact cat 'words@{version=3}:n", "'words@{version=3}:numbers.txt' "},
		{"git datapact fetch words@{version=3} n", "numbers.txt "},
		{"git datapact record -i words@OLDER", "words@OLDER "},
		{"git datapact run --log=words@OLDER", "--log=words@OLDER "},
		{"git datapact log --where v", "version="},
		{"git datapact log --where=version=3", "--where=version=3 "},
		{"git datapact log counts --where v", "v"},
		{"git datapact find --where note=", `note=a\ b `},
		{"git datapact log --columns version,n", "version,note,"},
		{"git datapact log --sort v", "version "},
		{"git datapact log --date=r", "--date=relative "},
		{"git datapact replay --stale=c", "--stale=counts "},
		{"git datapact retract -m why w", "words "},
		{"git datapact run words -i m", "many="},
		{"git datapact run words --input=many=re", "--input=many=result/"},
	}
	args := []string{"-fc", manZsh, "zsh", t.TempDir()}
	for _, test := range tests {
		args = append(args, ids.Replace(test[0]))
	}
	cmd := exec.Command("zsh", args...)
	cmd.Dir, cmd.Env = repository, append(env, "TERM=dumb")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("running zsh: %v\n%s%s", err, out, manStderr(err))
	}
	lines := bufio.NewScanner(bytes.NewReader(out))
	for _, test := range tests {
		before := test[0][:strings.LastIndex(test[0], " ")+1]
		if lines.Scan(); lines.Text() != ids.Replace(before+test[1])+"|" {
			t.Errorf("completing %q: %q, want %q", ids.Replace(test[0]), lines.Text(), ids.Replace(before+test[1])+"|")
		}
	}
}
