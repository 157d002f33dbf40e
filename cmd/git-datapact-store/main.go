// Git-datapact-store says which store a repository uses, why, and whether it can be
// reached.
//
// Usage: git datapact store [status] [--store URL] [--json]
package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/cmd/internal/storechoice"
	"github.com/git-datapact/git-datapact/cmd/internal/storeflag"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
)

type command struct {
	storeflag.Flag
	JSON   bool   `name:"json" help:"Print what there is to say as one JSON object on a line."`
	Action string `arg:"" optional:"" enum:"status" default:"status" help:"What to do: status (default)."`
}

func (*command) Help() string {
	return "Say which store the repository uses, what chose it, and whether it can be reached. Nothing is stored or changed."
}

// A status is what is said, as JSON.
type status struct {
	Store     string             `json:"store"`
	Origin    storechoice.Origin `json:"origin"`
	Why       string             `json:"why"`
	Reachable bool               `json:"reachable"`
	Error     string             `json:"error,omitempty"`
}

// Run finds the store and tries it. That it cannot be reached is a negative answer.
func (c *command) Run(ctx context.Context, env *frame.Env) error {
	repository := gitcmd.Open("")
	defer repository.Close()
	if _, err := repository.GitDir(ctx); err != nil {
		return err
	}
	chosen, err := c.Find(ctx, repository, jobs.Later(repository))
	if err != nil {
		return err
	}
	reachErr := storeflag.Reach(ctx, chosen)
	if errors.Is(reachErr, gitcmd.ErrUsage) {
		return reachErr
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	said := status{Store: chosen.Shown(), Origin: chosen.Origin, Why: chosen.Why(), Reachable: reachErr == nil}
	reachable := "yes"
	if reachErr != nil {
		said.Error, reachable = reachErr.Error(), "no"
		reachErr = gitcmd.Negative(fmt.Errorf("the store cannot be reached: %w", reachErr))
	}
	if c.JSON {
		err = env.PrintJSON(said)
	} else {
		err = env.Printf("store      %s\nwhy        %s\nreachable  %s\n", said.Store, said.Why, reachable)
	}
	if err != nil {
		return err
	}
	return reachErr
}

func main() { frame.Main("git-datapact-store", &command{}) }
