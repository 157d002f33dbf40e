package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"github.com/git-datapact/git-datapact/gitcmd/child"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/receipts"
)

// grace is how long a task may take to end after it was asked to.
const grace = 10 * time.Second

// A task is what an execution runs, once its build folder is ready.
type task struct {
	job    *jobs.Job
	build  string            // its folder
	mounts map[string]string // folders that stand in the build folder, by name
	output io.Writer         // of what it prints
}

// An environment is what the tasks of a job run in. It serves several at once.
type environment struct {
	name   string // for the receipt: an image's digest, or the hash of a folder in git
	image  bool   // it is an image's digest
	runner runner
}

// A runner runs a task to its end. It returns an error when the task does not end with
// status 0. When ctx ends, it stops the task with all that it has started.
type runner interface {
	run(ctx context.Context, t task) error
}

func (e *environment) metadata() []string {
	return []string{"buildenv=" + e.name}
}

// runs is what the tasks run, for the receipt.
func (e *environment) runs(job *jobs.Job) *receipts.Job {
	runs := job.Runs()
	if e.image {
		runs.Image = e.name
	}
	return &runs
}

// try runs a task within the time that its job allows.
func (e *environment) try(ctx context.Context, t task) error {
	limit := t.job.Task.Timeout
	if limit == 0 {
		return e.runner.run(ctx, t)
	}
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := e.runner.run(limited, t)
	if limited.Err() != nil && ctx.Err() == nil {
		return fmt.Errorf("took longer than %v (task.timeout)", limit)
	}
	return err
}

// runCommand runs a program with its own process group, and ends the whole group when
// the program ends or ctx does. stop asks the program to end.
func runCommand(ctx context.Context, cmd *exec.Cmd, output io.Writer, stop func() error) error {
	// A program dies with this process, where the system can see to it, which goes by
	// the thread that started it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd.Stdout, cmd.Stderr = output, output
	ownGroup(cmd)
	process, err := child.Start(cmd)
	if err != nil {
		return startError(cmd, err)
	}
	ended := make(chan struct{})
	stopping := context.AfterFunc(ctx, func() {
		if stop() != nil {
			killGroup(cmd.Process)
			return
		}
		select {
		case <-ended:
		case <-time.After(grace):
			killGroup(cmd.Process)
		}
	})
	err = process.Wait()
	close(ended)
	stopping()
	killGroup(cmd.Process) // what the task left running
	return endError(ctx, err)
}

func startError(cmd *exec.Cmd, err error) error {
	path := cmd.Args[0]
	file := path
	if !filepath.IsAbs(file) {
		file = filepath.Join(cmd.Dir, file)
	}
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, exec.ErrNotFound) {
		if _, statErr := os.Stat(file); statErr == nil {
			return fmt.Errorf("starting %s: the interpreter that its first line names is not here", path)
		}
		return fmt.Errorf("starting %s: there is no such program", path)
	}
	return fmt.Errorf("starting %s: %w", path, err)
}

// endError is the error of a task that ran: [exec.ExitError] where it failed.
func endError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// named says which program failed.
func named(program string, err error) error {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return fmt.Errorf("%s ended with %w", filepath.Base(program), exit)
	}
	return err
}
