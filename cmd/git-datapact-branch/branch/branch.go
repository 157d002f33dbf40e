// Package branch is the command git-datapact-branch, which starts a dataset branch, without
// touching the checkout.
package branch

import (
	"context"

	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
)

type command struct {
	Input   []string      `type:"branch" short:"i" sep:"none" placeholder:"BRANCH" help:"The job reads this branch."`
	Code    jobs.CodePath `placeholder:"BRANCH:PATH" help:"The job runs this file, or the files of this folder, of another branch; they stand in the folder code."`
	Image   string        `placeholder:"REPOSITORY" help:"The job runs in this container image."`
	Docker  bool          `help:"Start docker/ with a Dockerfile and a script of the branch's own."`
	JSON    bool          `name:"json" help:"Print branch and commit as one JSON object on a line."`
	Name    string        `type:"branch" arg:"" help:"The branch to start."`
	Command []string      `arg:"" optional:"" empty:"yes" help:"What the job runs."`
}

func (*command) Help() string {
	return "Start a dataset branch: a first commit with config/job.json, without history and without touching the checkout."
}

// Run starts the branch and says so.
func (c *command) Run(ctx context.Context, env *frame.Env) error {
	repository := gitcmd.Open("")
	defer repository.Close()
	commit, err := jobs.Start(ctx, repository, c.Name, jobs.NewJob{
		Inputs: c.Input, Code: c.Code, Image: c.Image, Docker: c.Docker, Command: c.Command,
	})
	if err != nil {
		return err
	}
	if c.JSON {
		return env.PrintJSON(map[string]string{"branch": c.Name, "commit": string(commit)})
	}
	return env.Printf("Started branch %s (%s)\n", c.Name, commit.Short())
}

// New returns the command.
func New() frame.Command { return &command{} }
