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

// Load reads the jobs of the branches named, else those that the configuration lists. All
// that is wrong with any of them is one error, an [InvalidError].
func (c *Config) Load(ctx context.Context, repository *gitcmd.Repository, names ...string) ([]*Job, error) {
	catalog := newCatalog(repository)
	catalog.config = c
	list, bad, err := catalog.Load(ctx, names...)
	if err != nil {
		return nil, err
	}
	var faults []error
	said := map[string]bool{}
	for _, one := range bad {
		if text := one.Err.Error(); !said[text] { // all jobs of a circle say the same
			said[text] = true
			faults = append(faults, one.Err)
		}
	}
	slices.SortFunc(list, func(a, b *Job) int { return strings.Compare(a.Branch, b.Branch) })
	if len(faults) > 0 {
		return list, InvalidError{errors.Join(faults...)}
	}
	return list, nil
}

// jobBranches finds the branches that are named, else the local ones that have a job.
func jobBranches(ctx context.Context, repository *gitcmd.Repository, names []string) (branches []gitcmd.Branch, err error) {
	for _, name := range names {
		branch, err := repository.FindBranch(ctx, name)
		if err != nil {
			return nil, err
		}
		branches = append(branches, branch)
	}
	if len(names) > 0 {
		slices.SortFunc(branches, func(a, b gitcmd.Branch) int { return strings.Compare(a.Name, b.Name) })
		return slices.CompactFunc(branches, func(a, b gitcmd.Branch) bool { return a.Name == b.Name }), nil
	}
	local, err := repository.LocalBranches(ctx)
	if err != nil {
		return nil, err
	}
	return withJob(ctx, repository, local)
}

func withJob(ctx context.Context, repository *gitcmd.Repository, branches []gitcmd.Branch) ([]gitcmd.Branch, error) {
	files := make([]string, len(branches))
	for i, branch := range branches {
		files[i] = string(branch.Commit) + ":" + File
	}
	objects, err := repository.Objects(ctx, files)
	if err != nil && !errors.Is(err, gitcmd.ErrNotFound) {
		return nil, blame(ctx, repository, branches, err)
	}
	var found []gitcmd.Branch
	for i, object := range objects {
		if object != nil {
			found = append(found, branches[i])
		}
	}
	return found, nil
}

// blame names the branch that an error about several is of.
func blame(ctx context.Context, repository *gitcmd.Repository, branches []gitcmd.Branch, err error) error {
	for _, branch := range branches {
		_, one := repository.Objects(ctx, []string{string(branch.Commit) + ":" + File})
		if one != nil && !errors.Is(one, gitcmd.ErrNotFound) {
			return fmt.Errorf("branch %s: %w", branch.Name, one)
		}
	}
	return err
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
