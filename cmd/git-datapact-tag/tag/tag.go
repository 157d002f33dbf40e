// Package tag is the command git-datapact-tag, which gives receipts names, as tags of git.
package tag

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/pipeline/plan"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

type command struct {
	Delete   bool     `short:"d" help:"Delete tags of receipts."`
	Force    bool     `short:"f" help:"Move a tag that there is."`
	Message  []string `short:"m" sep:"none" placeholder:"MESSAGE" help:"What the tag says; several are paragraphs."`
	JSON     bool     `name:"json" help:"Print each tag as one JSON object on a line."`
	Argument []string `arg:"" optional:"" help:"The name of the tag and a selector; or nothing, to list the tags."`
}

func (*command) Help() string {
	return "Give a receipt a name: make a tag of git, of the commit that recorded it, that says which receipt it is. The name is a selector then. 'git push REMOTE NAME' shares it. Without arguments, list the tags of receipts."
}

// Run makes, deletes or lists tags.
func (c *command) Run(ctx context.Context, env *frame.Env) error {
	repository := gitcmd.Open("")
	defer repository.Close()
	making := c.Force || len(c.Message) > 0
	switch {
	case c.Delete && !making && len(c.Argument) > 0:
		return c.delete(ctx, env, repository)
	case !c.Delete && len(c.Argument) == 2:
		return c.make(ctx, env, repository)
	case !c.Delete && !making && len(c.Argument) == 0:
		return c.list(ctx, env, repository)
	}
	return gitcmd.Usage(errors.New("want NAME and SELECTOR, or --delete with names, or nothing"))
}

func (c *command) make(ctx context.Context, env *frame.Env, repository *gitcmd.Repository) error {
	name := c.Argument[0]
	if err := gitcmd.CheckTagName(name); err != nil {
		return gitcmd.Usage(err)
	}
	l, selector, err := ledger.OpenSelector(ctx, repository, c.Argument[1], plan.Leave(repository, jobs.Later(repository)))
	if err != nil {
		return err
	}
	entry, err := l.Lookup(ctx, selector)
	if err == nil {
		err = l.Locate(ctx, entry)
	}
	if err != nil {
		return err
	}
	if err := ledger.Tag(ctx, repository, name, entry, strings.TrimSpace(strings.Join(c.Message, "\n\n")), c.Force); err != nil {
		return err
	}
	tagged, err := ledger.FindTag(ctx, repository, name)
	if err != nil {
		return err
	}
	if branch, err := repository.FindBranch(ctx, name); err == nil {
		env.Warnf("branch %s has the name of the tag: as a selector it means the branch, and %s@{tag=%s} the tag", branch.Name, tagged.Branch, name)
	}
	return c.print(env, tagged)
}

// print prints a tag and its receipt.
func (c *command) print(env *frame.Env, tag ledger.Tagged) error {
	if c.JSON {
		return env.PrintJSON(map[string]any{"name": tag.Name, "branch": tag.Branch, "id": tag.ID, "commit": tag.Commit})
	}
	return env.Printf("%s  %s@%s\n", tag.Name, tag.Branch, tag.ID[:12])
}

func (c *command) list(ctx context.Context, env *frame.Env, repository *gitcmd.Repository) error {
	tags, err := ledger.Tags(ctx, repository)
	if err != nil {
		return err
	}
	for _, tag := range tags {
		if err := c.print(env, tag); err != nil {
			return err
		}
	}
	if len(tags) == 0 {
		return gitcmd.ErrNegative
	}
	return nil
}

// delete deletes tags, all or none: every one must name a receipt.
func (c *command) delete(ctx context.Context, env *frame.Env, repository *gitcmd.Repository) error {
	var tags []ledger.Tagged
	for _, name := range c.Argument {
		tag, err := ledger.FindTag(ctx, repository, name)
		if errors.Is(err, gitcmd.ErrNotFound) {
			err = gitcmd.Negative(err)
		}
		if err != nil {
			return err
		}
		tags = append(tags, tag)
	}
	for _, tag := range tags {
		if err := repository.DeleteTag(ctx, tag.Name); err != nil {
			return fmt.Errorf("deleting tag %s: %w", tag.Name, err)
		}
		if err := c.print(env, tag); err != nil {
			return err
		}
	}
	return nil
}

// New returns the command.
func New() frame.Command { return &command{} }
