package validate_test

import (
	"fmt"
	"runtime"
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
			if took := time.Since(begun); took > 2*time.Minute {
				t.Errorf("took %v", took)
			}
		})
	}
}

// The bounds hold for all jobs of a push together: what one of them took is given back, and
// no step of it goes on.
func TestHungryJobs(t *testing.T) {
	b := &bench{t: t, clone: gittest.New(t)}
	programs := []string{`"ab" * 1e9`, `null | .[5e8] = 1`}
	for i, program := range programs {
		for k := range 3 {
			name := fmt.Sprintf("b%d%d", i, k)
			gittest.Run(t, b.clone, "update-ref", "refs/heads/"+name, b.make("", job(program)))
		}
	}
	repository := gitcmd.Open(b.clone)
	defer repository.Close()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	found := 0
	_, err := validate.CheckAll(t.Context(), repository, validate.Options{Visit: func(f validate.Finding) error {
		if found++; f.Message != "uses more than 256 MiB of memory" {
			t.Errorf("%s: %s", f.Branch, f.Message)
		}
		return nil
	}})
	if err != nil || found != 3*len(programs) {
		t.Errorf("%d findings, %v, want %d", found, err, 3*len(programs))
	}
	runtime.ReadMemStats(&after)
	if grown := (after.Sys - before.Sys) >> 20; grown > 256 {
		t.Errorf("the process grew by %d MiB", grown)
	}
}
