package plan

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// A traced source takes note of what a planner was told, so that its plans can be known
// again while all of that is the same.
type traced struct {
	*gitSource
	notes []note
	known map[string]bool // notes that were taken
}

// A note is a question and a short form of its answer.
type note struct{ Kind, About, More, Answer string }

// The kinds of notes.
const (
	jobNote    = "job"    // of a branch: what counts of it for planning
	branchNote = "branch" // its commit, "" for none
	treeNote   = "tree"   // whether a name is that of a folder in git
	codeNote   = "code"   // which files of it changed since a commit
)

func (s *traced) take(n note) {
	if name := n.Kind + "\n" + n.About + "\n" + n.More; !s.known[name] {
		s.known[name] = true
		s.notes = append(s.notes, n)
	}
}

func (s *traced) Job(ctx context.Context, branch string) (*jobs.Job, error) {
	job, err := s.gitSource.Job(ctx, branch)
	if err == nil {
		s.take(note{Kind: jobNote, About: branch, Answer: jobDigest(job)})
	}
	return job, err
}

// jobDigest stands for all of a job that planning depends on.
func jobDigest(job *jobs.Job) string {
	if job == nil {
		return "none"
	}
	parts := []any{job.Commit, job.Input, job.Join, job.Runs(), job.ConfigTree}
	if job.Code != nil {
		parts = append(parts, job.Code.Branch, fmt.Sprintf("%q", job.Code.Patterns), job.Code.Files.Commit, job.Code.Files.Tree)
	}
	text, err := json.Marshal(parts)
	if err != nil {
		return rand.Text() // it is never the same
	}
	return digestOf(text)
}

func digestOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

func (s *traced) Receipts(ctx context.Context, branch string) iter.Seq2[*ledger.Entry, error] {
	if commit, err := s.commit(ctx, branch); err == nil {
		s.take(note{Kind: branchNote, About: branch, Answer: commit})
	}
	return s.gitSource.Receipts(ctx, branch)
}

// commit is that of a branch, "" where there is none.
func (s *traced) commit(ctx context.Context, branch string) (string, error) {
	found, err := s.catalog.Branch(ctx, branch)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return string(found.Commit), err
}

func (s *traced) HasTree(ctx context.Context, name string) (bool, error) {
	has, err := s.gitSource.HasTree(ctx, name)
	if err == nil {
		s.take(note{Kind: treeNote, About: name, Answer: fmt.Sprint(has)})
	}
	return has, err
}

func (s *traced) CodeChanges(ctx context.Context, code *jobs.Code, ref, tree string) ([]string, error) {
	files, err := s.gitSource.CodeChanges(ctx, code, ref, tree)
	if err == nil {
		s.take(note{Kind: codeNote, About: codeName(code), More: ref + " " + tree, Answer: fmt.Sprintf("%q", files)})
	}
	return files, err
}

func codeName(code *jobs.Code) string { return fmt.Sprintf("%s %q", code.Branch, code.Patterns) }

// holds reports whether a question has the answer that it had.
func (s *traced) holds(ctx context.Context, n note, list []*jobs.Job) bool {
	switch n.Kind {
	case jobNote:
		job, err := s.gitSource.Job(ctx, n.About)
		return err == nil && jobDigest(job) == n.Answer
	case branchNote:
		commit, err := s.commit(ctx, n.About)
		return err == nil && commit == n.Answer
	case treeNote:
		has, err := s.gitSource.HasTree(ctx, n.About)
		return err == nil && fmt.Sprint(has) == n.Answer
	case codeNote:
		ref, tree, _ := strings.Cut(n.More, " ")
		for _, job := range list {
			if job.Code != nil && codeName(job.Code) == n.About {
				files, err := s.gitSource.CodeChanges(ctx, job.Code, ref, tree)
				return err == nil && fmt.Sprintf("%q", files) == n.Answer
			}
		}
	}
	return false
}

// A remembered is what is known of some plans: what they depend on, and what they were.
type remembered struct {
	Notes []note
	Plans []savedPlan
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
func (p *Planner) Recall(ctx context.Context, list []*jobs.Job) {
	file := p.memoryFile(ctx, list)
	if file == "" {
		return
	}
	p.memory = file
	var known remembered
	if !gitcmd.ReadSealed(file, &known) || len(known.Plans) != len(list) {
		return
	}
	for _, n := range known.Notes {
		if !p.source.(*traced).holds(ctx, n, list) {
			return
		}
	}
	plans := map[string]*Plan{}
	for i, job := range list {
		if known.Plans[i].Branch != job.Branch || known.Plans[i].Job != jobDigest(job) {
			return
		}
		plan, err := known.Plans[i].plan(job)
		if err != nil {
			return
		}
		plans[job.Branch] = plan
	}
	p.recalled = plans
}

// Keep remembers the plans of the jobs that were to be recalled, all of which have been
// planned since.
func (p *Planner) Keep(ctx context.Context, list []*jobs.Job) {
	if p.memory == "" || p.recalled != nil || gitcmd.Receiving() || ctx.Err() != nil {
		return
	}
	s := p.source.(*traced)
	known := remembered{Notes: s.notes}
	size := 0
	for _, job := range list {
		made := p.plans[p.datasets.number(job.Branch)]
		if made == nil {
			return
		}
		if size += len(made.Executions) + len(made.Unplanned); size > mostSaved {
			return
		}
		known.Plans = append(known.Plans, save(made))
	}
	folder, sharing, err := s.repository.DataFolder(ctx, plansFolder)
	if err == nil && sharing.WriteSealed(p.memory, known) == nil {
		forget(folder)
	}
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
	at := func(text string) (t receipts.Timestamp) {
		if text != "" {
			var err error
			t, err = receipts.ParseTimestamp(text)
			failed = errors.Join(failed, err)
		}
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
