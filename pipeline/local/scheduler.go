package local

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/pipeline/local/failures"
	"github.com/git-datapact/git-datapact/pipeline/plan"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// RequestKey stands for the id of an execution that is known only when it is recorded.
const RequestKey = "request"

// Work is an execution that is due.
type Work struct {
	plan.Execution
	Job *jobs.Job
	Key string // the id of the receipt, or "request"
}

// A place names a receipt.
type place struct {
	branch string
	id     receipts.ID
}

func (w *Work) place() place { return place{w.Job.Branch, receipts.ID(w.Key)} }

// A queue is a job with its executions that are due.
type queue struct {
	job      *jobs.Job
	upstream map[string]bool // branches that it depends on, itself or through others
	waiting  []*Work         // in the order they are to start
	running  int
	able     bool // it was found that the job can run here
	changed  bool // what it reads has changed since it was planned
	settling bool // an execution is left for now: something may yet be recorded in the same second
	stopped  bool // after a failure
}

// A scheduler decides what runs when. Only the goroutine of run touches it.
type scheduler struct {
	opts    Options
	unable  func(context.Context, *jobs.Job) error // why a job cannot run here
	planner *plan.Planner
	queues  []*queue // in dependency order
	due     map[string]map[receipts.ID]bool
	tried   map[place]bool // started in this run
	groups  map[string]int // running, by serial group
	running []*Work
	started map[*Work]time.Time
	summary Summary
	last    *Work    // that failed
	behind  error    // of worktrees that could not follow, and of branches that were not pushed
	planned struct { // the last planning
		at   time.Time
		took time.Duration
	}
}

func newScheduler(repository *gitcmd.Repository, catalog *jobs.Catalog, list []*jobs.Job, opts Options) *scheduler {
	s := &scheduler{
		opts: opts, planner: plan.NewPlanner(repository, catalog),
		unable: func(ctx context.Context, job *jobs.Job) error { return unable(ctx, repository, job, opts) },
		due:    map[string]map[receipts.ID]bool{}, tried: map[place]bool{}, groups: map[string]int{}, started: map[*Work]time.Time{},
	}
	s.planner.Fresh = opts.Force
	upstream := map[string]map[string]bool{}
	for _, job := range list {
		q := &queue{job: job, upstream: map[string]bool{}, changed: true}
		for _, branch := range job.InputBranches() {
			q.upstream[branch] = true
			for above := range upstream[branch] {
				q.upstream[above] = true
			}
		}
		upstream[job.Branch] = q.upstream
		s.queues = append(s.queues, q)
		s.due[job.Branch] = map[receipts.ID]bool{}
	}
	return s
}

// isDue reports whether a receipt is due in this run.
func (s *scheduler) isDue(branch string, id receipts.ID) bool { return s.due[branch][id] }

// An outcome is what became of an execution.
type outcome struct {
	work        *Work
	entry       *ledger.Entry // nil where it failed
	err         error         // beside an entry: a worktree could not follow, or it was not pushed
	said        []string      // the last lines that the task printed
	build       string        // kept build folder
	interrupted bool
}

// run starts what can start, waits for what ends, and plans again, until nothing is
// left to start.
func (s *scheduler) run(ctx context.Context, e *executor) (Summary, error) {
	if err := s.plan(ctx); err != nil {
		return s.summary, err
	}
	outcomes := make(chan outcome)
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	var failed error // of the engine itself; then nothing more is started
	for {
		for failed == nil && ctx.Err() == nil && len(s.running) < s.opts.workers() {
			w := s.next()
			if w == nil {
				break
			}
			s.start(w)
			go func() { outcomes <- e.execute(ctx, w) }()
		}
		if s.progress(); len(s.running) > 0 || s.settling() && s.next() == nil && failed == nil && ctx.Err() == nil {
			select {
			case o := <-outcomes:
				failed = errors.Join(failed, s.finish(o, e.layout))
			case <-ticker.C:
				s.settle()
			}
		}
		if failed == nil && s.shouldPlan() {
			failed = s.plan(ctx)
			continue
		}
		if len(s.running) == 0 && (failed != nil || ctx.Err() != nil || s.next() == nil && !s.settling()) {
			break
		}
	}
	return s.end(ctx, failed)
}

// settling reports whether executions are left until a second has passed.
func (s *scheduler) settling() bool {
	return slices.ContainsFunc(s.queues, func(q *queue) bool { return q.settling })
}

// settle has the jobs planned again that have such executions.
func (s *scheduler) settle() {
	for _, q := range s.queues {
		q.changed = q.changed || q.settling
	}
}

// leaveBad tells of a job that cannot be planned.
func (s *scheduler) leaveBad(ctx context.Context, bad jobs.Bad) {
	s.summary.Bad++
	if s.opts.Watcher != nil {
		s.opts.Watcher.Bad(bad)
	}
}

// end tells how the run went.
func (s *scheduler) end(ctx context.Context, failed error) (Summary, error) {
	for _, q := range s.queues {
		s.summary.Held += len(q.waiting)
	}
	switch {
	case ctx.Err() != nil:
		return s.summary, ctx.Err()
	case failed != nil:
		return s.summary, failed
	case s.summary.Failed > 0:
		err := fmt.Errorf("%d of %d executions failed", s.summary.Failed, s.summary.Failed+s.summary.Recorded)
		if s.summary.Held > 0 {
			err = fmt.Errorf("%w, %d more were not started", err, s.summary.Held)
		}
		return s.summary, gitcmd.WithHint(errors.Join(s.behind, err), s.logHint())
	}
	if s.summary.Bad > 0 {
		return s.summary, errors.Join(s.behind, fmt.Errorf("%d of the jobs cannot be planned", s.summary.Bad))
	}
	return s.summary, s.behind
}

// logHint says how to see more of a failure.
func (s *scheduler) logHint() string {
	whose := "the task"
	if s.summary.Failed > 1 {
		whose = "the last one of them"
	}
	return fmt.Sprintf("'git datapact run --log %s@%s' shows all that %s printed; run again to go on", s.last.Job.Branch, failures.Short(s.last.Key), whose)
}

// shouldPlan reports whether to plan again: when something has changed, at once if
// there is nothing else to do, and else so that planning takes a small part of the
// time.
func (s *scheduler) shouldPlan() bool {
	if !slices.ContainsFunc(s.queues, func(q *queue) bool { return q.changed }) {
		return false
	}
	idle := len(s.running) < s.opts.workers() && s.next() == nil
	return idle || time.Since(s.planned.at) > max(time.Second, 20*s.planned.took)
}

// plan finds out what is due of the jobs whose inputs have changed.
func (s *scheduler) plan(ctx context.Context) error {
	begun := time.Now()
	for _, q := range s.queues {
		if !q.changed {
			continue
		}
		q.changed, q.settling = false, false
		for _, w := range q.waiting {
			delete(s.due[q.job.Branch], w.place().id)
		}
		var err error
		if q.waiting, err = s.work(ctx, q); err == nil {
			err = s.leaveUnable(ctx, q)
		}
		if err != nil && !slices.Contains(s.opts.Branches, q.job.Branch) && ctx.Err() == nil && !q.able {
			s.leaveBad(ctx, jobs.Bad{Branch: q.job.Branch, Err: err})
			q.stopped = true
			continue
		}
		if err != nil {
			return fmt.Errorf("planning %s: %w", q.job.Branch, err)
		}
		for _, w := range q.waiting {
			s.due[q.job.Branch][w.place().id] = true
		}
	}
	s.planned.at, s.planned.took = time.Now(), time.Since(begun)
	return nil
}

// leaveUnable leaves what is due of a job that cannot run here. Where somebody asked for
// that job, it is an error.
func (s *scheduler) leaveUnable(ctx context.Context, q *queue) error {
	if len(q.waiting) == 0 || q.able {
		return nil
	}
	err := s.unable(ctx, q.job)
	if q.able = err == nil; q.able || slices.Contains(s.opts.Branches, q.job.Branch) || ctx.Err() != nil {
		return err
	}
	if s.opts.Watcher != nil {
		s.opts.Watcher.Left(q.job.Branch, len(q.waiting), err)
	}
	q.waiting = nil
	return nil
}

// work lists the executions of a job that are to run, oldest inputs first.
func (s *scheduler) work(ctx context.Context, q *queue) ([]*Work, error) {
	if len(s.opts.Inputs) > 0 || len(q.job.InputBranches()) == 0 {
		return s.request(ctx, q.job)
	}
	planned, err := s.planner.Plan(ctx, q.job)
	if err != nil {
		return nil, err
	}
	var list []*Work
	for _, e := range planned.Executions {
		w := &Work{Execution: e, Job: q.job, Key: string(e.ID)}
		switch {
		case s.tried[w.place()] || !s.wants(e.State) && !(e.Waiting && s.planner.Ahead):
		case plan.Settling(&e, time.Now()) && !s.planner.Ahead:
			q.settling = true
		default:
			list = append(list, w)
		}
	}
	return list, nil
}

func (s *scheduler) wants(state plan.State) bool {
	switch state {
	case plan.Outdated:
		return s.opts.Outdated || s.opts.Force
	case plan.Fresh:
		return s.opts.Force
	}
	return true
}

// request is the execution of a job that runs when somebody asks for it, by name.
func (s *scheduler) request(ctx context.Context, job *jobs.Job) ([]*Work, error) {
	w := &Work{Job: job, Key: RequestKey}
	if !slices.Contains(s.opts.Branches, job.Branch) || s.tried[w.place()] {
		return nil, nil
	}
	w.State, w.Why = plan.Pending, "asked for"
	for _, in := range job.Input {
		if _, given := s.opts.Inputs[in.Alias]; given {
			continue
		}
		if in.Branch == "" { // leaveUnable says so
			continue
		}
		newest, err := s.planner.Newest(ctx, in.Branch)
		if err != nil {
			return nil, err
		}
		w.Inputs = append(w.Inputs, newest)
	}
	return []*Work{w}, nil
}

// next returns the execution that is to start next, nil when none can.
func (s *scheduler) next() *Work {
	for _, q := range s.queues {
		if len(q.waiting) == 0 || q.stopped || !s.hasRoom(q) {
			continue
		}
		waits := s.upstreamDue(q)
		for _, w := range q.waiting {
			if !waits || !s.planner.Waits(&w.Execution, s.isDue) {
				return w
			}
		}
	}
	return nil
}

// upstreamDue reports whether executions of the job may have to wait.
func (s *scheduler) upstreamDue(q *queue) bool {
	for branch := range q.upstream {
		if len(s.due[branch]) > 0 {
			return true
		}
	}
	return false
}

// hasRoom reports whether another execution of the job may run now.
func (s *scheduler) hasRoom(q *queue) bool {
	job := q.job
	for _, group := range job.SerialGroups {
		if s.groups[group] > 0 {
			return false
		}
	}
	serial := job.Serial || len(job.SerialGroups) > 0
	return q.running == 0 || !serial && (job.MaxInFlight == 0 || q.running < job.MaxInFlight)
}

// queue is that of a branch, nil where its job does not run.
func (s *scheduler) queue(branch string) *queue {
	for _, q := range s.queues {
		if q.job.Branch == branch {
			return q
		}
	}
	return nil
}

func (s *scheduler) start(w *Work) {
	q := s.queue(w.Job.Branch)
	q.waiting = slices.DeleteFunc(q.waiting, func(other *Work) bool { return other == w })
	q.running++
	for _, group := range w.Job.SerialGroups {
		s.groups[group]++
	}
	s.tried[w.place()] = true
	s.running = append(s.running, w)
	s.started[w] = time.Now()
}

// finish takes in what became of an execution. A failed one stays due, which holds
// back what depends on it.
func (s *scheduler) finish(o outcome, l *layout) error {
	q := s.queue(o.work.Job.Branch)
	q.running--
	for _, group := range o.work.Job.SerialGroups {
		s.groups[group]--
	}
	s.running = slices.DeleteFunc(s.running, func(other *Work) bool { return other == o.work })
	delete(s.started, o.work)
	if o.entry == nil {
		if o.interrupted {
			return nil
		}
		s.summary.Failed++
		s.last = o.work
		q.stopped = !s.opts.KeepGoing
		s.failed(o, l)
		return nil
	}
	s.summary.Recorded++
	delete(s.due[q.job.Branch], o.work.place().id)
	s.planner.Add(o.entry)
	for _, other := range s.queues {
		if slices.Contains(other.job.InputBranches(), q.job.Branch) {
			other.changed = true
		}
	}
	s.behind = errors.Join(s.behind, o.err)
	if s.opts.Watcher != nil {
		return s.opts.Watcher.Recorded(o.entry)
	}
	return nil
}

func (s *scheduler) failed(o outcome, l *layout) {
	if s.opts.Watcher != nil {
		s.opts.Watcher.Failed(Failed{
			Branch: o.work.Job.Branch, Key: o.work.Key, Err: o.err, Said: o.said, Build: o.build, Log: l.log(o.work.Job.Branch, o.work.Key),
		})
	}
}

// Progress is how far a run has come.
type Progress struct {
	Recorded, Failed int
	Remaining        int // known to be due and not started
	Running          []Running
}

// Running is an execution at work.
type Running struct {
	Branch, Key string
	Since       time.Time
}

func (s *scheduler) progress() {
	if s.opts.Watcher == nil {
		return
	}
	p := Progress{Recorded: s.summary.Recorded, Failed: s.summary.Failed}
	for _, q := range s.queues {
		p.Remaining += len(q.waiting)
	}
	for _, w := range s.running {
		p.Running = append(p.Running, Running{w.Job.Branch, w.Key, s.started[w]})
	}
	s.opts.Watcher.Progress(p)
}
