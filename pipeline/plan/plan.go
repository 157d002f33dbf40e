package plan

import (
	"context"
	"slices"
	"strings"
	"time"

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
	Outdated State = "outdated" // what the job runs has changed since
	Fresh    State = "fresh"    // nothing changed since
)

// A Plan is what a job has recorded and what it should have.
type Plan struct {
	Job        *jobs.Job
	Recorded   int                // receipts on the branch
	Newest     receipts.Timestamp // of the newest receipt, zero for none
	Executions []Execution        // what the inputs call for, oldest inputs first, but for what is fresh
	Unplanned  []Unplanned        // receipts that the inputs do not call for, by id

	counts  map[State]int
	waiting int
}

// An Execution is what the inputs of a job call for.
type Execution struct {
	ID      receipts.ID // that the receipt has, or will have unless seeds add to it
	State   State
	Waiting bool // an input is due itself, or waits for one that is
	Inputs  []receipts.Input
	Why     string // the state in words
	// When is when all inputs had been recorded first, for a job whose inputs are paired
	// by time; else zero.
	When receipts.Timestamp
}

// settleWithin is how far ahead of this clock a time may be, by another's, to be waited
// for.
const settleWithin = 2 * time.Second

// Settling reports whether a receipt that is recorded within this very second may yet
// change what an execution reads as of then.
func Settling(e *Execution, now time.Time) bool {
	if e.When.IsZero() {
		return false
	}
	left := e.When.Time().Add(time.Second).Sub(now)
	return left > 0 && left <= time.Second+settleWithin
}

// Unplanned is a receipt that no plan calls for.
type Unplanned struct {
	ID  receipts.ID
	Why string
}

// Count counts the executions in a state that do not wait.
func (p *Plan) Count(state State) int { return p.counts[state] }

// Waiting counts the executions that wait for an input that is due.
func (p *Plan) Waiting() int { return p.waiting }

// Due reports whether anything of the job is pending, stale or waiting.
func (p *Plan) Due() bool { return p.counts[Pending]+p.counts[Stale]+p.waiting > 0 }

// future is when an execution that is expected will be recorded.
var future = receipts.NewTimestamp(time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC))

// A Planner plans the jobs of a repository from receipts alone. It reads each branch
// once. It is not for concurrent use.
type Planner struct {
	// Fresh has plans list the executions that are fresh too.
	Fresh bool
	// Outdated has what is outdated count as due.
	Outdated bool
	// Ahead has plans count on what is due upstream: an execution of it is expected, and
	// what will read it waits.
	Ahead bool

	trusting bool                              // upstream, every receipt counts
	chosen   func(set *dataset, at int32) bool // which records are planned; nil for all
	source   Source
	datasets *datasets
	lineage  lineage
	jobs     map[int32]*jobs.Job // by the number of the branch; nil for none
	plans    map[int32]*Plan     // nil while one is made
	recalled map[string]*Plan    // by branch, of the last time, see Recall
	amended  *remembered         // what is to be remembered of those, nil where nothing has changed
	order    []int32             // of the branches whose jobs were planned, those upstream first
	memory   string              // the file to remember them in, "" for none
}

// New returns a planner of what a source has.
func New(source Source) *Planner {
	sets := newDatasets(source)
	p := &Planner{source: source, datasets: sets, jobs: map[int32]*jobs.Job{}, plans: map[int32]*Plan{}}
	p.lineage = lineage{datasets: sets, edges: p.edges, known: map[int32][]ancestry{}, above: map[int32][]int32{}}
	return p
}

// NewPlanner returns a planner of the branches of a repository, as a catalog finds
// them.
func NewPlanner(repository *gitcmd.Repository, catalog *jobs.Catalog) *Planner {
	return New(&traced{gitSource: &gitSource{repository, catalog}, known: map[string]bool{}, changed: map[string]receipts.Timestamp{}})
}

// Add takes over a receipt that was recorded since a branch was read.
func (p *Planner) Add(entry *ledger.Entry) {
	p.recalled, p.amended = nil, nil
	set := p.datasets.read(entry.Receipt.Branch)
	if set == nil {
		return
	}
	p.datasets.add(set, entry)
	for number := range p.plans {
		if number == set.number || slices.Contains(p.lineage.above[number], set.number) || p.reads(number, set.number, map[int32]bool{}) {
			delete(p.plans, number)
		}
	}
}

// reads reports whether the plan of a branch depends on another.
func (p *Planner) reads(number, other int32, seen map[int32]bool) bool {
	if number == other {
		return true
	}
	job := p.jobs[number]
	if job == nil || seen[number] {
		return false
	}
	seen[number] = true
	return slices.ContainsFunc(job.InputBranches(), func(branch string) bool { return p.reads(p.datasets.number(branch), other, seen) })
}

// Newest names the newest receipt of a branch that is planned. The error for none is
// [gitcmd.ErrNotFound].
func (p *Planner) Newest(ctx context.Context, branch string) (receipts.Input, error) {
	set, err := p.upstream(ctx, branch)
	if err != nil {
		return receipts.Input{}, err
	}
	var newest []int32 // several of one second
	for at := range set.all {
		r := &set.all[at]
		if r.left || r.expected || len(newest) > 0 && r.finished.Before(set.all[newest[0]].finished) {
			continue
		}
		if len(newest) > 0 && set.all[newest[0]].finished.Before(r.finished) {
			newest = newest[:0]
		}
		newest = append(newest, int32(at))
	}
	if len(newest) == 0 {
		return receipts.Input{}, ledger.NoReceipts(branch)
	}
	if source, ok := p.source.(historian); ok && len(newest) > 1 {
		id, err := source.Newest(ctx, branch, func(id receipts.ID) bool {
			at, known := set.find(keyOf(string(id)))
			return known && slices.Contains(newest, at)
		})
		if err != nil {
			return receipts.Input{}, err
		}
		newest[0], _ = set.find(keyOf(string(id)))
	}
	return p.input(set, newest[0]), nil
}

// A historian is a source that knows the history of branches.
type historian interface {
	// Newest is the newest of those receipts of a branch that accept, of which there is one.
	Newest(ctx context.Context, branch string, accept func(receipts.ID) bool) (receipts.ID, error)
}

// input names a record as what an execution reads.
func (p *Planner) input(set *dataset, at int32) receipts.Input {
	r := &set.all[at]
	return receipts.Input{Branch: p.datasets.names[set.number], Result: string(r.id.ID()), Timestamp: r.finished}
}

// Waits reports whether an execution reads, itself or through others, a receipt that
// is due to be recorded again. Branches that were not planned are not looked into.
func (p *Planner) Waits(e *Execution, due func(branch string, id receipts.ID) bool) bool {
	var links []link
	for _, in := range e.Inputs {
		links = append(links, link{branch: p.datasets.number(in.Branch), result: keyOf(in.Result)})
	}
	return p.waits(links, due, map[ref]bool{})
}

func (p *Planner) waits(inputs []link, due func(string, receipts.ID) bool, seen map[ref]bool) bool {
	for _, in := range inputs {
		set := p.datasets.byNumber[in.branch]
		if set == nil {
			continue
		}
		if due(p.datasets.names[in.branch], in.result.ID()) {
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

// Plan compares what a job has recorded with what its inputs call for, as the package
// says. It plans the jobs upstream first.
func (p *Planner) Plan(ctx context.Context, job *jobs.Job) (*Plan, error) {
	if known := p.recalled[job.Branch]; known != nil && known.Job == job {
		return known, nil
	}
	number := p.datasets.number(job.Branch)
	if made, ok := p.plans[number]; ok && made != nil {
		return made, nil
	}
	p.jobs[number], p.plans[number] = job, nil
	made, err := p.plan(ctx, job)
	if err != nil {
		delete(p.plans, number)
		return nil, err
	}
	p.plans[number] = made
	p.order = append(p.order, number)
	return made, nil
}

func (p *Planner) plan(ctx context.Context, job *jobs.Job) (*Plan, error) {
	own, err := p.datasets.get(ctx, p.datasets.number(job.Branch))
	if err != nil {
		return nil, err
	}
	c := &comparison{planner: p, own: own, plan: &Plan{Job: job, counts: map[State]int{}}}
	for at := range own.all {
		own.all[at].left, own.all[at].due = false, false
		if !own.all[at].expected {
			c.plan.Recorded++
		}
	}
	if own.newest >= 0 {
		c.plan.Newest = own.all[own.newest].finished
	}
	for _, in := range job.Input {
		if in.Branch == "" {
			continue
		}
		set, err := p.upstream(ctx, in.Branch)
		if err != nil {
			return nil, err
		}
		if !in.Trigger {
			c.context = append(c.context, len(c.inputs))
		} else {
			c.triggers = append(c.triggers, len(c.inputs))
		}
		c.inputs = append(c.inputs, set)
	}
	if len(c.triggers) == 0 { // it runs on request, or for Concourse's own resources
		return c.plan, nil
	}
	if err := c.run(ctx); err != nil {
		return nil, err
	}
	slices.SortStableFunc(c.plan.Executions, compareExecutions)
	return c.plan, nil
}

// Calls says why the plan of a job does not call for an execution that read some
// receipts, "" if it does.
func (p *Planner) Calls(ctx context.Context, job *jobs.Job, read []receipts.Input) (string, error) {
	p.recalled, p.amended = nil, nil
	set, err := p.datasets.get(ctx, p.datasets.number(job.Branch))
	if err != nil {
		return "", err
	}
	draft := &receipts.Receipt{Branch: job.Branch, Input: receipts.SortInputs(read, job.InputBranches())}
	id := draft.ID()
	if _, there := set.find(keyOf(string(id))); !there {
		p.datasets.add(set, &ledger.Entry{ID: id, Receipt: draft})
	}
	made, err := p.Plan(ctx, job)
	if err != nil {
		return "", err
	}
	for _, u := range made.Unplanned {
		if u.ID == id {
			return u.Why, nil
		}
	}
	return "", nil
}

// upstream is a branch that is read, after its own job has been planned.
func (p *Planner) upstream(ctx context.Context, branch string) (*dataset, error) {
	number := p.datasets.number(branch)
	job, err := p.jobOf(ctx, number)
	if err != nil {
		return nil, err
	}
	if _, begun := p.plans[number]; job != nil && !begun && !p.trusting && len(job.InputBranches()) > 0 {
		if _, err := p.Plan(ctx, job); err != nil {
			return nil, err
		}
	}
	return p.datasets.get(ctx, number)
}

// skips reports whether a record is not to be planned.
func (p *Planner) skips(set *dataset, at int) bool {
	return p.chosen != nil && !p.chosen(set, int32(at))
}

// jobOf is the job of a branch, nil for none.
func (p *Planner) jobOf(ctx context.Context, number int32) (*jobs.Job, error) {
	job, known := p.jobs[number]
	if known || isPseudo(p.datasets.names[number]) {
		return job, nil
	}
	job, err := p.source.Job(ctx, p.datasets.names[number])
	if err == nil {
		p.jobs[number] = job
	}
	return job, err
}

// edges are the branches that the records of a dataset descend from: those whose
// receipts trigger its job, else those that its receipts read; and pseudo-branches.
func (p *Planner) edges(ctx context.Context, set *dataset) ([]int32, error) {
	job, err := p.jobOf(ctx, set.number)
	if err != nil {
		return nil, err
	}
	var edges, context []int32
	if job != nil {
		for _, in := range job.Input {
			switch number := p.datasets.number(in.Branch); {
			case in.Branch == "":
			case in.Trigger:
				edges = append(edges, number)
			default:
				context = append(context, number)
			}
		}
	}
	declared := len(edges) > 0
	for _, number := range set.reads {
		if isPseudo(p.datasets.names[number]) || !declared && number != set.number && !slices.Contains(context, number) {
			edges = append(edges, number)
		}
	}
	return edges, nil
}

// compareExecutions puts those first whose newest input is older.
func compareExecutions(a, b Execution) int {
	newest := func(e *Execution) receipts.Timestamp {
		var latest receipts.Timestamp
		for _, in := range e.Inputs {
			at := in.Timestamp
			if at.IsZero() {
				at = future
			}
			if latest.Before(at) {
				latest = at
			}
		}
		return latest
	}
	if order := newest(&a).Compare(newest(&b)); order != 0 {
		return order
	}
	for i := range a.Inputs {
		if order := a.Inputs[i].Timestamp.Compare(b.Inputs[i].Timestamp); order != 0 {
			return order
		}
	}
	return strings.Compare(string(a.ID), string(b.ID))
}
