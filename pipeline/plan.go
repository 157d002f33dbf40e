package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/git-datapact/git-datapact/gitcmd"
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
	Job        *Job
	Recorded   int                // receipts on the branch
	Newest     receipts.Timestamp // of the newest receipt, zero for none
	Failed     *Failure           // the last one here, nil for none; only [PlanAll] tells it
	Executions []Execution        // what the inputs call for, in the order of the upstream ids
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
func (p *Plan) Count(state State) int {
	n := 0
	for _, e := range p.Executions {
		if e.State == state {
			n++
		}
	}
	return n
}

// A Planner plans the jobs of a repository from receipts alone. It reads each
// branch once.
type Planner struct {
	datasets datasets
	lineage  lineage
}

// NewPlanner returns a planner that sees the repository as it is from now on.
func NewPlanner(repository *gitcmd.Repository) *Planner {
	p := &Planner{datasets: datasets{repository: repository, byBranch: map[string]*dataset{}}}
	p.lineage = lineage{datasets: &p.datasets, known: map[*execution]ancestry{}}
	return p
}

// Add takes over a receipt that was recorded since a branch was read.
func (p *Planner) Add(entry *ledger.Entry) {
	if set, ok := p.datasets.byBranch[entry.Receipt.Branch]; ok {
		set.add(entry)
	}
}

// Newest names the newest receipt of a branch. The error for none is
// [gitcmd.ErrNotFound].
func (p *Planner) Newest(ctx context.Context, branch string) (receipts.Input, error) {
	set, err := p.datasets.get(ctx, branch)
	if err != nil {
		return receipts.Input{}, err
	}
	if set.newest == nil {
		return receipts.Input{}, fmt.Errorf("receipt of %s: %w (the branch has none)", branch, gitcmd.ErrNotFound)
	}
	return receipts.Input{Branch: branch, Result: string(set.newest.id), Timestamp: set.newest.finished}, nil
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
	return p.waits(e.Inputs, due, map[*execution]bool{})
}

// Due tells what is to be recorded.
type Due interface {
	Branch(name string) bool                    // anything on a branch
	Receipt(branch string, id receipts.ID) bool // a receipt
}

func (p *Planner) waits(inputs []receipts.Input, due Due, seen map[*execution]bool) bool {
	for _, in := range inputs {
		set := p.datasets.byBranch[in.Branch]
		if set == nil {
			continue
		}
		if due.Receipt(in.Branch, receipts.ID(in.Result)) {
			return true
		}
		if e := set.find(in.Result); e != nil && !seen[e] {
			seen[e] = true
			if p.waits(e.input, due, seen) {
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
func (p *Planner) Plan(ctx context.Context, job *Job) (*Plan, error) {
	own, err := p.datasets.get(ctx, job.Branch)
	if err != nil {
		return nil, err
	}
	plan := &Plan{Job: job, Recorded: len(own.all)}
	if own.newest != nil {
		plan.Newest = own.newest.finished
	}
	branches := job.InputBranches()
	if len(branches) == 0 {
		return plan, nil
	}
	changed, err := p.jobChanged(ctx, own)
	if err != nil {
		return nil, err
	}
	combinations, newest, err := p.lineage.join(ctx, branches)
	if err != nil {
		return nil, err
	}
	recorded := bySignature(own, branches)
	for _, c := range combinations {
		e := expect(branches, c)
		e.newest = newest
		judge(&e, recorded[signature(e.Inputs)], changed)
		plan.Executions = append(plan.Executions, e)
	}
	return plan, nil
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

func expect(branches []string, c combination) Execution {
	var e Execution
	for i, picked := range c.picked {
		e.Inputs = append(e.Inputs, receipts.Input{Branch: branches[i], Result: string(picked.id), Timestamp: picked.finished})
	}
	e.ID = (&receipts.Receipt{Input: e.Inputs}).ID()
	return e
}

// bySignature finds receipts by those of their inputs that the job names: seeds
// add to the id, not to what is called for.
func bySignature(own *dataset, branches []string) map[string]*execution {
	found := make(map[string]*execution, len(own.all))
	for _, e := range own.all {
		var inputs []receipts.Input
		for _, branch := range branches {
			for _, in := range e.input {
				if in.Branch == branch {
					inputs = append(inputs, in)
				}
			}
		}
		key := signature(inputs)
		if earlier := found[key]; earlier == nil || earlier.finished.Before(e.finished) {
			found[key] = e
		}
	}
	return found
}

func signature(inputs []receipts.Input) string {
	var b strings.Builder
	for i := range inputs {
		b.WriteString(inputs[i].Line())
	}
	return b.String()
}

// judge compares an execution with its receipt, nil for none.
func judge(e *Execution, recorded *execution, jobChanged receipts.Timestamp) {
	if recorded == nil {
		e.State, e.Why = Pending, "not recorded yet"
		return
	}
	e.ID = recorded.id
	for _, in := range e.Inputs {
		i := slices.IndexFunc(recorded.input, func(r receipts.Input) bool { return r.Branch == in.Branch && r.Result == in.Result })
		if used := recorded.input[i].Timestamp; !used.IsZero() && used.Compare(in.Timestamp) != 0 {
			e.State = Stale
			e.Why = fmt.Sprintf("read %s@%s of %s, which was executed again at %s", in.Branch, in.Result[:12], used, in.Timestamp)
			return
		}
	}
	if recorded.finished.Before(jobChanged) {
		e.State, e.Why = Outdated, fmt.Sprintf("recorded at %s, before the job changed at %s", recorded.finished, jobChanged)
		return
	}
	e.State, e.Why = Fresh, fmt.Sprintf("recorded at %s", recorded.finished)
}

// PlanAll plans the jobs of the branches named, or of all local branches that have
// one, sorted by branch.
func PlanAll(ctx context.Context, repository *gitcmd.Repository, names ...string) ([]*Plan, error) {
	jobs, err := LoadJobs(ctx, repository, names...)
	if err != nil {
		return nil, err
	}
	if err := CheckInputBranches(ctx, repository, jobs); err != nil {
		return nil, err
	}
	failures, err := OpenFailures(ctx, repository)
	if err != nil {
		return nil, err
	}
	planner := NewPlanner(repository)
	var plans []*Plan
	for _, job := range jobs {
		plan, err := planner.Plan(ctx, job)
		if err != nil {
			return nil, fmt.Errorf("planning %s: %w", job.Branch, err)
		}
		if plan.Failed, err = failures.Last(job.Branch); err != nil {
			return nil, fmt.Errorf("reading the failures of %s: %w", job.Branch, err)
		}
		plans = append(plans, plan)
	}
	return plans, nil
}

// CheckInputBranches refuses inputs on branches that are not there.
func CheckInputBranches(ctx context.Context, repository *gitcmd.Repository, jobs []*Job) error {
	var faults []error
	for _, job := range jobs {
		for i, in := range job.Input {
			if in.Branch == "" {
				continue
			}
			if _, err := repository.FindBranch(ctx, in.Branch); err != nil {
				faults = append(faults, fmt.Errorf("%s:%s: input[%d].branch: %w", job.Branch, jobFile, i, err))
			}
		}
	}
	return errors.Join(faults...)
}
