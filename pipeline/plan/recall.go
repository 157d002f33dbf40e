package plan

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// A remembered is what is known of some plans: what they depend on, and what they were.
type remembered struct {
	Notes    []note
	Plans    []savedPlan      // those upstream first
	Branches map[string]shape // that were read
}

// A savedPlan is a plan as it is written.
type savedPlan struct {
	Branch     string
	Job        string // its digest
	Recorded   int
	Newest     string
	Counts     map[State]int
	Waiting    int
	Executions []savedExecution
	Unplanned  []Unplanned
}

type savedExecution struct {
	ID      receipts.ID
	State   State
	Waiting bool
	Inputs  []savedInput
	Why     string
	When    string
}

type savedInput struct{ Branch, Result, Timestamp string }

// plansFolder is where plans are remembered.
const plansFolder = "plans"

// mostSaved is how many executions and unplanned receipts are remembered.
const mostSaved = 10_000

// memoryFile is where the plans of some jobs are remembered, as this program makes them with
// these options. It is "" where nothing is to be remembered: in doubt, one plans again.
func (p *Planner) memoryFile(ctx context.Context, list []*jobs.Job) string {
	s, ok := p.source.(*traced)
	if !ok || len(list) == 0 {
		return ""
	}
	program, err := os.Executable()
	if err != nil {
		return ""
	}
	info, err := os.Stat(program)
	if err != nil || !ledger.MayIndex(ctx, s.repository) {
		return ""
	}
	if part, err := s.repository.Incomplete(ctx); part != "" || err != nil {
		return ""
	}
	data, err := s.repository.DataDir(ctx)
	if err != nil {
		return ""
	}
	name := fmt.Appendf(nil, "%q %d %d %v %v %v", program, info.Size(), info.ModTime().UnixNano(), p.Fresh, p.Outdated, p.Ahead)
	for _, job := range list {
		name = fmt.Appendf(name, " %q", job.Branch)
	}
	return filepath.Join(data, plansFolder, digestOf(name)[:32])
}

// Recall has the planner answer for some jobs as it did the last time, if nothing has changed
// since that any of the plans depends on: the branches that it read, the jobs, what they run.
// Where receipts alone are new, it amends the plans.
func (p *Planner) Recall(ctx context.Context, list []*jobs.Job) {
	file := p.memoryFile(ctx, list)
	if file == "" {
		return
	}
	p.memory = file
	var known remembered
	if !gitcmd.ReadSealed(file, &known) {
		return
	}
	s := p.source.(*traced)
	plans, changed, err := p.recall(ctx, &known, list)
	if err != nil {
		s.forget()
		return
	}
	p.recalled = map[string]*Plan{}
	for _, job := range list {
		if p.recalled[job.Branch] = plans[job.Branch]; plans[job.Branch] == nil {
			p.recalled = nil
			s.forget()
			return
		}
	}
	if changed {
		known.Notes = s.notes
		for i := range known.Plans {
			known.Plans[i] = save(plans[known.Plans[i].Branch])
		}
		p.amended = &known
	}
}

// recall brings remembered plans up to date, and tells whether anything has changed since they
// were remembered. The error is for plans that are to be made anew.
func (p *Planner) recall(ctx context.Context, known *remembered, list []*jobs.Job) (plans map[string]*Plan, changed bool, err error) {
	s := p.source.(*traced)
	a := &amendment{planner: p, source: s, history: &gitHistory{source: s.gitSource}, shapes: known.Branches, changes: map[string]map[receipts.ID]ledger.Change{}, was: map[string]*Plan{}}
	for _, n := range known.Notes {
		now, same := s.again(ctx, n, list)
		if !same {
			return nil, false, errWhole
		}
		s.take(now)
		if n.Kind == branchNote && n.Answer != now.Answer {
			changed = true
			if err := a.compare(ctx, n.About, gitcmd.Hash(n.Answer)); err != nil {
				return nil, false, err
			}
		}
	}
	var planned []*jobs.Job
	for i := range known.Plans {
		job, err := p.jobFor(ctx, known.Plans[i].Branch, list)
		if err != nil || job == nil || known.Plans[i].Job != jobDigest(job) {
			return nil, false, errors.Join(err, errWhole)
		}
		planned = append(planned, job)
		if a.was[job.Branch], err = known.Plans[i].plan(job); err != nil {
			return nil, false, err
		}
	}
	if !changed {
		return a.was, false, nil
	}
	err = a.run(ctx, planned)
	return a.is, true, err
}

// jobFor is the job of a branch, the one in a list where that has it.
func (p *Planner) jobFor(ctx context.Context, branch string, list []*jobs.Job) (*jobs.Job, error) {
	if at := slices.IndexFunc(list, func(job *jobs.Job) bool { return job.Branch == branch }); at >= 0 {
		return list[at], nil
	}
	return p.source.Job(ctx, branch)
}

// compare notes in which receipts a branch is unlike a commit of it.
func (a *amendment) compare(ctx context.Context, branch string, since gitcmd.Hash) error {
	l, err := a.source.(*traced).open(ctx, branch)
	if err != nil {
		return err
	}
	list, err := l.Changes(ctx, since, mostAmended)
	if err != nil {
		return err
	}
	a.changes[branch] = map[receipts.ID]ledger.Change{}
	for _, change := range list {
		a.changes[branch][change.ID] = change
	}
	return nil
}

// Keep remembers the plans of the jobs that were to be recalled, all of which have been
// planned since.
func (p *Planner) Keep(ctx context.Context, list []*jobs.Job) {
	if p.memory == "" || p.recalled != nil && p.amended == nil || gitcmd.Receiving() || ctx.Err() != nil {
		return
	}
	known := p.amended
	if known == nil {
		known = p.remember()
	}
	size := 0
	for i := range known.Plans {
		size += len(known.Plans[i].Executions) + len(known.Plans[i].Unplanned)
	}
	for _, one := range known.Branches {
		size += len(one.Reads) + len(one.Code)
	}
	has := func(job *jobs.Job) bool {
		return slices.ContainsFunc(known.Plans, func(one savedPlan) bool { return one.Branch == job.Branch })
	}
	if size > mostSaved || slices.ContainsFunc(list, func(job *jobs.Job) bool { return !has(job) }) {
		return
	}
	folder, sharing, err := p.source.(*traced).repository.DataFolder(ctx, plansFolder)
	if err == nil && sharing.WriteSealed(p.memory, known) == nil {
		forget(folder)
	}
}

// remember is what the planner has planned.
func (p *Planner) remember() *remembered {
	known := &remembered{Notes: p.source.(*traced).notes, Branches: p.shapes()}
	for _, number := range p.order {
		if made := p.plans[number]; made != nil {
			known.Plans = append(known.Plans, save(made))
		}
	}
	return known
}

// shapes are those of the branches that were read.
func (p *Planner) shapes() map[string]shape {
	shapes := map[string]shape{}
	for number, set := range p.datasets.byNumber {
		one := shape{Code: set.codeRefs}
		for _, read := range set.reads {
			one.Reads = append(one.Reads, p.datasets.names[read])
		}
		shapes[p.datasets.names[number]] = one
	}
	return shapes
}

// mostRemembered is how many files there are of remembered plans.
const mostRemembered = 64

// forget removes the oldest files of a folder that has too many.
func forget(folder string) {
	entries, _ := os.ReadDir(folder)
	if len(entries) <= mostRemembered {
		return
	}
	age := func(entry os.DirEntry) int64 {
		info, err := entry.Info()
		if err != nil {
			return 0
		}
		return info.ModTime().UnixNano()
	}
	slices.SortFunc(entries, func(a, b os.DirEntry) int { return int(min(max(age(a)-age(b), -1), 1)) })
	for _, entry := range entries[:len(entries)-mostRemembered] {
		_ = os.Remove(filepath.Join(folder, entry.Name()))
	}
}

func save(p *Plan) savedPlan {
	s := savedPlan{Branch: p.Job.Branch, Job: jobDigest(p.Job), Recorded: p.Recorded, Newest: p.Newest.String(), Counts: p.counts, Waiting: p.waiting, Unplanned: p.Unplanned}
	for _, e := range p.Executions {
		one := savedExecution{ID: e.ID, State: e.State, Waiting: e.Waiting, Why: e.Why, When: e.When.String()}
		for _, in := range e.Inputs {
			one.Inputs = append(one.Inputs, savedInput{in.Branch, in.Result, in.Timestamp.String()})
		}
		s.Executions = append(s.Executions, one)
	}
	return s
}

// plan is the plan as it was.
func (s *savedPlan) plan(job *jobs.Job) (*Plan, error) {
	var failed error
	at := func(text string) receipts.Timestamp {
		t, err := parseTime(text)
		failed = errors.Join(failed, err)
		return t
	}
	p := &Plan{Job: job, Recorded: s.Recorded, Newest: at(s.Newest), Unplanned: s.Unplanned, counts: s.Counts, waiting: s.Waiting}
	for _, e := range s.Executions {
		one := Execution{ID: e.ID, State: e.State, Waiting: e.Waiting, Why: e.Why, When: at(e.When)}
		for _, in := range e.Inputs {
			one.Inputs = append(one.Inputs, receipts.Input{Branch: in.Branch, Result: in.Result, Timestamp: at(in.Timestamp)})
		}
		p.Executions = append(p.Executions, one)
	}
	return p, failed
}
