package status

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/cmd/internal/plans"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/pipeline/local/failures"
	"github.com/git-datapact/git-datapact/pipeline/plan"
)

// A survey is what the command has found out.
type survey struct {
	lines []plans.Line
	bad   []jobs.Bad
	due   bool // something of the jobs, or of what they depend on
}

// survey plans the jobs, and those that they depend on.
func (c *command) survey(ctx context.Context, repository *gitcmd.Repository) (*survey, error) {
	catalog, err := jobs.Open(ctx, repository)
	if err != nil {
		return nil, err
	}
	list, bad, err := catalog.Load(ctx, c.Branch...)
	if err != nil {
		return nil, err
	}
	s := &survey{bad: bad}
	if len(c.Branch) > 0 {
		if list, bad, err = catalog.With(ctx, list); err != nil {
			return nil, err
		}
		for _, one := range bad {
			if !slices.ContainsFunc(s.bad, func(b jobs.Bad) bool { return b.Branch == one.Branch }) {
				s.bad = append(s.bad, one)
			}
		}
	}
	known, err := failures.Open(ctx, repository)
	if err != nil {
		return nil, err
	}
	planner := plan.NewPlanner(repository, catalog)
	planner.Ahead = true
	for _, job := range list {
		p, err := planner.Plan(ctx, job)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			s.bad = append(s.bad, jobs.Bad{Branch: job.Branch, Err: fmt.Errorf("planning %s: %w", job.Branch, err)})
			continue
		}
		failed, err := known.Last(ctx, repository, job.Branch)
		if err != nil {
			return nil, err
		}
		s.due = s.due || p.Due()
		named := len(c.Branch) == 0 || slices.Contains(c.Branch, job.Branch)
		if p.Due() && !c.JSON || named && !c.Due {
			s.lines = append(s.lines, plans.Line{Plan: p, Failed: failed})
		}
	}
	return s, nil
}

func (c *command) print(env *frame.Env, s *survey) error {
	width := 0
	for _, l := range s.lines {
		width = max(width, min(len(l.Plan.Job.Branch), plans.Columns/3))
	}
	for _, one := range s.bad {
		width = max(width, min(len(one.Branch), plans.Columns/3))
	}
	for _, l := range s.lines {
		var err error
		if c.JSON {
			err = env.PrintJSON(l.JSON(c.Explain))
		} else {
			err = env.Printf("%s", l.Text(width, c.Explain, time.Now()))
		}
		if err != nil {
			return err
		}
	}
	for i, one := range s.bad {
		if slices.ContainsFunc(s.bad[:i], func(b jobs.Bad) bool { return b.Branch == one.Branch }) {
			continue // it is bad in another way too
		}
		var err error
		if c.JSON {
			err = env.PrintJSON(plans.Bad{Branch: one.Branch, Error: one.Err.Error()})
		} else {
			err = env.Printf("%-*s  cannot be planned\n", width, one.Branch)
		}
		if err != nil {
			return err
		}
	}
	if len(s.lines)+len(s.bad) > 1 && !c.JSON {
		return env.Printf("%s", plans.Total(s.lines, s.bad))
	}
	return nil
}

// answer is the error that tells whether something is due. That a job is bad is worse.
func (s *survey) answer() error {
	var faults []error
	said := map[string]bool{}
	for _, one := range s.bad {
		if text := one.Err.Error(); !said[text] { // all jobs of a circle say the same
			said[text] = true
			faults = append(faults, one.Err)
		}
	}
	switch {
	case len(faults) > 0:
		return errors.Join(faults...)
	case s.due:
		return gitcmd.ErrNegative
	}
	return nil
}
