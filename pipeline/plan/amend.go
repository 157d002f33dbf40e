package plan

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// An amendment brings plans up to date with receipts that were recorded since, looking at
// these and what has to do with them alone.
//
// What a job calls for falls into parts that have nothing to do with each other: with one
// input, the part of each of its receipts; with several that are joined, the parts that share
// no ancestor. So the part that changes touch is planned twice, by the planner that plans all:
// as it was and as it is. The plan is then what it was without the one and with the other.
// Inputs that are paired by time have no parts; and where receipts were taken away, or
// anything else is out of the ordinary, the error is [errWhole]: all is to be planned.
type amendment struct {
	planner *Planner
	source  Source
	history history
	shapes  map[string]shape // of the branches that were read
	changes map[string]map[receipts.ID]ledger.Change

	was, is map[string]*Plan // by branch
	wasOf   marks            // of the receipts of was
	isOf    marks
	found   map[relative]*ledger.Entry // that were looked up, nil for none

	expected map[relative]*Execution // what is called for and not recorded, or was
}

// errWhole says that plans cannot be amended.
var errWhole = errors.New("all is to be planned")

// mostAmended is how many receipts may have changed, and may have to do with those that have,
// for plans to be amended.
const mostAmended = 4096

// A history is where an amendment looks up receipts, as they are now.
type history interface {
	// Find lists those of some receipts that a branch has, in any order.
	Find(ctx context.Context, branch string, ids []receipts.ID) ([]*ledger.Entry, error)
	// Readers lists the receipts of a branch that read any of some inputs.
	Readers(ctx context.Context, branch string, inputs []receipts.Input) ([]receipts.ID, error)
}

// A shape is what planning has to know of all receipts of a branch.
type shape struct {
	Reads []string          // the branches that they read
	Code  map[string]string // a commit that each tree of code was taken from
}

// A marked is what a plan says of a receipt.
type marked struct {
	left, due bool
	expected  string // that it is called for and not recorded, by its inputs
}

// marks are those of receipts by branch: only those that have any.
type marks map[string]map[receipts.ID]marked

// executionName names an execution by what it reads.
func executionName(e *Execution) string {
	name := ""
	for _, in := range e.Inputs {
		name += in.Branch + "@" + in.Result + "\n"
	}
	return name
}

// run amends the plans of jobs, those upstream first.
func (a *amendment) run(ctx context.Context, list []*jobs.Job) error {
	a.is, a.wasOf, a.isOf, a.found = map[string]*Plan{}, marks{}, marks{}, map[relative]*ledger.Entry{}
	a.expected = map[relative]*Execution{}
	for branch, changes := range a.changes {
		for _, change := range changes {
			if !a.ordinary(branch, &change) {
				return errWhole
			}
		}
	}
	for _, job := range list {
		made, err := a.amend(ctx, job)
		if err != nil {
			return err
		}
		a.is[job.Branch] = made
		a.mark(a.wasOf, a.was[job.Branch])
		a.mark(a.isOf, made)
	}
	return nil
}

// mark notes what a plan says of receipts.
func (a *amendment) mark(all marks, made *Plan) {
	list := map[receipts.ID]marked{}
	for i := range made.Executions {
		e := &made.Executions[i]
		switch due := e.Waiting || e.State == Stale || e.State == Outdated && a.planner.Outdated; {
		case e.State != Pending && due:
			list[e.ID] = marked{due: true}
		case e.State == Pending && a.planner.Ahead:
			list[e.ID] = marked{due: true, expected: executionName(e)}
			a.expected[relative{made.Job.Branch, string(e.ID)}] = e
		}
	}
	for _, u := range made.Unplanned {
		one := list[u.ID]
		one.left = true
		list[u.ID] = one
	}
	all[made.Job.Branch] = list
}

func (a *amendment) marksAt(is bool) marks {
	if is {
		return a.isOf
	}
	return a.wasOf
}

// real is a receipt as it is, or as it was, nil for none. It has been looked up.
func (a *amendment) real(r relative, is bool) *ledger.Entry {
	change, changed := a.changes[r.branch][receipts.ID(r.result)]
	switch {
	case !changed:
		return a.found[r]
	case is:
		return change.Is
	}
	return change.Was
}

// look looks up receipts that are not known yet.
func (a *amendment) look(ctx context.Context, list []relative) error {
	wanted := map[string][]receipts.ID{}
	for _, r := range list {
		_, known := a.found[r]
		_, changed := a.changes[r.branch][receipts.ID(r.result)]
		if id, err := receipts.ParseID(r.result); !known && !changed && !isPseudo(r.branch) && err == nil {
			wanted[r.branch] = append(wanted[r.branch], id)
			a.found[r] = nil
		}
	}
	for branch, ids := range wanted {
		entries, err := a.history.Find(ctx, branch, ids)
		if err != nil {
			return err
		}
		for _, entry := range entries {
			a.found[relative{branch, string(entry.ID)}] = entry
		}
	}
	return nil
}

// ordinary reports whether a change is one receipt more, or another execution of one, which
// leaves the shape of the branch as it is.
func (a *amendment) ordinary(branch string, change *ledger.Change) bool {
	shape, known := a.shapes[branch]
	if !known || change.Is == nil {
		return false
	}
	is := change.Is.Receipt
	for _, in := range is.Input {
		if !slices.Contains(shape.Reads, in.Branch) {
			return false
		}
	}
	if ref, tree := codeOf(is); tree != "" && shape.Code[tree] != "" && ref < shape.Code[tree] {
		return false
	}
	if change.Was == nil {
		return true
	}
	was := change.Was.Receipt
	wasRef, wasTree := codeOf(was)
	if ref, tree := codeOf(is); ref != wasRef || tree != wasTree {
		return false
	}
	return slices.EqualFunc(was.Input, is.Input, func(x, y receipts.Input) bool { return x.Branch == y.Branch && x.Result == y.Result })
}

// changed lists the receipts of a branch that are not what they were, or of which the plan of
// their own job does not say what it said.
func (a *amendment) changed(branch string) (list []receipts.ID) {
	for id := range a.changes[branch] {
		list = append(list, id)
	}
	was, is := a.wasOf[branch], a.isOf[branch]
	for id, one := range was {
		if is[id] != one {
			list = append(list, id)
		}
	}
	for id := range is {
		if _, known := was[id]; !known {
			list = append(list, id)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// amend amends the plan of a job, after those of the jobs upstream.
func (a *amendment) amend(ctx context.Context, job *jobs.Job) (*Plan, error) {
	was := a.was[job.Branch]
	if was == nil {
		return nil, errWhole
	}
	made := &Plan{Job: job, Recorded: was.Recorded, Newest: was.Newest, Executions: was.Executions, Unplanned: was.Unplanned, counts: was.counts, waiting: was.waiting}
	for _, change := range a.changes[job.Branch] {
		switch {
		case change.Was == nil:
			made.Recorded++
		case change.Was.Receipt.Timestamp == was.Newest && change.Is.Receipt.Timestamp.Before(was.Newest):
			return nil, errWhole // it may not be the newest any more
		}
		if made.Newest.Before(change.Is.Receipt.Timestamp) {
			made.Newest = change.Is.Receipt.Timestamp
		}
	}
	var triggers, context []string
	for _, in := range job.Input {
		switch {
		case in.Branch == "":
		case in.Trigger:
			triggers = append(triggers, in.Branch)
		default:
			context = append(context, in.Branch)
		}
	}
	if len(triggers) == 0 {
		return made, nil
	}
	p := &part{amendment: a, job: job, inputs: triggers, chosen: map[relative]bool{}, held: map[relative]bool{}}
	if err := p.gather(ctx, context); err != nil || len(p.held) == 0 {
		return made, err
	}
	before, err := p.plan(ctx, false)
	if err != nil {
		return nil, err
	}
	after, err := p.plan(ctx, true)
	if err != nil {
		return nil, err
	}
	return made, made.exchange(before, after)
}

// exchange takes a part of a plan out of it, and puts another one in.
func (p *Plan) exchange(before, after *Plan) error {
	gone := map[string]*Execution{}
	for i := range before.Executions {
		gone[executionName(&before.Executions[i])] = &before.Executions[i]
	}
	var executions []Execution
	for _, e := range p.Executions {
		name := executionName(&e)
		switch one, there := gone[name]; {
		case !there:
			executions = append(executions, e)
		case one.ID != e.ID || one.State != e.State || one.Waiting != e.Waiting || one.Why != e.Why:
			return errWhole
		}
		delete(gone, name)
	}
	left := map[receipts.ID]string{}
	for _, u := range before.Unplanned {
		left[u.ID] = u.Why
	}
	var unplanned []Unplanned
	for _, u := range p.Unplanned {
		switch why, there := left[u.ID]; {
		case !there:
			unplanned = append(unplanned, u)
		case why != u.Why:
			return errWhole
		}
		delete(left, u.ID)
	}
	if len(gone)+len(left) > 0 {
		return errWhole
	}
	p.counts, p.waiting = maps.Clone(p.counts), p.waiting-before.waiting+after.waiting
	for _, state := range []State{Pending, Stale, Outdated, Fresh} {
		n := p.counts[state] - before.counts[state] + after.counts[state]
		if n < 0 || p.waiting < 0 {
			return errWhole
		}
		if p.counts[state] = n; n == 0 {
			delete(p.counts, state)
		}
	}
	p.Executions, p.Unplanned = append(executions, after.Executions...), append(unplanned, after.Unplanned...)
	slices.SortStableFunc(p.Executions, compareExecutions)
	slices.SortFunc(p.Unplanned, func(x, y Unplanned) int { return compareIDs(x.ID, y.ID) })
	return nil
}
