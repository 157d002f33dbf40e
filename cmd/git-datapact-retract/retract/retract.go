// Package retract is the command git-datapact-retract, which takes receipts back.
package retract

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/git-datapact/git-datapact/cmd/internal/entries"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/pipeline/plan"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

type command struct {
	Message  []string       `short:"m" sep:"none" placeholder:"WHY" help:"The reason; several are paragraphs."`
	Push     frame.Optional `placeholder:"REMOTE" help:"Push the branches afterwards (--push=REMOTE chooses where to)."`
	DryRun   bool           `short:"n" help:"Print what would be retracted, commit nothing."`
	JSON     bool           `name:"json" help:"Print each receipt as one JSON object on a line."`
	Selector []string       `arg:"" help:"The receipts to take back."`
}

func (*command) Help() string {
	return "Take receipts back: one commit on each branch removes them and says why. Nothing reads them from then on, what was made of them is unplanned, and the same result can be recorded again."
}

// Run takes back what the selectors name, or nothing where one of them names nothing.
func (c *command) Run(ctx context.Context, env *frame.Env) error {
	why := strings.TrimSpace(strings.Join(c.Message, "\n\n"))
	if why == "" {
		return gitcmd.Usage(errors.New("the reason is missing: want -m WHY"))
	}
	repository := gitcmd.Open("")
	defer repository.Close()
	chosen, err := c.choose(ctx, repository)
	if err != nil {
		return err
	}
	branches := slices.Sorted(maps.Keys(chosen))
	for _, branch := range branches {
		if err := c.retract(ctx, env, repository, branch, chosen[branch], why); err != nil {
			return err
		}
	}
	if !c.Push.Set || c.DryRun {
		return nil
	}
	return ledger.PushAll(ctx, repository, branches, c.Push.Value)
}

// choose finds the receipts, each once, by branch.
func (c *command) choose(ctx context.Context, repository *gitcmd.Repository) (map[string][]*ledger.Entry, error) {
	leave := plan.Leave(repository, jobs.Later(repository))
	chosen := map[string][]*ledger.Entry{}
	for _, text := range c.Selector {
		l, selector, err := ledger.OpenSelector(ctx, repository, text, leave)
		if err != nil {
			return nil, err
		}
		entry, err := l.Lookup(ctx, selector)
		if err != nil {
			return nil, err
		}
		now, err := ledger.Open(ctx, repository, selector.Branch) // which a tag is not at
		if err != nil {
			return nil, err
		}
		current, err := now.Find(ctx, entry.ID)
		if err != nil {
			return nil, err
		}
		if current.Blob != entry.Blob {
			return nil, gitcmd.WithHint(fmt.Errorf("%s: it was executed again since, at %s", text, current.Receipt.Timestamp),
				"name the receipt by its id to take it back: "+selector.Branch+"@"+string(entry.ID[:12]))
		}
		branch := selector.Branch
		if !slices.ContainsFunc(chosen[branch], func(e *ledger.Entry) bool { return e.ID == entry.ID }) {
			chosen[branch] = append(chosen[branch], current)
		}
		if _, err := repository.Branch(ctx, branch); err != nil { // a remote's is not ours to commit on
			return nil, ledger.CheckBranch(ctx, repository, branch)
		}
	}
	return chosen, nil
}

func (c *command) retract(ctx context.Context, env *frame.Env, repository *gitcmd.Repository, branch string, list []*ledger.Entry, why string) error {
	var failed error
	if !c.DryRun {
		ids := make([]receipts.ID, len(list))
		for i, entry := range list {
			ids[i] = entry.ID
		}
		commit, err := ledger.Retract(ctx, repository, branch, ids, why)
		if commit == "" {
			return err
		}
		for _, entry := range list {
			entry.Commit = commit
		}
		failed = err // the worktree could not follow
	}
	for _, entry := range list {
		if err := entries.Print(env, entry, c.JSON, entries.Selector); err != nil {
			return errors.Join(failed, err)
		}
	}
	return failed
}

// New returns the command.
func New() frame.Command { return &command{} }
