package replay

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/git-datapact/git-datapact/cmd/internal/entries"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/cmd/internal/plans"
	"github.com/git-datapact/git-datapact/cmd/internal/storechoice"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/pipeline/local/failures"
	"github.com/git-datapact/git-datapact/pipeline/plan"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// failedAfter is how long an execution is due that is taken for failed elsewhere:
// Concourse has been told of it, and would have recorded it.
const failedAfter = time.Hour

// A choice is the receipts to replay, and the executions to ask for.
type choice struct {
	entries  []*ledger.Entry
	requests []plan.Request
	open     jobs.Opener // of the jobs that it was chosen by
}

func (c *command) choose(ctx context.Context, repository *gitcmd.Repository) (choice, error) {
	open := jobs.Later(repository)
	chosen := choice{open: open}
	leave := plan.Leave(repository, open)
	for _, text := range c.Selector {
		entry, err := ledger.Lookup(ctx, repository, text, leave)
		if err != nil {
			return chosen, err
		}
		if !slices.ContainsFunc(chosen.entries, func(e *ledger.Entry) bool { return e.Blob == entry.Blob && e.Receipt.Branch == entry.Receipt.Branch }) {
			chosen.entries = append(chosen.entries, entry)
		}
	}
	catalog, err := open(ctx)
	if err != nil {
		return chosen, err
	}
	planner := plan.NewPlanner(repository, catalog)
	for state, branches := range map[plan.State][]string{plan.Pending: c.Pending, plan.Stale: c.Stale, plan.Outdated: c.Outdated} {
		for _, branch := range branches {
			if err := chosen.ask(ctx, planner, catalog, branch, func(e *plan.Execution) bool { return e.State == state }); err != nil {
				return chosen, err
			}
		}
	}
	for _, branch := range c.Failed {
		failed, err := failedHere(ctx, repository, branch)
		if err == nil {
			err = chosen.ask(ctx, planner, catalog, branch, func(e *plan.Execution) bool { return failed(e.ID) || dueFor(e) > failedAfter })
		}
		if err != nil {
			return chosen, err
		}
	}
	slices.SortFunc(chosen.requests, func(a, b plan.Request) int { return strings.Compare(a.Branch, b.Branch) })
	return chosen, nil
}

// ask adds the executions of a job that are wanted and can run. All of one job are one
// request.
func (c *choice) ask(ctx context.Context, planner *plan.Planner, catalog *jobs.Catalog, branch string, wanted func(*plan.Execution) bool) error {
	job, err := catalog.Job(ctx, branch)
	if err != nil {
		return err
	}
	p, err := planner.Plan(ctx, job)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(c.requests, func(r plan.Request) bool { return r.Branch == branch })
	for _, e := range p.Executions {
		if e.Waiting || !wanted(&e) {
			continue
		}
		if at < 0 {
			at = len(c.requests)
			c.requests = append(c.requests, plan.Request{Branch: branch})
		}
		if !slices.Contains(c.requests[at].IDs(), e.ID) {
			c.requests[at].Executions = append(c.requests[at].Executions, e)
		}
	}
	return nil
}

// failedHere tells which executions of a branch failed in this clone.
func failedHere(ctx context.Context, repository *gitcmd.Repository, branch string) (func(receipts.ID) bool, error) {
	known, err := failures.Open(ctx, repository)
	return func(id receipts.ID) bool {
		return known.Stands(ctx, repository, failures.BranchFolder(branch), string(id))
	}, err
}

// dueFor is how long all inputs of an execution have been there.
func dueFor(e *plan.Execution) time.Duration {
	var newest receipts.Timestamp
	for _, in := range e.Inputs {
		if newest.Before(in.Timestamp) {
			newest = in.Timestamp
		}
	}
	if e.State == plan.Outdated {
		return 0
	}
	return time.Since(newest.Time())
}

// announce replays and asks, prints what, and pushes if asked to.
func (c *command) announce(ctx context.Context, env *frame.Env, repository *gitcmd.Repository, chosen choice) error {
	print := func(entry *ledger.Entry) error { return entries.Print(env, entry, c.JSON, entries.Selector) }
	var branches []string
	for _, entry := range chosen.entries {
		branches = append(branches, entry.Receipt.Branch)
		if c.DryRun {
			if err := print(entry); err != nil {
				return err
			}
		}
	}
	if !c.DryRun {
		if err := plan.Replay(ctx, repository, chosen.entries, print); err != nil {
			return err
		}
	}
	for _, request := range chosen.requests {
		branches = append(branches, request.Branch)
		if !c.DryRun {
			if _, err := ledger.Ask(ctx, repository, request.Branch, request.IDs()); err != nil {
				return err
			}
		}
		if err := c.printRequest(env, request); err != nil {
			return err
		}
	}
	if !c.Push.Set || c.DryRun {
		return nil
	}
	slices.Sort(branches)
	if err := ledger.PushAll(ctx, repository, slices.Compact(branches), c.Push.Value); err != nil {
		return err
	}
	store, err := storechoice.Find(ctx, repository, "", chosen.open)
	if err == nil {
		store.WarnOfPush(env)
	}
	return err
}

func (c *command) printRequest(env *frame.Env, request plan.Request) error {
	for _, e := range request.Executions {
		var err error
		if c.JSON {
			err = env.PrintJSON(struct {
				Branch string `json:"branch"`
				plans.Execution
			}{request.Branch, plans.ExecutionJSON(&e)})
		} else {
			err = env.Printf("%s@%s\n", request.Branch, e.ID)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
