package resource

import (
	"context"
	"slices"
	"time"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/gitcmd/remote"
	"github.com/git-datapact/git-datapact/pipeline/plan"
	"github.com/git-datapact/git-datapact/receipts"
)

// CheckPlan lists the executions of a job that are due, as versions, in the planner's
// order: without a version the oldest alone, with one those that became due since it
// was planned. The version itself comes first.
func CheckPlan(ctx context.Context, request *Request, opts *Options) ([]PlanVersion, error) {
	server, err := opts.server(request.Source)
	if err != nil {
		return nil, err
	}
	defer server.Close()
	versions := []PlanVersion{}
	err = opts.Cache.clone(ctx, server, request.Source, func(ctx context.Context, c *remote.Clone) error {
		p := &planning{clone: c, source: request.Source}
		found, err := p.check(ctx, request.Plan, opts.now())
		versions = append([]PlanVersion{}, found...)
		return err
	})
	return versions, err
}

func (p *planning) check(ctx context.Context, v *PlanVersion, now time.Time) ([]PlanVersion, error) {
	if err := p.look(ctx); err != nil {
		return nil, err
	}
	if v != nil {
		if p.unchanged(v) {
			return []PlanVersion{*v}, nil
		}
		p.likely = v.branches()
	}
	if err := p.bring(ctx); err != nil {
		return nil, err
	}
	return (&announcement{state: p, branch: p.source.Plan, now: now}).versions(ctx, v)
}

// A state is what there is to plan from.
type state interface {
	// current are the commits of the branches that the plan depends on.
	current() map[string]gitcmd.Hash
	// plan plans the job as some commits have it, and lists what is fresh too if asked to.
	plan(ctx context.Context, tips map[string]gitcmd.Hash, fresh bool) (*plan.Plan, error)
	// then finds the commits of a version's tips. It reports false when history has lost
	// one.
	then(ctx context.Context, v *PlanVersion) (map[string]gitcmd.Hash, bool, error)
	// asked lists the executions that were asked for since a commit of the job's branch,
	// "" for ever, and that were not recorded after that.
	asked(ctx context.Context, since gitcmd.Hash) (map[receipts.ID]gitcmd.Hash, error)
	// recorded reports whether the job has recorded anything since a commit.
	recorded(ctx context.Context, since gitcmd.Hash) (bool, error)
}

// An announcement is one check of a job's plan at work.
type announcement struct {
	state
	branch string
	now    time.Time
}

func (p *announcement) versions(ctx context.Context, v *PlanVersion) ([]PlanVersion, error) {
	made, err := p.plan(ctx, p.current(), false)
	if err != nil {
		return nil, err
	}
	list, keys, settling := due(made, p.now)
	if v == nil {
		return p.first(list), nil
	}
	then, known, err := p.then(ctx, v)
	if err != nil {
		return nil, err
	}
	asked, err := p.askedSince(ctx, then[p.branch])
	if err != nil {
		return nil, err
	}
	if v.First != "" && known && len(asked) == 0 {
		if open, err := p.recorded(ctx, then[p.branch]); err != nil {
			return nil, err
		} else if !open {
			return p.closed(v, made, list), nil
		}
	}
	announced, err := p.announced(ctx, v, then, known)
	if err != nil {
		return nil, err
	}
	versions := []PlanVersion{*v}
	for i := range list {
		isAsked := slices.ContainsFunc(asked, func(e plan.Execution) bool { return e.ID == list[i].ID })
		if !announced[keys[i]] && !isAsked {
			versions = append(versions, p.version(&list[i], settling))
		}
	}
	for i := range asked {
		versions = append(versions, p.version(&asked[i], settling))
	}
	return versions, nil
}

// askedSince lists what was asked for since a commit and can be built.
func (p *announcement) askedSince(ctx context.Context, since gitcmd.Hash) ([]plan.Execution, error) {
	ids, err := p.asked(ctx, since)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	made, err := p.plan(ctx, p.current(), true)
	if err != nil {
		return nil, err
	}
	var list []plan.Execution
	for _, e := range made.Executions {
		if _, ok := ids[e.ID]; ok && !e.Waiting {
			list = append(list, e)
		}
	}
	return list, nil
}

// announced tells what was announced with a version or before it: all that was due then,
// or, where that version opened the job, itself alone.
func (p *announcement) announced(ctx context.Context, v *PlanVersion, then map[string]gitcmd.Hash, known bool) (map[dueKey]bool, error) {
	announced := map[dueKey]bool{}
	if !known {
		return announced, nil
	}
	made, err := p.plan(ctx, then, false)
	if err != nil {
		return announced, ctx.Err() // what could not be planned then was not announced
	}
	list, keys, _ := due(made, v.at())
	for i, key := range keys {
		if v.First == "" || list[i].ID == v.Receipt {
			announced[key] = true
		}
	}
	return announced, nil
}

// closed keeps to the first version as long as that can be built, and else takes
// another.
func (p *announcement) closed(v *PlanVersion, made *plan.Plan, list []plan.Execution) []PlanVersion {
	stands := func(e plan.Execution) bool { return e.ID == v.Receipt }
	if slices.ContainsFunc(made.Executions, stands) || len(list) == 0 {
		return []PlanVersion{*v}
	}
	return append([]PlanVersion{*v}, p.first(list)...)
}

// first is the oldest execution that is due, as the version that opens the job.
func (p *announcement) first(list []plan.Execution) []PlanVersion {
	if len(list) == 0 {
		return nil
	}
	one := p.version(&list[0], false)
	one.First = yes
	return []PlanVersion{one}
}

func (p *announcement) version(e *plan.Execution, settling bool) PlanVersion {
	v := PlanVersion{Receipt: e.ID, Tips: encodeTips(p.current()), At: receipts.NewTimestamp(p.now).String()}
	if settling {
		v.Settling = yes
	}
	return v
}
