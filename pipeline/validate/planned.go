package validate

import (
	"context"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/pipeline/plan"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// A pair is a new receipt that read several others.
type pair struct {
	named
	path string
	read []receipts.Input
}

// checkPlanned looks whether what new receipts read belongs together. A job that cannot be
// read is a finding of another rule.
func (c *checker) checkPlanned(ctx context.Context) error {
	lookup := afterwards{c, map[string]readJob{}}
	for _, p := range c.paired {
		job, err := lookup.Job(ctx, p.branch)
		if err != nil || job == nil || len(job.InputBranches()) < 2 {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			continue
		}
		why, err := plan.Belongs(ctx, lookup, job, p.read)
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			continue // a receipt that cannot be read is a finding of another rule
		}
		if why != "" {
			if err := c.find(Finding{Rule: Planned, Branch: p.branch, Path: p.path, Commit: p.commit, Message: "no plan calls for it: " + why}); err != nil {
				return err
			}
		}
	}
	return nil
}

// afterwards finds jobs and receipts as they are after the updates.
type afterwards struct {
	*checker
	jobs map[string]readJob
}

// A readJob is a job that was read, or why it could not be.
type readJob struct {
	job *jobs.Job
	err error
}

// commitOf is where a branch is afterwards, "" for nowhere.
func (a afterwards) commitOf(ctx context.Context, name string) (gitcmd.Hash, error) {
	if commit, updated := a.tips[name]; updated {
		return commit, nil
	}
	known, err := a.branches(ctx, name)
	if err != nil || len(known) == 0 {
		return "", err
	}
	return known[0].Commit, nil
}

func (a afterwards) Job(ctx context.Context, branch string) (*jobs.Job, error) {
	if known, ok := a.jobs[branch]; ok {
		return known.job, known.err
	}
	commit, err := a.commitOf(ctx, branch)
	if err != nil || commit == "" || a.judging > judgement {
		return nil, err
	}
	defer a.judge()()
	job, err := jobs.At(a.repository, map[string]gitcmd.Hash{branch: commit}, nil).Job(ctx, branch)
	if ctx.Err() == nil {
		a.jobs[branch] = readJob{job, err}
	}
	return job, err
}

func (a afterwards) Find(ctx context.Context, branch string, id receipts.ID) (*ledger.Entry, error) {
	commit, err := a.commitOf(ctx, branch)
	if err != nil {
		return nil, err
	}
	return ledger.At(a.repository, gitcmd.Branch{Name: branch, Commit: orNothing(commit)}).Find(ctx, id)
}
