// Package validate is the command git-datapact-validate, which holds receipts and jobs against
// the rules of dataset branches, and is the hook that does.
package validate

import (
	"context"
	"errors"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/cmd/internal/findings"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/cmd/internal/storeflag"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/pipeline/validate"
)

type command struct {
	All       bool     `xor:"what" help:"Check the whole history of every local branch."`
	Staged    bool     `xor:"what" help:"Check what the index would commit."`
	Hook      string   `xor:"what" placeholder:"HOOK" help:"Be this hook of git: pre-commit, pre-push, update, pre-receive or post-receive."`
	Install   bool     `xor:"what" help:"Make the check a hook of the repository; one that is there runs first."`
	Uninstall bool     `xor:"what" help:"Take the hook out again."`
	Branch    string   `short:"b" placeholder:"NAME" help:"The branch that the commits of a range are for (default: the one it names)."`
	JSON      bool     `name:"json" help:"Print each finding as one JSON object on a line."`
	Argument  []string `arg:"" optional:"" help:"A revision range such as origin/data..data (default: what the current branch has before its upstream, or all of it); the hooks; or what git gives to the hook."`
}

func (*command) Help() string {
	return "Check receipts and jobs against the rules of dataset branches, in a range of commits, in the index, or as a hook of git. The rules and their levels are in git-datapact-validate(1)."
}

// Run prints the findings. One that is an error is a negative answer.
func (c *command) Run(ctx context.Context, env *frame.Env) (err error) {
	defer storeflag.Hint(&err)
	repository := gitcmd.OpenAsStored("")
	defer repository.Close()
	if c.Install || c.Uninstall {
		changes, err := validate.SetHooks(ctx, repository, c.Argument, c.Install)
		for _, change := range changes {
			if change.Path != "" {
				err = errors.Join(err, env.Printf("%s\n", change.Path))
			}
			if change.Text != "" {
				env.Infof("%s", change.Text)
			}
		}
		return err
	}
	request := validate.Request{All: c.All, Staged: c.Staged, Hook: c.Hook, Branch: c.Branch, Arguments: c.Argument, Input: env.Stdin}
	printer := findings.NewPrinter(env, c.JSON, c.Hook != "")
	open := func(ctx context.Context, repository *gitcmd.Repository) ([]*blobs.Store, error) {
		flags := &storeflag.Flags{}
		chosen, err := flags.Find(ctx, repository, jobs.Later(repository))
		if err != nil {
			return nil, err
		}
		return flags.OpenAll(ctx, repository, chosen)
	}
	summary, err := request.Run(ctx, repository, validate.Options{Visit: printer.Print, Open: open})
	return printer.Close(summary, err)
}

// New returns the command.
func New() frame.Command { return &command{} }
