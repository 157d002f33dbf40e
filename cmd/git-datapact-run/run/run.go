// Package run is the command git-datapact-run, which runs every execution that is due, and
// records it.
package run

import (
	"context"

	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/cmd/internal/progress"
	"github.com/git-datapact/git-datapact/cmd/internal/runs"
	"github.com/git-datapact/git-datapact/cmd/internal/storeflag"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/pipeline/local"
)

type command struct {
	storeflag.Flags
	progress.Watch
	DryRun    bool              `short:"n" help:"Say what is due, execute nothing."`
	Jobs      int               `short:"j" placeholder:"N" help:"Run N executions side by side (default: one per processor)."`
	Engine    string            `enum:",process,docker,podman" default:"" empty:"yes" placeholder:"NAME" help:"Run every task by this engine: process, docker or podman (default: what suits the job)."`
	Only      bool              `help:"Run the jobs of the branches named alone, not those that they depend on."`
	KeepGoing bool              `short:"k" help:"After a failure, go on with the other executions of that job too."`
	Outdated  bool              `help:"Run again what was recorded before its job changed."`
	Force     bool              `short:"f" help:"Run again what is fresh, too."`
	Input     map[string]string `short:"i" mapsep:"none" placeholder:"ALIAS=DIR" help:"Take this folder as an input of the one job that is named."`
	Push      frame.Optional    `placeholder:"REMOTE" help:"Push each branch after a recording (--push=REMOTE chooses where to); what others recorded meanwhile stays."`
	Log       frame.Following   `placeholder:"BRANCH[@ID]" help:"Print what the task of BRANCH[@ID] printed (default: of the last one that failed), and run nothing."`
	JSON      bool              `name:"json" help:"Print each receipt that is recorded as one JSON object on a line."`
	Aliases   bool              `name:"git-completion-aliases" hidden:"" help:"Print the aliases of what the jobs of the branches named read."`
	Branch    []string          `type:"branch" arg:"" optional:"" help:"The jobs of these branches, with those that they depend on (default: all jobs)."`
}

func (*command) Help() string {
	return "Run every execution that is due, in the order of the jobs' dependencies, and record it. Prints a selector for each receipt."
}

// Run executes what is due, says what would be executed, or prints a log.
func (c *command) Run(ctx context.Context, env *frame.Env) error {
	repository := gitcmd.Open("")
	defer repository.Close()
	if c.Log.Set {
		return runs.PrintLog(ctx, env, repository, c.Log.Value, c.Branch)
	}
	open := jobs.Later(repository)
	catalog, err := open(ctx)
	if err != nil {
		return err
	}
	if c.Aliases {
		return printAliases(ctx, env, catalog, c.Branch)
	}
	watcher := runs.NewWatcher(env, c.Watch, c.JSON)
	opts := local.Options{
		Branches: c.Branch, Only: c.Only, Jobs: c.Jobs, Engine: c.Engine, KeepGoing: c.KeepGoing,
		Outdated: c.Outdated, Force: c.Force, Inputs: c.Input, Watcher: watcher, Said: watcher.Lines(),
		Push: c.Push.Set, Remote: c.Push.Value,
	}
	if c.DryRun {
		due, bad, err := local.Due(ctx, repository, catalog, opts)
		if err != nil {
			return err
		}
		return runs.PrintDue(env, due, bad, c.JSON)
	}
	chosen, err := c.Find(ctx, repository, open)
	if err != nil {
		return err
	}
	a, err := c.OpenArchive(ctx, env, repository, chosen, storeflag.Storing)
	if err != nil {
		return err
	}
	defer storeflag.CloseArchive(a)
	summary, err := local.Run(ctx, a, catalog, opts)
	watcher.Close(summary, err)
	if c.Push.Set {
		chosen.WarnOfPush(env)
	}
	return err
}

// printAliases prints what --input can name of the inputs of jobs.
func printAliases(ctx context.Context, env *frame.Env, catalog *jobs.Catalog, branches []string) error {
	for _, branch := range branches {
		job, err := catalog.Job(ctx, branch)
		if err != nil {
			return err
		}
		for _, in := range job.Input {
			if err := env.Printf("%s\n", in.Alias); err != nil {
				return err
			}
		}
	}
	return nil
}

// New returns the command.
func New() frame.Command { return &command{} }
