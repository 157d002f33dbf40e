package validate_test

import (
	"testing"
	"time"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/gitcmd/gittest"
	"github.com/git-datapact/git-datapact/pipeline/validate"
)

// A job is somebody else's: what it costs to say what is wrong with it grows with what is
// wrong, and no faster.
func TestManyFindingsOfOneJob(t *testing.T) {
	b := &bench{t: t, clone: gittest.New(t)}
	for name, program := range map[string]string{
		"inputs": `{input: [range(30000)|{branch: "b\(.)", trigger: 1}]}`,
		"keys":   `{task: ([range(30000)|{key: "k\(.)", value: 1}]|from_entries)}`,
		"unseen": `env.NOBODY as $n | {task: ([range(30000)|{key: "k\(.)", value: 1}]|from_entries)}`,
	} {
		t.Run(name, func(t *testing.T) {
			commit := b.make("", job(program))
			repository := gitcmd.Open(b.clone)
			defer repository.Close()
			found := 0
			begun := time.Now()
			_, err := validate.CheckRange(t.Context(), repository, commit, name, validate.Options{Visit: func(validate.Finding) error {
				found++
				return nil
			}})
			if err != nil || found != 30000 {
				t.Errorf("%d findings, %v, want 30000", found, err)
			}
			if took := time.Since(begun); took > 10*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}
