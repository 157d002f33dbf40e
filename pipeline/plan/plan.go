package plan

import (
	"context"
	"fmt"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// A State says how an execution of a job stands to what it reads.
type State string

// The states of an execution.
const (
	Pending  State = "pending"  // its inputs are recorded, it is not
	Stale    State = "stale"    // an input was executed again since
	Outdated State = "outdated" // the job, or its container environment, changed since
	Fresh    State = "fresh"    // nothing changed since
)

// A Plan is what a job has recorded and what it should have.
type Plan struct {
	Job        *jobs.Job
	Recorded   int                // receipts on the branch
	Newest     receipts.Timestamp // of the newest receipt, zero for none
	Executions []Execution        // what the inputs call for, in the order of the upstream ids, but for what is fresh

	counts map[State]int
}

// An Execution is what the inputs of a job call for.
type Execution struct {
	ID     receipts.ID // that the receipt has, or will have unless seeds add to it
	State  State
	Inputs []receipts.Input
	Why    string // the state in words

	newest []string // branches that share no ancestor with the others, of which it reads the newest
}

// Count counts the executions in a state.
func (p *Plan) Count(state State) int { return p.counts[state] }

// A Planner plans the jobs of a repository from receipts alone. It reads each
// branch once. It is not for concurrent use.
type Planner struct {
	// Fresh has plans list the executions that are fresh too.
	Fresh bool

	datasets *datasets
	lineage  lineage
}

// NewPlanner returns a planner that sees the repository as it is from now on.
func NewPlanner(repository *gitcmd.Repository) *Planner {
	sets := newDatasets(repository)
	return &Planner{datasets: sets, lineage: lineage{datasets: sets, known: map[int32][]ancestry{}}}
}

// Add takes over a receipt that was recorded since a branch was read.
func (p *Planner) Add(entry *ledger.Entry) {
	if set := p.datasets.read(entry.Receipt.Branch); set != nil {
		p.datasets.add(set, entry)
	}
}

// Newest names the newest receipt of a branch. The error for none is
// [gitcmd.ErrNotFound].
func (p *Planner) Newest(ctx context.Context, branch string) (receipts.Input, error) {
	set, err := p.datasets.get(ctx, p.datasets.number(branch))
	if err != nil {
		return receipts.Input{}, err
	}
	if set.newest < 0 {
		return receipts.Input{}, fmt.Errorf("receipt of %s: %w (the branch has none)", branch, gitcmd.ErrNotFound)
	}
	return p.input(set, set.newest), nil
}

// input names an execution as what another reads.
func (p *Planner) input(set *dataset, at int32) receipts.Input {
	e := &set.all[at]
	return receipts.Input{Branch: p.datasets.names[set.number], Result: string(e.id.id()), Timestamp: e.finished}
}

// Waits reports whether an execution reads, itself or through others, a receipt that
// is due to be recorded again, or the newest of a branch that is due to have one.
// Branches that were not planned are not looked into.
func (p *Planner) Waits(e *Execution, due Due) bool {
	for _, branch := range e.newest {
		if due.Branch(branch) {
			return true
		}
	}
	var links []link
	for _, in := range e.Inputs {
		links = append(links, link{branch: p.datasets.number(in.Branch), result: keyOf(in.Result)})
	}
	return p.waits(links, due, map[ref]bool{})
}

// Due tells what is to be recorded.
type Due interface {
	Branch(name string) bool                    // anything on a branch
	Receipt(branch string, id receipts.ID) bool // a receipt
}

func (p *Planner) waits(inputs []link, due Due, seen map[ref]bool) bool {
	for _, in := range inputs {
		set := p.datasets.byNumber[in.branch]
		if set == nil {
			continue
		}
		if due.Receipt(p.datasets.names[in.branch], in.result.id()) {
			return true
		}
		at, ok := set.find(in.result)
		if r := (ref{in.branch, at}); ok && !seen[r] {
			seen[r] = true
			if p.waits(set.inputs(at), due, seen) {
				return true
			}
		}
	}
	return false
}

// Plan compares what a job has recorded with what its inputs call for: one
// execution for each receipt of a single input; of several inputs, those receipts
// together that descend from the same receipt of a shared ancestor; nothing for a
// job without an input branch, which runs on request.
func (p *Planner) Plan(ctx context.Context, job *jobs.Job) (*Plan, error) {
	own, err := p.datasets.get(ctx, p.datasets.number(job.Branch))
	if err != nil {
		return nil, err
	}
	c := comparison{planner: p, own: own, plan: &Plan{Job: job, Recorded: len(own.all), counts: map[State]int{}}}
	if own.newest >= 0 {
		c.plan.Newest = own.all[own.newest].finished
	}
	if len(job.InputBranches()) == 0 {
		return c.plan, nil
	}
	return c.plan, c.run(ctx)
}

// jobChanged is when the job file or the container environment of a branch was
// changed last.
func (p *Planner) jobChanged(ctx context.Context, own *dataset) (receipts.Timestamp, error) {
	var latest receipts.Timestamp
	if own.branch.Commit == "" {
		return latest, nil
	}
	entry, err := p.datasets.repository.LastChange(ctx, own.branch.Commit, "config", "docker")
	if err != nil || entry.Time.IsZero() {
		return latest, err
	}
	return receipts.NewTimestamp(entry.Time), nil
}

// All plans the jobs of the branches named, or of all local branches that have
// one, sorted by branch.
func All(ctx context.Context, repository *gitcmd.Repository, names ...string) ([]*Plan, error) {
	list, err := jobs.Load(ctx, repository, names...)
	if err != nil {
		return nil, err
	}
	if err := jobs.CheckInputBranches(ctx, repository, list); err != nil {
		return nil, err
	}
	planner := NewPlanner(repository)
	var plans []*Plan
	for _, job := range list {
		plan, err := planner.Plan(ctx, job)
		if err != nil {
			return nil, fmt.Errorf("planning %s: %w", job.Branch, err)
		}
		plans = append(plans, plan)
	}
	return plans, nil
}
