// Package ls is the command git-datapact-ls, which lists the outputs of a receipt.
package ls

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/git-datapact/git-datapact/cmd/internal/entries"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/cmd/internal/storeflag"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/pipeline/plan"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/archive"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

type command struct {
	storeflag.Flag
	Long     bool               `short:"l" xor:"form" help:"Say how large each file is, and how it is stored."`
	Tree     bool               `xor:"form" help:"Draw the folders, with how large they are."`
	Raw      bool               `xor:"form" help:"List the paths of what is stored, with the suffixes of the filters."`
	JSON     bool               `name:"json" xor:"form" help:"Print one JSON object per output and line."`
	Selector string             `arg:"" optional:"" help:"Which receipt; the newest of the current branch by default."`
	Path     []receipts.Pattern `arg:"" optional:"" help:"Outputs to list: names, folders, or patterns such as '*.csv' and 'logs/**'."`
}

func (*command) Help() string {
	return "List the outputs of a receipt. What is in packed folders is read from the store."
}

// Run lists them. That no output matches is a negative answer.
func (c *command) Run(ctx context.Context, env *frame.Env) (err error) {
	defer storeflag.Hint(&err)
	repository := gitcmd.Open("")
	defer repository.Close()
	catalog := jobs.Later(repository)
	l, selector, err := ledger.OpenSelector(ctx, repository, c.Selector, plan.Leave(repository, catalog))
	if err != nil {
		return err
	}
	entry, err := l.Lookup(ctx, selector)
	if err != nil {
		return err
	}
	files, err := c.files(ctx, env, repository, catalog, entry)
	if err != nil {
		return err
	}
	if err := c.print(env, files); err != nil {
		return err
	}
	return c.checkMatched(entry, files)
}

// checkMatched wants each path that was asked for to match an output.
func (c *command) checkMatched(entry *ledger.Entry, files []entries.File) error {
	var unmatched []string
	for _, p := range c.Path {
		if !slices.ContainsFunc(files, func(f entries.File) bool { return f.ChosenBy(p) }) {
			unmatched = append(unmatched, string(p))
		}
	}
	if len(unmatched) == 0 {
		return nil
	}
	return gitcmd.Negative(fmt.Errorf("no output of %s@%s matches %s", entry.Receipt.Branch, entry.ID, strings.Join(unmatched, ", ")))
}

func (c *command) print(env *frame.Env, files []entries.File) error {
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

// files are what is to be listed. The store is opened only for packed folders.
func (c *command) files(ctx context.Context, env *frame.Env, repository *gitcmd.Repository, catalog jobs.Opener, entry *ledger.Entry) (files []entries.File, err error) {
	if c.Raw || !archive.HasFolder(entry.Receipt) {
		return entries.Files(entry.Receipt, c.Path), nil
	}
	a, err := c.FindArchive(ctx, env, repository, catalog, storeflag.Reading)
	if err != nil {
		return nil, err
	}
	defer storeflag.CloseArchive(a)
	defer c.MissingHint(ctx, repository, catalog, &err)
	return entries.AllFiles(entry.Receipt, c.Path, func(o *receipts.Output) ([]receipts.Output, error) {
		return a.Unpacked(ctx, entry, o)
	})
}

// New returns the command.
func New() frame.Command { return &command{} }
