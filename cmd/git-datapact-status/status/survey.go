package status

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/cmd/internal/plans"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
)

// A survey is what the command has found out.
type survey struct {
	lines []plans.Line
	bad   []jobs.Bad
	due   bool // something of the jobs, or of what they depend on
}

// survey plans the jobs, and those that they depend on.
func (c *command) survey(ctx context.Context, env *frame.Env, repository *gitcmd.Repository) (*survey, error) {
	all, err := plans.Survey(ctx, repository, c.Branch)
	if err != nil {
		return nil, err
	}
	all.TellNone(env)
	s := &survey{bad: all.Bad}
	for _, line := range all.Lines {
		s.due = s.due || line.Plan.Due()
		named := len(c.Branch) == 0 || slices.Contains(c.Branch, line.Plan.Job.Branch)
		if line.Plan.Due() && !c.JSON || named && !c.Due {
			s.lines = append(s.lines, line)
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
