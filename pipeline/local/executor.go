package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/git-datapact/git-datapact/pipeline"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/archive"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// resultFolder is where a task leaves its outputs, in its build folder.
const resultFolder = "result"

// An executor executes one piece of work at a time, or several side by side.
type executor struct {
	archive      *archive.Archive
	layout       *layout
	inputs       map[string]string // folders by alias, in the place of fetched inputs
	environments *environments
}

// execute runs an execution from its build folder to its receipt.
func (e *executor) execute(ctx context.Context, w *Work) outcome {
	branch := w.Job.Branch
	x := &execution{executor: e, work: w, build: e.layout.build(branch, w.Key), logFile: e.layout.log(branch, w.Key)}
	entry, err := x.run(ctx)
	o := outcome{work: w, entry: entry, err: err}
	if entry != nil {
		x.settle(entry)
		return o
	}
	if ctx.Err() != nil {
		o.err = ctx.Err()
		_ = removeAll(x.build)
		return o
	}
	if _, err := os.Stat(x.build); err == nil {
		o.build = x.build
	}
	o.err = errors.Join(o.err, e.layout.failures.Put(branch, w.Key, o.err))
	return o
}

// An execution is one at work.
type execution struct {
	*executor
	work    *Work
	build   string
	logFile string
	read    []receipts.Input
	mounts  map[string]string // folders of others that stand in the build folder, by alias
}

// settle clears away what only a failed execution leaves. The receipt is recorded: what
// stays behind harms nobody.
func (x *execution) settle(entry *ledger.Entry) {
	_ = removeAll(x.build)
	_ = x.layout.failures.Clear(x.work.Job.Branch, x.work.Key)
	if x.work.Key != string(entry.ID) {
		_ = os.Rename(x.logFile, x.layout.log(x.work.Job.Branch, string(entry.ID)))
	}
}

func (x *execution) run(ctx context.Context) (entry *ledger.Entry, err error) {
	if err := removeAll(x.build); err != nil { // of the last failure
		return nil, err
	}
	if err := os.MkdirAll(x.build, 0o777); err != nil {
		return nil, err
	}
	output, err := openLog(x.logFile)
	if err != nil {
		return nil, err
	}
	environment, err := x.prepare(ctx, output)
	if err == nil {
		err = x.attempt(ctx, environment, output)
	}
	if err = errors.Join(err, output.Close()); err != nil {
		return nil, err
	}
	return x.record(ctx, environment)
}

// prepare brings the inputs, and makes ready what the job runs in.
func (x *execution) prepare(ctx context.Context, output *log) (*environment, error) {
	environment, err := x.environments.of(ctx, x.work.Job, output)
	if err != nil {
		return nil, err
	}
	return environment, x.bringInputs(ctx)
}

func (x *execution) bringInputs(ctx context.Context) error {
	x.mounts = map[string]string{}
	planned := x.work.Inputs
	for _, in := range x.work.Job.Input {
		if folder, given := x.inputs[in.Alias]; given {
			if err := x.mount(in.Alias, folder); err != nil {
				return err
			}
			continue
		}
		if err := x.fetch(ctx, in, planned[0]); err != nil {
			return err
		}
		planned = planned[1:]
	}
	return nil
}

// mount takes a folder of somebody else as an input, as it is.
func (x *execution) mount(alias, folder string) error {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return err
	}
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return errors.Join(err, fmt.Errorf("input %s: %s is not a folder", alias, folder))
	}
	found, err := archive.ReadInput(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	x.read = append(x.read, found...)
	x.mounts[alias] = folder
	return nil
}

// fetch brings the receipt that was planned for an input.
func (x *execution) fetch(ctx context.Context, in pipeline.Input, planned receipts.Input) error {
	l, err := ledger.Open(ctx, x.archive.Repository, planned.Branch)
	if err != nil {
		return err
	}
	entry, err := l.Find(ctx, receipts.ID(planned.Result))
	if err != nil {
		return err
	}
	if _, err := x.archive.Fetch(ctx, entry, filepath.Join(x.build, in.Alias), nil); err != nil {
		return fmt.Errorf("input %s (%s@%s): %w", in.Alias, planned.Branch, planned.Result[:12], err)
	}
	x.read = append(x.read, entry.Input())
	return nil
}

// attempt runs the task as often as the job allows, each time with an empty result.
func (x *execution) attempt(ctx context.Context, environment *environment, output *log) error {
	task := task{job: x.work.Job, build: x.build, mounts: x.mounts, output: output}
	var err error
	for range max(1, x.work.Job.Task.Attempts) {
		result := filepath.Join(x.build, resultFolder)
		if err := removeAll(result); err != nil {
			return err
		}
		if err := os.Mkdir(result, 0o777); err != nil {
			return err
		}
		if err = environment.try(ctx, task); err == nil || ctx.Err() != nil {
			return err
		}
	}
	return err
}

func (x *execution) record(ctx context.Context, environment *environment) (*ledger.Entry, error) {
	job := x.work.Job
	return x.archive.RecordDir(ctx, archive.Request{
		Dir: filepath.Join(x.build, resultFolder), Branch: job.Branch, Read: append([]receipts.Input{}, x.read...),
		Order: job.InputBranches(), Filters: job.FilterRules(), Metadata: environment.metadata(),
	})
}
