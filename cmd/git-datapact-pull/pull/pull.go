// Package pull is the command git-datapact-pull, which brings what others recorded to all
// dataset branches.
package pull

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/git-datapact/git-datapact/cmd/internal/exchanges"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/exchange"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

type command struct {
	DryRun      bool     `short:"n" help:"Fetch, and say what would be done, but change no local branch."`
	JSON        bool     `name:"json" help:"Print a JSON object per branch and line."`
	MergeDriver bool     `help:"Merge two versions of a receipt, as git asks for it: the arguments are %O %A %B %P of gitattributes(5)."`
	Remote      []string `arg:"" optional:"" help:"The remote (default: origin, or the only one)."`
}

func (*command) Help() string {
	return "Bring what others recorded to all dataset branches at once: start those that only the remote has, and put your own receipts on top where both sides recorded some."
}

// Run pulls, and prints a line for each branch that changed.
func (c *command) Run(ctx context.Context, env *frame.Env) error {
	if c.MergeDriver {
		return c.merge()
	}
	if len(c.Remote) > 1 {
		return gitcmd.Usage(fmt.Errorf("unexpected argument %s", c.Remote[1]))
	}
	repository := gitcmd.Open("")
	defer repository.Close()
	remote, err := exchanges.Remote(ctx, repository, append(c.Remote, "")[0], false)
	if err != nil {
		return err
	}
	outcomes, err := exchange.Pull(ctx, repository, remote, &exchange.Options{DryRun: c.DryRun})
	if err == nil && !c.DryRun {
		err = ledger.SetUpMerge(ctx, repository)
	}
	if err != nil {
		return err
	}
	return exchanges.Print(env, remote, outcomes, c.JSON)
}

// merge leaves the newer of two versions of a receipt where git looks for the outcome. A
// failure is a conflict for git.
func (c *command) merge() error {
	if len(c.Remote) != 4 || c.DryRun || c.JSON {
		return gitcmd.Usage(errors.New("--merge-driver takes four arguments: BASE OURS THEIRS PATH"))
	}
	ours, err := os.ReadFile(c.Remote[1])
	if err != nil {
		return err
	}
	theirs, err := os.ReadFile(c.Remote[2])
	if err != nil {
		return err
	}
	newer, err := ledger.Newer(c.Remote[3], ours, theirs)
	if err != nil {
		return err
	}
	return os.WriteFile(c.Remote[1], newer, 0o666)
}

// New returns the command.
func New() frame.Command { return &command{} }
