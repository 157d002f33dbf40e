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

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/receipts/archive"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// Options are what a run may be told.
type Options struct {
	Branches  []string          // whose jobs run; all jobs for none
	Jobs      int               // executions side by side; 0 for one per processor
	Engine    string            // one of [Engines]; "" for what suits each job
	KeepGoing bool              // go on with a job after one of its executions failed
	Outdated  bool              // run what is outdated too
	Force     bool              // run what is fresh too
	Inputs    map[string]string // folders by alias, in the place of a single job's inputs
	Watcher   Watcher           // nil for none
}

// A Watcher is told what happens during a run. Calls do not overlap.
type Watcher interface {
	// Recorded is called for each receipt that is recorded.
	Recorded(*ledger.Entry) error
	// Left is called for a job that is due and cannot run here.
	Left(branch string, executions int, why error)
	// Failed is called for each execution that failed.
	Failed(Failed)
	// Progress is called at each change, and every second.
	Progress(Progress)
}

// Failed is an execution that failed.
type Failed struct {
	Branch, Key string
	Err         error
	Log, Build  string // paths; Build is "" where there is no build folder
}

// A Summary counts the executions of a run.
type Summary struct {
	Recorded, Failed int
	Held             int // not started, since what they depend on failed
}

// Run executes what is due, in dependency order, and records it. The error is nil
// when all of it succeeded. When ctx ends, tasks are stopped and nothing more is
// recorded; the next run goes on from there. One process at a time runs the jobs of a
// repository.
func Run(ctx context.Context, a *archive.Archive, opts Options) (Summary, error) {
	layout, err := openLayout(ctx, a.Repository)
	if err != nil {
		return Summary{}, err
	}
	unlock, err := layout.lock()
	if err != nil {
		return Summary{}, err
	}
	defer unlock()
	list, err := loadJobs(ctx, a.Repository, opts)
	if err != nil {
		return Summary{}, err
	}
	if err := a.Repository.CheckIdentity(ctx); err != nil {
		return Summary{}, err
	}
	layout.sweep(ctx, a.Repository)
	executor := &executor{archive: a, layout: layout, inputs: opts.Inputs, environments: newEnvironments(a.Repository, layout, opts.Engine)}
	s := newScheduler(a.Repository, list, opts)
	defer executor.environments.close()
	return s.run(ctx, executor)
}

// Due lists what a run would execute first, in its order, and does nothing. What
// becomes due by the receipts of these executions is not in it.
func Due(ctx context.Context, repository *gitcmd.Repository, opts Options) ([]Work, error) {
	list, err := loadJobs(ctx, repository, opts)
	if err != nil {
		return nil, err
	}
	s := newScheduler(repository, list, opts)
	if err := s.plan(ctx); err != nil {
		return nil, err
	}
	var due []Work
	for _, q := range s.queues {
		for _, w := range q.waiting {
			due = append(due, *w)
		}
	}
	return due, nil
}

func loadJobs(ctx context.Context, repository *gitcmd.Repository, opts Options) ([]*jobs.Job, error) {
	if len(opts.Inputs) > 0 && len(opts.Branches) != 1 {
		return nil, gitcmd.Usage(errors.New("input folders are for one job: name its branch"))
	}
	list, err := jobs.Load(ctx, repository, opts.Branches...)
	if err != nil {
		return nil, err
	}
	if err := jobs.CheckInputBranches(ctx, repository, list); err != nil {
		return nil, err
	}
	for alias, folder := range opts.Inputs {
		if !readsAs(list[0], alias) {
			return nil, fmt.Errorf("the job of %s has no input %s", list[0].Branch, alias)
		}
		if info, err := os.Stat(folder); err != nil || !info.IsDir() {
			return nil, fmt.Errorf("input %s: %s is not a folder", alias, folder)
		}
	}
	return jobs.InOrder(list), nil
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
