package resource

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/gitcmd/remote"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/pipeline/plan"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// A planning is the plan of a job by what a server has. Its clone holds the whole
// history of the branches that the plan depends on.
type planning struct {
	clone  *remote.Clone
	source *Source
	likely []string               // branches that the plan is likely to depend on
	there  map[string]gitcmd.Hash // the branches of the server, as far as they are known
	looked bool                   // they are: all of them
	tips   map[string]gitcmd.Hash // of those that the plan depends on
	job    *jobs.Job
	jobs   *jobs.Catalog // as it was asked for last, nil before that
}

// look asks the server for its branches.
func (p *planning) look(ctx context.Context) error {
	refs, err := p.clone.RemoteRefs(ctx, remote.Remote)
	if err != nil {
		return err
	}
	p.looked = true
	p.there = map[string]gitcmd.Hash{}
	for _, ref := range refs {
		if branch, ok := ref.Branch(); ok {
			p.there[branch.Name] = ref.Hash
		}
	}
	if p.there[p.source.Plan] == "" {
		return &missingBranch{fmt.Errorf("git server: branch %s: %w", p.source.Plan, gitcmd.ErrNotFound)}
	}
	return nil
}

// bring fetches the job's branch, those that it reads, and those that these depend on.
func (p *planning) bring(ctx context.Context) error {
	if err := p.guess(ctx); err != nil {
		return err
	}
	wanted := map[string]bool{p.source.Plan: true}
	for {
		if err := p.fetch(ctx, wanted); err != nil {
			return err
		}
		catalog := p.catalog(p.tips)
		more := false
		for _, name := range slices.Sorted(maps.Keys(wanted)) {
			job, err := catalog.Job(ctx, name)
			if ctx.Err() != nil || err != nil && name == p.source.Plan {
				return err
			}
			if err != nil {
				continue // its receipts count, whatever its job would say
			}
			if name == p.source.Plan {
				p.job = job
			}
			for _, branch := range job.InputBranches() {
				more = more || !wanted[branch]
				wanted[branch] = true
			}
		}
		if !more {
			return nil
		}
	}
}

// guess fetches the branches that the plan is likely to depend on, all at once. The server
// is asked which there are only where one of them is not there.
func (p *planning) guess(ctx context.Context) error {
	if !p.looked && len(p.likely) > 0 {
		if err := p.get(ctx, p.likely); !errors.Is(err, gitcmd.ErrNotFound) {
			return err
		}
	}
	if !p.looked {
		if err := p.look(ctx); err != nil {
			return err
		}
	}
	return p.get(ctx, p.behind(ctx, p.likely))
}

// fetch brings those of some branches that are not here as the server has them.
func (p *planning) fetch(ctx context.Context, wanted map[string]bool) error {
	names := slices.Sorted(maps.Keys(wanted))
	isNew := func(name string) bool { return p.there[name] == "" }
	if !p.looked && slices.ContainsFunc(names, isNew) {
		if err := p.look(ctx); err != nil {
			return err
		}
	}
	if err := p.get(ctx, p.behind(ctx, names)); err != nil {
		return err
	}
	p.tips = map[string]gitcmd.Hash{}
	for _, name := range names {
		if hash := p.there[name]; hash != "" { // else the job's error, if it is one, says so
			p.tips[name] = hash
		}
	}
	return nil
}

// behind lists those of some branches of the server that are not here as it has them.
func (p *planning) behind(ctx context.Context, names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		there := p.there[name]
		here, err := p.clone.BranchCommit(ctx, name)
		return there == "" || err == nil && here == there
	})
}

// get fetches branches, and notes where the server has them.
func (p *planning) get(ctx context.Context, names []string) error {
	if len(names) == 0 {
		return nil
	}
	if err := p.clone.FetchBranches(ctx, remote.Extent{}, names...); err != nil {
		return err
	}
	if p.there == nil {
		p.there = map[string]gitcmd.Hash{}
	}
	for _, name := range names {
		var err error
		if p.there[name], err = p.clone.BranchCommit(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// catalog reads the jobs as some commits have them, each once.
func (p *planning) catalog(tips map[string]gitcmd.Hash) *jobs.Catalog {
	if p.jobs == nil {
		p.jobs = jobs.At(p.clone.Repository, tips, p.source.PlanJobs)
	} else {
		p.jobs = p.jobs.Moved(tips)
	}
	return p.jobs
}

func (p *planning) plan(ctx context.Context, tips map[string]gitcmd.Hash, fresh bool) (*plan.Plan, error) {
	catalog := p.catalog(tips)
	job, err := catalog.Job(ctx, p.source.Plan)
	if err != nil {
		return nil, err
	}
	for _, branch := range job.InputBranches() {
		if _, err := catalog.Branch(ctx, branch); err != nil {
			return nil, fmt.Errorf("%s:%s: input: %w", job.Branch, jobs.File, err)
		}
	}
	planner := plan.NewPlanner(p.clone.Repository, catalog)
	planner.Fresh = fresh
	return planner.Plan(ctx, job)
}

// A dueKey tells for what cause an execution is due: its inputs as they were recorded.
type dueKey struct {
	id     receipts.ID
	inputs string
}

// due lists the executions that can be built now, by their causes, in the planner's
// order, and tells whether others have to wait for the second to pass.
func due(made *plan.Plan, now time.Time) (list []plan.Execution, keys []dueKey, settling bool) {
	for _, e := range made.Executions {
		switch {
		case e.Waiting || e.State != plan.Pending && e.State != plan.Stale:
		case plan.Settling(&e, now):
			settling = true
		default:
			list, keys = append(list, e), append(keys, keyOf(&e))
		}
	}
	return list, keys, settling
}

func keyOf(e *plan.Execution) dueKey {
	key := dueKey{id: e.ID}
	for _, in := range e.Inputs {
		key.inputs += in.Timestamp.String()
	}
	return key
}

func (p *planning) then(ctx context.Context, v *PlanVersion) (map[string]gitcmd.Hash, bool, error) {
	tips := map[string]gitcmd.Hash{}
	for name, digits := range v.tips() {
		commit, err := p.clone.ResolveCommit(ctx, digits)
		if errors.Is(err, gitcmd.ErrNotFound) {
			return nil, false, nil
		}
		if err != nil {
			return nil, false, err
		}
		tips[name] = commit
	}
	return tips, tips[p.source.Plan] != "", nil
}

// unchanged reports whether the server's branches are those that a version was planned
// with.
func (p *planning) unchanged(v *PlanVersion) bool {
	tips := v.tips()
	for name, digits := range tips {
		if there := p.there[name]; len(there) < tipDigits || string(there[:tipDigits]) != digits {
			return false
		}
	}
	return len(tips) > 0 && v.Settling == ""
}

func (p *planning) current() map[string]gitcmd.Hash { return p.tips }

func (p *planning) asked(ctx context.Context, since gitcmd.Hash) (map[receipts.ID]gitcmd.Hash, error) {
	return ledger.Asked(ctx, p.clone.Repository, since, p.tips[p.source.Plan])
}

func (p *planning) recorded(ctx context.Context, since gitcmd.Hash) (bool, error) {
	for entry, err := range p.clone.Log(ctx, string(since)+".."+string(p.tips[p.source.Plan]), folder) {
		return err == nil && entry.Commit != "", err
	}
	return false, nil
}

// calls reports, as an error that says why, that the plan does not call for an execution
// which read some receipts.
func (p *planning) calls(ctx context.Context, read []receipts.Input) error {
	catalog := p.catalog(p.tips)
	job, err := catalog.Job(ctx, p.source.Plan)
	if err != nil {
		return err
	}
	why, err := plan.NewPlanner(p.clone.Repository, catalog).Calls(ctx, job, read)
	if err == nil && why != "" {
		err = gitcmd.WithHint(fmt.Errorf("the plan of %s does not include this execution: %s", p.source.Plan, why),
			"let the job get its inputs from a resource with plan: "+p.source.Plan+", as 'git datapact pipeline' writes it")
	}
	return err
}
