// Git-datapact-status tells what the jobs of a repository have recorded, and what is
// pending or out of date.
//
// Usage: git datapact status [--explain] [--json] [BRANCH…]
package main

import (
	"context"

	"github.com/git-datapact/git-datapact/cmd/internal/plans"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/local/failures"
	"github.com/git-datapact/git-datapact/pipeline/plan"
)

type command struct {
	Explain bool     `help:"Say of each execution that is pending, stale or outdated why it is."`
	JSON    bool     `name:"json" help:"Print one JSON object per job and line."`
	Branch  []string `arg:"" optional:"" help:"The jobs of these branches (default: those of datapact.json, else of every local branch with config/job.json)."`
}

func (*command) Help() string {
	return "Tell what the jobs of a repository have recorded, and what is pending or out of date, from receipts alone."
}

// Run prints a line per job. That something is pending or stale is a negative
// answer.
func (c *command) Run(ctx context.Context, env *gitcmd.Env) error {
	repository := gitcmd.Open("")
	defer repository.Close()
	list, err := plan.All(ctx, repository, c.Branch...)
	if err != nil {
		return err
	}
	known, err := failures.Open(ctx, repository)
	if err != nil {
		return err
	}
	due := 0
	for _, p := range list {
		failed, err := known.Last(ctx, repository, p.Job.Branch)
		if err != nil {
			return err
		}
		due += p.Count(plan.Pending) + p.Count(plan.Stale)
		if c.JSON {
			err = env.PrintJSON(plans.JSON(p, failed, c.Explain))
		} else {
			err = env.Printf("%s", plans.Text(p, failed, plans.Width(list), c.Explain))
		}
		if err != nil {
			return err
		}
	}
	if due > 0 {
		return gitcmd.ErrNegative
	}
	return nil
}

func main() { gitcmd.Main("git-datapact-status", &command{}) }
