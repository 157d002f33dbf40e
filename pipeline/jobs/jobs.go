package jobs

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/git-datapact/git-datapact/gitcmd"
)

// Load reads the jobs of a repository: those of the branches named, else those
// that datapact.json lists, else those of all local branches that have
// config/job.json. It returns them sorted by branch. All findings are reported at
// once; a job that reads itself through others is one, and one that reads a branch
// that datapact.json does not list.
func Load(ctx context.Context, repository *gitcmd.Repository, names ...string) ([]*Job, error) {
	config, err := findConfig(ctx, repository)
	if err != nil {
		return nil, err
	}
	return config.Load(ctx, repository, names...)
}

// Load reads the jobs that a configuration lists, or those of the branches named, as
// the function Load does. A nil configuration lists none.
func (c *Config) Load(ctx context.Context, repository *gitcmd.Repository, names ...string) ([]*Job, error) {
	branches, faults, err := c.jobBranches(ctx, repository, names)
	if err != nil {
		return nil, err
	}
	var jobs []*Job
	for _, branch := range branches {
		job, err := c.job(ctx, repository, branch)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			faults = append(faults, err)
			continue
		}
		faults = append(faults, c.unlisted(job)...)
		jobs = append(jobs, job)
	}
	for _, circle := range circlesOf(jobs) {
		slices.Reverse(circle) // in the direction of the data
		faults = append(faults, fmt.Errorf("jobs read each other in a circle: %s", strings.Join(circle, " → ")))
	}
	if len(faults) > 0 {
		return jobs, InvalidError{errors.Join(faults...)}
	}
	return jobs, nil
}

// jobBranches finds the branches whose jobs are meant. A branch that the
// configuration lists and that is not there is a fault among others.
func (c *Config) jobBranches(ctx context.Context, repository *gitcmd.Repository, names []string) (branches []gitcmd.Branch, faults []error, err error) {
	if c != nil && len(names) == 0 {
		for _, entry := range c.Branches {
			branch, err := repository.FindBranch(ctx, entry.Branch)
			if err != nil {
				faults = append(faults, fmt.Errorf("%s: %s.branch: %w", c.File, entry.path, err))
				continue
			}
			branches = append(branches, branch)
		}
		return branches, faults, nil
	}
	for _, name := range names {
		branch, err := repository.FindBranch(ctx, name)
		if err != nil {
			return nil, nil, err
		}
		branches = append(branches, branch)
	}
	if len(names) > 0 {
		slices.SortFunc(branches, func(a, b gitcmd.Branch) int { return strings.Compare(a.Name, b.Name) })
		return slices.CompactFunc(branches, func(a, b gitcmd.Branch) bool { return a.Name == b.Name }), nil, nil
	}
	local, err := repository.LocalBranches(ctx)
	if err != nil {
		return nil, nil, err
	}
	branches, err = withJob(ctx, repository, local)
	return branches, nil, err
}

func withJob(ctx context.Context, repository *gitcmd.Repository, branches []gitcmd.Branch) ([]gitcmd.Branch, error) {
	files := make([]string, len(branches))
	for i, branch := range branches {
		files[i] = string(branch.Commit) + ":" + File
	}
	objects, err := repository.Objects(ctx, files)
	if err != nil && !errors.Is(err, gitcmd.ErrNotFound) {
		return nil, err
	}
	var found []gitcmd.Branch
	for i, object := range objects {
		if object != nil {
			found = append(found, branches[i])
		}
	}
	return found, nil
}

// job is the job of a branch: what its file says, below what the entry of the
// branch says, above what the configuration says of all jobs.
func (c *Config) job(ctx context.Context, repository *gitcmd.Repository, branch gitcmd.Branch) (*Job, error) {
	var value any = map[string]any{}
	if branch.Commit != "" {
		found, err := commitTree(repository, branch).Evaluate(ctx, File)
		if err == nil {
			value = found
		} else if !errors.Is(err, gitcmd.ErrNotFound) {
			return nil, err
		}
	}
	job, err := readJob(branch, value)
	if err != nil || c == nil {
		return job, err
	}
	// All parts have been read on their own: what is wrong has been said.
	if job, err = readJob(branch, c.merge(branch.Name, value.(map[string]any))); err == nil {
		job.DefaultFilters = c.Filters
	}
	return job, err
}

// unlisted are the faults of a listed job that reads what is not listed.
func (c *Config) unlisted(job *Job) []error {
	if c == nil || c.entry(job.Branch) == nil {
		return nil
	}
	place := job.Branch + ":" + File + ": "
	if entry := c.entry(job.Branch); entry.Keys["input"] != nil {
		place = c.File + ": " + entry.path + "."
	}
	var faults []error
	for i, in := range job.Input {
		if in.Branch != "" && c.entry(in.Branch) == nil {
			faults = append(faults, fmt.Errorf("%sinput[%d].branch: %q is not in the list of branches of %s", place, i, in.Branch, c.File))
		}
	}
	return faults
}

// InOrder returns the jobs so that each comes after those it reads, and where that
// leaves a choice by branch. The jobs have no circle.
func InOrder(jobs []*Job) []*Job {
	byBranch := map[string]*Job{}
	for _, job := range jobs {
		byBranch[job.Branch] = job
	}
	var ordered []*Job
	done := map[string]bool{}
	var visit func(job *Job)
	visit = func(job *Job) {
		if job == nil || done[job.Branch] {
			return
		}
		done[job.Branch] = true
		for _, input := range job.InputBranches() {
			visit(byBranch[input])
		}
		ordered = append(ordered, job)
	}
	for _, name := range slices.Sorted(maps.Keys(byBranch)) {
		visit(byBranch[name])
	}
	return ordered
}

// CheckInputBranches refuses inputs on branches that are not there.
func CheckInputBranches(ctx context.Context, repository *gitcmd.Repository, list []*Job) error {
	var faults []error
	for _, job := range list {
		for i, in := range job.Input {
			if in.Branch == "" {
				continue
			}
			if _, err := repository.FindBranch(ctx, in.Branch); err != nil {
				faults = append(faults, fmt.Errorf("%s:%s: input[%d].branch: %w", job.Branch, File, i, err))
			}
		}
	}
	return errors.Join(faults...)
}
