// Package initialize is the command git-datapact-init, which makes a repository ready to record
// in.
package initialize

import (
	"context"
	"errors"
	"os"

	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/cmd/internal/storeflag"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

type command struct {
	storeflag.Flag
	JSON bool   `name:"json" help:"Print repository, store and why as one JSON object on a line."`
	Dir  string `arg:"" optional:"" help:"The repository, or the folder to make one of (default: the current one)."`
}

func (*command) Help() string {
	return "Make the current repository, or a new one, ready to record in, and say which store it uses and why."
}

// Run opens or starts the repository, tries the store, and remembers it.
func (c *command) Run(ctx context.Context, env *frame.Env) error {
	if c.Dir != "" {
		if err := os.MkdirAll(c.Dir, 0o777); err != nil {
			return err
		}
	}
	repository := gitcmd.Open(c.Dir)
	gitDir, err := repository.GitDir(ctx)
	if errors.Is(err, gitcmd.ErrNoRepository) || err == nil && c.Dir != "" && !repository.Is(ctx, c.Dir) {
		if repository, err = gitcmd.Init(ctx, c.Dir); err == nil {
			gitDir, err = repository.GitDir(ctx)
		}
	}
	if err != nil {
		return err
	}
	defer repository.Close()
	store, err := c.Prepare(ctx, repository)
	if err == nil {
		err = ledger.SetUpMerge(ctx, repository)
	}
	if err != nil {
		return err
	}
	if c.JSON {
		return env.PrintJSON(map[string]string{"repository": gitDir, "store": store.Shown(), "why": store.Why()})
	}
	return env.Printf("repository %s\nstore      %s\nwhy        %s\n", gitDir, store.Shown(), store.Why())
}

// New returns the command.
func New() frame.Command { return &command{} }
