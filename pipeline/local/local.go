// Package local is the engine behind git datapact run: it executes on this machine
// what the jobs of a repository are due, with the job files that Concourse uses.
//
// # An execution
//
// Every execution has a build folder of its own. It holds the inputs, fetched and
// verified, each in a folder named by its alias, and an empty folder result/, where
// the task leaves its outputs. The task runs in the build folder with the variables
// of the job and few others. When it succeeds, what it left is recorded and the build
// folder is removed; when it fails there is no receipt, and build folder and log stay.
//
// # Order
//
// Jobs run in the order of their dependencies. An execution waits as long as anything
// that it reads, itself or through other executions, is due to be recorded in the same
// run, and new receipts are planned for in the same run. What depends on a failed
// execution is not started; the other executions of the failed one's job are neither,
// unless [Options.KeepGoing] is set.
//
// # Where things are
//
// In the folder that git-datapact keeps in the common git directory, BRANCH escaped as
// in a URL and KEY the receipt's id, or "request" where it is not known beforehand:
//
//	builds/BRANCH/KEY/…/        build folder, of executions at work and failed ones
//	logs/BRANCH/KEY.log         what the task printed, standard output and error
//	failures/BRANCH/KEY         why it failed, see [failures.Folder]
//	run.lock                    held by the process that runs jobs
package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/receipts/archive"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// Options are what a run may be told.
type Options struct {
	Branches  []string          // whose jobs run, with those they depend on; all jobs for none
	Only      bool              // without those they depend on
	Jobs      int               // executions side by side; 0 for one per processor
	Engine    string            // one of [Engines]; "" for what suits each job
	KeepGoing bool              // go on with a job after one of its executions failed
	Outdated  bool              // run what is outdated too
	Force     bool              // run what is fresh too
	Inputs    map[string]string // folders by alias, in the place of a single job's inputs
	Push      bool              // push the branch after each recording
	Remote    string            // to push to, "" for the branch's own
	Watcher   Watcher           // nil for none

	// Said is told each line that a task prints, without its end and as the task wrote it;
	// of a very long one the beginning. Nil for nobody. It is called at any time, also side
	// by side; the task waits for it.
	Said func(branch, key, line string)
}

// A Watcher is told what happens during a run. Calls do not overlap.
type Watcher interface {
	// Recorded is called for each receipt that is recorded.
	Recorded(*ledger.Entry) error
	// Left is called for a job that is due and cannot run here.
	Left(branch string, executions int, why error)
	// Bad is called for a job that cannot be planned.
	Bad(jobs.Bad)
	// Failed is called for each execution that failed.
	Failed(Failed)
	// Progress is called at each change, and every second.
	Progress(Progress)
}

// Failed is an execution that failed.
type Failed struct {
	Branch, Key string
	Err         error
	Said        []string // the last lines that the task printed, bounded, as it wrote them
	Log, Build  string   // paths; Build is "" where there is no build folder
}

// A Summary counts the executions of a run.
type Summary struct {
	Recorded, Failed int
	Held             int // not started, since what they depend on failed
	Bad              int // jobs that cannot be planned
}

// Run executes what is due, in dependency order, and records it. The error is nil
// when all of it succeeded. When ctx ends, tasks are stopped and nothing more is
// recorded; the next run goes on from there. One process at a time runs the jobs of a
// repository.
func Run(ctx context.Context, a *archive.Archive, catalog *jobs.Catalog, opts Options) (Summary, error) {
	layout, err := openLayout(ctx, a.Repository)
	if err != nil {
		return Summary{}, err
	}
	unlock, err := layout.lock()
	if err != nil {
		return Summary{}, err
	}
	defer unlock()
	list, bad, err := chooseJobs(ctx, catalog, opts)
	if err != nil {
		return Summary{}, err
	}
	if err := a.Repository.CheckIdentity(ctx); err != nil {
		return Summary{}, err
	}
	if opts.Push && opts.Remote == "" && len(list) > 0 {
		if _, err := a.Repository.Remote(ctx, list[0].Branch); err != nil { // rather than after the first task
			return Summary{}, err
		}
	}
	layout.sweep(ctx, a.Repository)
	executor := &executor{archive: a, layout: layout, inputs: opts.Inputs, push: opts.Push, remote: opts.Remote, said: opts.Said, environments: newEnvironments(a.Repository, layout, opts.Engine)}
	s := newScheduler(a.Repository, catalog, list, opts)
	defer executor.environments.close()
	for _, one := range bad {
		s.leaveBad(ctx, one)
	}
	return s.run(ctx, executor)
}

// Due lists what a run would execute, in the order of the jobs' dependencies, and does
// nothing. What becomes due by the receipts of other executions is in it as waiting. It
// returns the jobs that are bad beside the list.
func Due(ctx context.Context, repository *gitcmd.Repository, catalog *jobs.Catalog, opts Options) ([]Work, []jobs.Bad, error) {
	list, bad, err := chooseJobs(ctx, catalog, opts)
	if err != nil {
		return nil, nil, err
	}
	s := newScheduler(repository, catalog, list, opts)
	s.planner.Ahead, s.planner.Outdated = !opts.Only, opts.Outdated || opts.Force
	planned := slices.DeleteFunc(slices.Clone(list), func(job *jobs.Job) bool {
		return len(opts.Inputs) > 0 || len(job.InputBranches()) == 0 // they run on request
	})
	s.planner.Recall(ctx, planned)
	if err := s.plan(ctx); err != nil {
		return nil, nil, err
	}
	s.planner.Keep(ctx, planned)
	var due []Work
	for _, q := range s.queues {
		for _, w := range q.waiting {
			due = append(due, *w)
		}
	}
	return due, bad, nil
}

// chooseJobs finds the jobs that are to run: those named with what they depend on, else
// all.
func chooseJobs(ctx context.Context, catalog *jobs.Catalog, opts Options) ([]*jobs.Job, []jobs.Bad, error) {
	if len(opts.Inputs) > 0 && len(opts.Branches) != 1 {
		return nil, nil, gitcmd.Usage(errors.New("input folders are for one job: name its branch"))
	}
	list, bad, err := catalog.Load(ctx, opts.Branches...)
	if err != nil {
		return nil, nil, err
	}
	for _, one := range bad {
		if slices.Contains(opts.Branches, one.Branch) {
			return nil, nil, one.Err
		}
	}
	for alias, folder := range opts.Inputs {
		if !readsAs(list[0], alias) {
			return nil, nil, fmt.Errorf("the job of %s has no input %s", list[0].Branch, alias)
		}
		if info, err := os.Stat(folder); err != nil || !info.IsDir() {
			return nil, nil, fmt.Errorf("input %s: %s is not a folder", alias, folder)
		}
	}
	if len(opts.Branches) > 0 && !opts.Only && len(opts.Inputs) == 0 {
		return catalog.With(ctx, list)
	}
	return list, bad, nil
}

// unable tells why a job cannot run here, nil where it can.
func unable(ctx context.Context, repository *gitcmd.Repository, job *jobs.Job, opts Options) error {
	for _, in := range job.Input {
		if _, given := opts.Inputs[in.Alias]; in.Branch == "" && !given {
			return gitcmd.WithHint(fmt.Errorf("the job of %s reads %s, a resource of Concourse, which is not to be had here", job.Branch, in.Alias),
				"name the job, and a folder that holds what it brings: --input "+in.Alias+"=DIR")
		}
	}
	docker, err := tree(ctx, repository, job, dockerFolder)
	if err != nil {
		return err
	}
	if job.Task.Run.Path == "" && docker == "" && job.Task.Image == nil {
		return gitcmd.WithHint(fmt.Errorf("the job of %s says nothing to run", job.Branch),
			"set task.run.path in config/job.json, or give the branch a docker/ folder with a script execute")
	}
	return ledger.CheckBranch(ctx, repository, job.Branch)
}

func readsAs(job *jobs.Job, alias string) bool {
	for _, in := range job.Input {
		if in.Alias == alias {
			return true
		}
	}
	return false
}

// workers is how many executions run side by side.
func (o Options) workers() int {
	if o.Jobs > 0 {
		return o.Jobs
	}
	return runtime.GOMAXPROCS(0)
}
