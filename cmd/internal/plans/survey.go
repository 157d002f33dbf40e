package plans

import (
	"context"
	"fmt"
	"slices"

	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/pipeline/local/failures"
	"github.com/git-datapact/git-datapact/pipeline/plan"
)

// All is how the jobs of a repository stand.
type All struct {
	Lines []Line     // of the jobs that can be planned, in the order of their dependencies
	Bad   []jobs.Bad // the others
}

// TellNone says on standard error that a repository has no job, if it has none.
func (a *All) TellNone(env *frame.Env) {
	if len(a.Lines)+len(a.Bad) == 0 {
		env.Infof("There are no jobs: 'git datapact branch NAME' starts the branch of one")
	}
}

// Survey plans the jobs of some branches and those that they depend on, or all jobs where
// no branch is named.
func Survey(ctx context.Context, repository *gitcmd.Repository, branches []string) (*All, error) {
	catalog, err := jobs.Open(ctx, repository)
	if err != nil {
		return nil, err
	}
	list, bad, err := catalog.Load(ctx, branches...)
	if err != nil {
		return nil, err
	}
	all := &All{Bad: bad}
	if len(branches) > 0 {
		if list, bad, err = catalog.With(ctx, list); err != nil {
			return nil, err
		}
		for _, one := range bad {
			if !slices.ContainsFunc(all.Bad, func(b jobs.Bad) bool { return b.Branch == one.Branch }) {
				all.Bad = append(all.Bad, one)
			}
		}
	}
	known, err := failures.Open(ctx, repository)
	if err != nil {
		return nil, err
	}
	planner := plan.NewPlanner(repository, catalog)
	planner.Ahead = true
	planner.Recall(ctx, list)
	for _, job := range list {
		p, err := planner.Plan(ctx, job)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			all.Bad = append(all.Bad, jobs.Bad{Branch: job.Branch, Err: fmt.Errorf("planning %s: %w", job.Branch, err)})
			continue
		}
		failed, err := known.Last(ctx, repository, job.Branch)
		if err != nil {
			return nil, err
		}
		all.Lines = append(all.Lines, Line{Plan: p, Failed: failed})
	}
	if len(all.Lines) == len(list) {
		planner.Keep(ctx, list)
	}
	return all, nil
}
