package validate

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
)

// jobFile is where a branch keeps its job.
const jobFile = "config/job.json"

// judgement bounds what the jobs of all updates may take together. Each is bounded by
// itself too.
const judgement = 20 * time.Second

// judge takes the time until what it returns is called.
func (c *checker) judge() func() {
	begun := time.Now()
	return func() { c.judging += time.Since(begun) }
}

// job evaluates the job of a branch at a commit, "" for that in the index.
func (c *checker) job(ctx context.Context, branch string, commit gitcmd.Hash) error {
	if !c.on(Job) {
		return nil
	}
	f := Finding{Rule: Job, Branch: branch, Path: jobFile, Commit: commit}
	if c.judging > judgement {
		f.Message = fmt.Sprintf("not evaluated: the jobs before it took more than %v", judgement)
		return c.find(f)
	}
	defer c.judge()()
	err := jobs.Check(ctx, c.repository, gitcmd.Branch{Name: branch, Commit: commit})
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil:
		return nil
	}
	_, unseen := errors.AsType[jobs.UnseenError](err) // asked once: an error can hold very many
	for line := range strings.Lines(err.Error()) {    // a finding each
		line = strings.TrimSuffix(line, "\n")
		f.Message = strings.TrimPrefix(strings.TrimPrefix(line, branch+":"), jobFile+": ")
		if unseen {
			f.Message += " (it reads the environment, which it does not see here)"
			if err := c.doubt(f); err != nil {
				return err
			}
		} else if err := c.find(f); err != nil {
			return err
		}
	}
	return nil
}
