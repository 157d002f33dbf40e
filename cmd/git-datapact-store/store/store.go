// Package store is the command git-datapact-store, which says which store a repository uses,
// why, and how full it is, and moves a repository to another one.
package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/cmd/internal/progress"
	"github.com/git-datapact/git-datapact/cmd/internal/storeflag"
	"github.com/git-datapact/git-datapact/cmd/internal/units"
	"github.com/git-datapact/git-datapact/gitcmd"
)

type command struct {
	storeflag.Flags
	progress.Watch
	DryRun bool       `short:"n" help:"Say how much migrate, push or pull would copy, and copy nothing."`
	Force  bool       `help:"Let migrate switch although blobs are missing."`
	Jobs   int        `short:"j" placeholder:"N" help:"Copy N blobs side by side (default: 8)."`
	Size   units.Size `placeholder:"SIZE" default:"64M" help:"Let test send an object of SIZE, such as 4096, 64M or 2G (default: 64M); 0 leaves it at the checks."`
	JSON   bool       `name:"json" help:"Print what there is to say as one JSON object on a line."`
	Action string     `arg:"" optional:"" help:"What to do: status, test, migrate, push or pull (default: say which store it is)."`
	URL    string     `arg:"" optional:"" name:"url" help:"The store to test, to migrate to, to push to or to pull from."`
}

// usualSize is the default of --size.
const usualSize = 64 << 20

func (*command) Help() string {
	return "Say which store the repository uses, what chose it, whether it can be reached, and how full it is (status). Find out what a store can do, and how fast it is (test). Move to another store (migrate), or copy what one store has and another lacks (push, pull)."
}

// Run does what is asked for.
func (c *command) Run(ctx context.Context, env *frame.Env) (err error) {
	defer storeflag.Hint(&err)
	if err := c.check(); err != nil {
		return gitcmd.Usage(err)
	}
	repository := gitcmd.Open("")
	defer repository.Close()
	if _, err := repository.GitDir(ctx); err != nil {
		return err
	}
	switch c.Action {
	case "test":
		return c.test(ctx, env, repository)
	case "migrate":
		return c.migrate(ctx, env, repository)
	case "push", "pull":
		return c.exchange(ctx, env, repository)
	}
	return c.status(ctx, env, repository)
}

// check looks at what the command line says, before anything is done.
func (c *command) check() error {
	copies := c.Action == "migrate" || c.Action == "push" || c.Action == "pull"
	switch {
	case c.Action != "" && c.Action != "status" && c.Action != "test" && !copies:
		return fmt.Errorf("there is no action %q: want status, test, migrate, push or pull", c.Action)
	case c.URL != "" && c.Action != "test" && !copies:
		return fmt.Errorf("unexpected argument %s: another store is named with --store", gitcmd.ShownAddresses(c.URL))
	case c.URL == "" && c.Action == "migrate":
		return errors.New("migrate: want the URL of the store to move to")
	case !copies && (c.DryRun || c.Jobs != 0):
		return errors.New("--dry-run and --jobs go with migrate, push and pull")
	case c.Size != usualSize && c.Action != "test":
		return errors.New("--size goes with test")
	case c.Force && c.Action != "migrate":
		return errors.New("--force goes with migrate")
	case !copies && c.Action != "test" && (c.Transfers != nil || c.LimitRate != nil):
		return errors.New("--transfers and --limit-rate go with test, migrate, push and pull")
	case c.Jobs < 0:
		return errors.New("--jobs: want a number above 0")
	}
	return nil
}

// New returns the command.
func New() frame.Command { return &command{} }
