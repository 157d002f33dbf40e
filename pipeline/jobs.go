package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/git-datapact/git-datapact/gitcmd"
)

// LoadJobs reads the jobs of a repository: those of the branches named, or of all
// local branches that have config/job.json. It returns them sorted by branch. All
// findings are reported at once; a job that reads itself through others is one.
func LoadJobs(ctx context.Context, repository *gitcmd.Repository, names ...string) ([]*Job, error) {
	branches, err := jobBranches(ctx, repository, names)
	if err != nil {
		return nil, err
	}
	var jobs []*Job
	var faults []error
	for _, branch := range branches {
		job, err := LoadJob(ctx, repository, branch)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			faults = append(faults, err)
			continue
		}
		jobs = append(jobs, job)
	}
	if cycle := findCycle(jobs); cycle != nil {
		faults = append(faults, fmt.Errorf("jobs read each other in a circle: %s", strings.Join(cycle, " → ")))
	}
	return jobs, errors.Join(faults...)
}

// jobBranches finds the branches whose jobs are meant.
func jobBranches(ctx context.Context, repository *gitcmd.Repository, names []string) ([]gitcmd.Branch, error) {
	var branches []gitcmd.Branch
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
		files[i] = string(branch.Commit) + ":" + jobFile
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

// findCycle returns branches of which each reads the one before it, the first
// again at the end; nil when there are none.
func findCycle(jobs []*Job) []string {
	inputs := map[string][]string{}
	for _, job := range jobs {
		inputs[job.Branch] = job.InputBranches()
	}
	done := map[string]bool{}
	var path []string
	var visit func(branch string) []string
	visit = func(branch string) []string {
		if i := slices.Index(path, branch); i >= 0 {
			cycle := append(slices.Clone(path[i:]), branch)
			slices.Reverse(cycle)
			return cycle
		}
		if done[branch] {
			return nil
		}
		path = append(path, branch)
		defer func() { path = path[:len(path)-1] }()
		for _, input := range inputs[branch] {
			if cycle := visit(input); cycle != nil {
				return cycle
			}
		}
		done[branch] = true
		return nil
	}
	for _, job := range jobs {
		if cycle := visit(job.Branch); cycle != nil {
			return cycle
		}
	}
	return nil
}
