package jobs

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/gitcmd/gittest"
)

func TestCheck(t *testing.T) {
	t.Setenv("SECRET", "hidden")
	tests := []struct {
		program string
		want    string // in the error
		unseen  bool
	}{
		{program: `{}`},
		{program: `{task: {env: {A: env.SECRET}}}`},
		{program: `{task: {env: {A: ($ENV | tostring)}}}`},
		{program: `error(env.SECRET // "nothing seen")`, want: "nothing seen", unseen: true},
		{program: `error($ENV | tostring)`, want: "{}", unseen: true},
		{program: `env.SECRET | split(",") | {groups: .}`, want: "split", unseen: true},
		{program: `{input: [{branch: env.SECRET}]}`, want: "input[0]: want a branch", unseen: true},
		{program: `{grups: []}`, want: "grups: unknown key"},
		{program: `error("no")`, want: "no"},
		{program: `{`, want: "unexpected"},
	}
	for _, test := range tests {
		dir := gittest.New(t)
		repository := gitcmd.Open(dir)
		program := filepath.Join(dir, "program")
		if err := os.WriteFile(program, []byte(test.program), 0o666); err != nil {
			t.Fatal(err)
		}
		blob := gittest.Run(t, dir, "hash-object", "-w", program)
		gittest.Run(t, dir, "update-index", "--add", "--cacheinfo", "100644,"+blob+",config/job.json")
		gittest.Run(t, dir, "commit", "-q", "-m", "job")
		for _, commit := range []string{gittest.Run(t, dir, "rev-parse", "HEAD"), ""} {
			err := Check(t.Context(), repository, gitcmd.Branch{Name: "main", Commit: gitcmd.Hash(commit)})
			text := ""
			if err != nil {
				text = err.Error()
			}
			if (test.want == "") != (err == nil) || !strings.Contains(text, test.want) || strings.Contains(text, "hidden") {
				t.Errorf("CheckJob of %q at %q: %v, want %q", test.program, commit, err, test.want)
			}
			if _, got := errors.AsType[UnseenError](err); got != test.unseen {
				t.Errorf("CheckJob of %q at %q: unseen %t, want %t", test.program, commit, got, test.unseen)
			}
		}
		_ = repository.Close()
	}
}
