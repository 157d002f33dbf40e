// Package ls is the command git-datapact-ls, which lists the outputs of a receipt.
package ls

import (
	"context"
	"fmt"

	"github.com/git-datapact/git-datapact/cmd/internal/entries"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/pipeline/plan"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

type command struct {
	Long     bool               `short:"l" xor:"form" help:"Say how large each file is, and how it is stored."`
	Tree     bool               `xor:"form" help:"Draw the folders, with how large they are."`
	Raw      bool               `xor:"form" help:"List the paths of what is stored, with the suffixes of the filters."`
	JSON     bool               `name:"json" xor:"form" help:"Print one JSON object per output and line."`
	Selector string             `arg:"" optional:"" help:"Which receipt; the newest of the current branch by default."`
	Path     []receipts.Pattern `arg:"" optional:"" help:"Outputs to list: names, folders, or patterns such as '*.csv' and 'logs/**'."`
}

func (*command) Help() string { return "List the outputs of a receipt." }

// Run lists them. That no output matches is a negative answer.
func (c *command) Run(ctx context.Context, env *frame.Env) error {
	repository := gitcmd.Open("")
	defer repository.Close()
	l, selector, err := ledger.OpenSelector(ctx, repository, c.Selector, plan.Leave(repository, jobs.Later(repository)))
	if err != nil {
		return err
	}
	entry, err := l.Lookup(ctx, selector)
	if err != nil {
		return err
	}
	files := entries.Files(entry.Receipt, c.Path)
	if len(files) == 0 && len(c.Path) > 0 {
		return gitcmd.Negative(fmt.Errorf("no output of %s@%s matches", entry.Receipt.Branch, entry.ID))
	}
	switch {
	case c.JSON:
		for _, f := range files {
			if err := env.PrintJSON(f.JSON()); err != nil {
				return err
			}
		}
		return nil
	case c.Tree:
		return printTree(env, files)
	case c.Long:
		return printLong(env, files)
	}
	for _, f := range files {
		if c.Raw {
			f.Path = f.Output.Path
		}
		if err := env.Printf("%s\n", f.Path); err != nil {
			return err
		}
	}
	return nil
}

// New returns the command.
func New() frame.Command { return &command{} }
