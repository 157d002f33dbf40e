package site

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/cmd/internal/plans"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/graph"
	"github.com/git-datapact/git-datapact/pipeline/plan"
	"github.com/git-datapact/git-datapact/pipeline/site"
)

// A build makes the pages of a repository.
type build struct {
	repository *gitcmd.Repository
	env        *frame.Env
	dir        string
	opts       site.Options
	tips       string // of the branches when the pages were begun
}

func (b *build) run(ctx context.Context) error {
	var err error
	if b.tips, err = b.readTips(ctx); err != nil {
		return err
	}
	damaged := false
	opts := b.opts
	opts.Bad = func(err error) {
		b.env.Warnf("%v", err)
		damaged = true
	}
	made, err := site.Open(ctx, b.repository, b.dir, opts)
	if err != nil {
		return err
	}
	defer made.Close()
	overview, err := b.overview(ctx)
	if err != nil {
		return err
	}
	for _, job := range overview.Jobs {
		if job.Error != "" {
			opts.Bad(fmt.Errorf("%s", job.Error))
		}
	}
	if err := made.Write(ctx, overview); err != nil {
		return err
	}
	if damaged {
		return gitcmd.ErrNegative
	}
	return nil
}

// overview says how the jobs stand.
func (b *build) overview(ctx context.Context) (*site.Overview, error) {
	all, err := plans.Survey(ctx, b.repository, nil)
	if err != nil {
		return nil, err
	}
	g, err := plans.Graph(ctx, b.repository, all, day)
	if err != nil {
		return nil, err
	}
	o := &site.Overview{Graph: g.Sorted()}
	for _, line := range all.Lines {
		o.Jobs = append(o.Jobs, jobOf(line))
	}
	for _, one := range all.Bad {
		o.Jobs = append(o.Jobs, site.Job{Branch: one.Branch, State: graph.Failed, Says: "cannot be planned", Error: one.Err.Error()})
	}
	return o, nil
}

// day is a time as pages have it, which do not change by themselves.
func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

func jobOf(line plans.Line) site.Job {
	p := line.Plan
	job := site.Job{
		Branch: p.Job.Branch, State: line.State(), Waiting: p.Waiting(),
		Pending: p.Count(plan.Pending), Stale: p.Count(plan.Stale), Outdated: p.Count(plan.Outdated),
	}
	switch job.State {
	case graph.Failed:
		job.Says = "failed on " + day(line.Failed.Time.Time())
	case graph.Due:
		job.Says = "due"
	case graph.Fresh:
		job.Says = "up to date"
	default:
		job.Says = strings.ToLower(string(job.State))
	}
	return job
}
