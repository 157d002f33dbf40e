package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
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
	inputs       map[string]string              // folders by alias, in the place of fetched inputs
	push         bool                           // the branch after each recording
	remote       string                         // to push to, "" for the branch's own
	said         func(branch, key, line string) // told each line that a task prints, nil for nobody
	environments *environments
	unpushed     sync.Map // branches of which a push failed: it is not tried again, which can take long
}

// execute runs an execution from its build folder to its receipt.
func (e *executor) execute(ctx context.Context, w *Work) outcome {
	branch := w.Job.Branch
	x := &execution{executor: e, work: w, place: e.layout.build(branch, w.Key), logFile: e.layout.log(branch, w.Key)}
	entry, err := x.run(ctx)
	o := outcome{work: w, entry: entry, err: err}
	if entry != nil {
		x.settle(entry)
		return o
	}
	if ctx.Err() != nil {
		o.err, o.interrupted = ctx.Err(), true
		_ = removeAll(x.place)
		return o
	}
	if _, err := os.Stat(x.build); err == nil && x.build != "" {
		o.build = x.build
	}
	o.err = w.Job.Veil(o.err)
	if len(x.said) > 0 {
		o.said = strings.Split(w.Job.Veil(errors.New(strings.Join(x.said, "\n"))).Error(), "\n")
	}
	o.err = errors.Join(o.err, e.layout.failures.Put(branch, w.Key, reason(o.err, o.said)))
	return o
}

// reason is one line that says why an execution failed: the error, and the last line that
// the task printed, unless that is what the error ends with.
func reason(err error, said []string) string {
	why := strings.ReplaceAll(err.Error(), "\n", "; ")
	if len(said) == 0 {
		return why
	}
	last := strings.TrimSpace(said[len(said)-1])
	if strings.HasSuffix(why, last) {
		return why
	}
	return why + ": " + ellipsis(last, whyBound)
}

// An execution is one at work.
type execution struct {
	*executor
	work    *Work
	place   string // of the build folders of the execution
	build   string // one of them, new for each attempt: no process that an earlier one left knows it
	logFile string
	said    []string // the last lines that the task printed
	read    []receipts.Input
	mounts  map[string]string // folders of others that stand in the build folder, by alias
}

// settle clears away what only a failed execution leaves. The receipt is recorded: what
// stays behind harms nobody.
func (x *execution) settle(entry *ledger.Entry) {
	_ = removeAll(x.place)
	_ = x.layout.failures.Clear(x.work.Job.Branch, x.work.Key)
	if x.work.Key != string(entry.ID) {
		_ = os.Rename(x.logFile, x.layout.log(x.work.Job.Branch, string(entry.ID)))
	}
}

func (x *execution) run(ctx context.Context) (entry *ledger.Entry, err error) {
	output, err := openLog(x.logFile, x.layout.sharing)
	if err != nil {
		return nil, err
	}
	if x.executor.said != nil {
		output.show = func(line string) { x.executor.said(x.work.Job.Branch, x.work.Key, line) }
	}
	environment, err := x.environments.of(ctx, x.work.Job, output)
	if err == nil {
		err = x.attempt(ctx, environment, output)
	}
	err = errors.Join(err, output.Close())
	if x.said = output.last; err != nil {
		return nil, err
	}
	return x.record(ctx, environment)
}

// prepare makes a build folder with the inputs and an empty result.
func (x *execution) prepare(ctx context.Context) error {
	// Of the last attempt, or failure. What a task of another user made there may stay.
	if err := removeAll(x.place); err != nil && !errors.Is(err, fs.ErrPermission) {
		return err
	}
	if err := x.layout.sharing.MkdirAll(x.place); err != nil {
		return err
	}
	var err error
	if x.build, err = os.MkdirTemp(x.place, ""); err != nil {
		return gitcmd.DeniedHint(err)
	}
	if err := os.Chmod(x.build, 0o755); err != nil { // for other users of a container
		return err
	}
	if err := x.layout.sharing.Share(x.build); err != nil {
		return err
	}
	if err := x.bringInputs(ctx); err != nil {
		return err
	}
	if err := x.bringCode(ctx); err != nil {
		return err
	}
	_, err = archive.MakeFolder(x.build, resultFolder, x.aliases())
	return err
}

func (x *execution) bringInputs(ctx context.Context) error {
	x.mounts, x.read = map[string]string{}, nil
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
	found, err := archive.ReadInput(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	x.read = append(x.read, found...)
	x.mounts[alias] = folder
	return nil
}

// fetch brings the receipt that was planned for an input.
func (x *execution) fetch(ctx context.Context, in jobs.Input, planned receipts.Input) error {
	l, err := ledger.Open(ctx, x.archive.Repository, planned.Branch)
	if err != nil {
		return err
	}
	entry, err := l.Find(ctx, receipts.ID(planned.Result))
	if err != nil {
		return err
	}
	folder, err := archive.MakeFolder(x.build, in.Alias, x.aliases())
	if err == nil {
		_, err = x.archive.Fetch(ctx, entry, folder, &archive.FetchOptions{Once: true})
	}
	if err != nil {
		return fmt.Errorf("input %s (%s@%s): %w", in.Alias, planned.Branch, planned.Result[:12], err)
	}
	x.read = append(x.read, entry.Input())
	return nil
}

// bringCode writes the files that the job takes from another branch, as they were when it was
// planned.
func (x *execution) bringCode(ctx context.Context) error {
	code := x.work.Job.Code
	if code == nil {
		return nil
	}
	folder, err := archive.MakeFolder(x.build, code.Alias, x.aliases())
	if err == nil {
		err = code.Files.WriteTo(ctx, x.archive.Repository, folder)
	}
	if err != nil {
		return fmt.Errorf("code %s (%s of %s): %w", code.Alias, code.Files.Commit.Short(), code.Branch, err)
	}
	return nil
}

// aliases are the names of the folders of all inputs, and of the code.
func (x *execution) aliases() []string {
	var list []string
	for _, in := range x.work.Job.Input {
		list = append(list, in.Alias)
	}
	if code := x.work.Job.Code; code != nil {
		list = append(list, code.Alias)
	}
	return list
}

// attempt runs the task as often as the job allows, each time in a new build folder.
func (x *execution) attempt(ctx context.Context, environment *environment, output *log) (err error) {
	for range max(1, x.work.Job.Task.Attempts) {
		if err := x.prepare(ctx); err != nil {
			return err
		}
		output.forget() // what an attempt before this one printed, or the engine
		err = environment.try(ctx, task{job: x.work.Job, build: x.build, mounts: x.mounts, output: output})
		if err == nil || ctx.Err() != nil {
			return err
		}
	}
	return err
}

// record records what the task left. It does not follow a link to somewhere else.
func (x *execution) record(ctx context.Context, environment *environment) (*ledger.Entry, error) {
	job := x.work.Job
	if info, err := os.Lstat(filepath.Join(x.build, resultFolder)); err != nil || !info.IsDir() {
		return nil, errors.Join(err, fmt.Errorf("the task left no folder %s", resultFolder))
	}
	_, failed := x.unpushed.Load(job.Branch)
	entry, err := x.archive.RecordDir(ctx, archive.Request{
		Dir: filepath.Join(x.build, resultFolder), Branch: job.Branch, AllowEmpty: true, Read: append([]receipts.Input{}, x.read...),
		Job: environment.runs(job), Order: job.InputBranches(), Filters: job.FilterRules(), Metadata: environment.metadata(),
		Push: x.push && !failed, Remote: x.remote,
	})
	if x.push && entry != nil && err != nil {
		x.unpushed.Store(job.Branch, true)
	}
	return entry, err
}
