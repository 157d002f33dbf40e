// Package status is the command git-datapact-status, which tells what the jobs of a repository
// have recorded, and what is pending or out of date.
package status

import (
	"context"

	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/exchange"
)

type command struct {
	Explain bool     `help:"Say of each execution that is due, waiting or outdated why it is, and of each unplanned receipt."`
	Due     bool     `help:"Leave out jobs of which nothing is due or waiting."`
	Fetch   bool     `help:"Fetch from the remote first, to know how the branches stand to it."`
	JSON    bool     `name:"json" help:"Print one JSON object per job and line."`
	Branch  []string `type:"branch" arg:"" optional:"" help:"The jobs of these branches (default: those of datapact.json, else of every local branch with config/job.json)."`
}

func (*command) Help() string {
	return "Tell what the jobs of a repository have recorded, and what is pending or out of date, from receipts alone."
}

// Run prints a line per job, in the order of their dependencies. That something of them,
// or of what they depend on, is due is a negative answer.
func (c *command) Run(ctx context.Context, env *frame.Env) error {
	repository := gitcmd.Open("")
	defer repository.Close()
	distances, remote, err := exchange.Distances(ctx, repository, c.Fetch)
	if err != nil {
		return err
	}
	s, err := c.survey(ctx, env, repository)
	if err != nil {
		return err
	}
	s.compare(env, distances, remote)
	if err := c.print(env, s); err != nil {
		return err
	}
	return s.answer()
}

// New returns the command.
func New() frame.Command { return &command{} }
