package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/gitcmd/gittest"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// day is a time on the day of all receipts in these tests.
func day(minutes int) receipts.Timestamp {
	return receipts.NewTimestamp(time.Date(2020, 1, 1, 0, minutes, 0, 0, time.UTC))
}

// input names a receipt.
func input(r *receipts.Receipt) receipts.Input {
	return receipts.Input{Branch: r.Branch, Result: string(r.ID()), Timestamp: r.Timestamp}
}

func receipt(branch string, minutes int, inputs ...receipts.Input) *receipts.Receipt {
	return &receipts.Receipt{Branch: branch, Input: inputs, Timestamp: day(minutes)}
}

func seed(text string) receipts.Input { return receipts.Input{Branch: ":test", Result: text} }

// commit puts receipts on their branches, one commit a branch.
func commit(t *testing.T, r *gitcmd.Repository, list ...*receipts.Receipt) {
	t.Helper()
	t.Setenv("GIT_COMMITTER_DATE", day(24*60).String())
	changes := map[string][]gitcmd.Change{}
	for _, one := range list {
		data, err := one.Encode()
		if err != nil {
			t.Fatal(err)
		}
		changes[one.Branch] = append(changes[one.Branch], gitcmd.Change{Path: one.ID().Path(), Data: data})
	}
	for name, files := range changes {
		branch, err := r.Branch(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		made, err := r.Commit(t.Context(), gitcmd.NewCommit{Parent: branch.Commit, Changes: files, Message: "record\n"})
		if err == nil {
			err = r.UpdateRef(t.Context(), branch.Ref, made, branch.Commit, "test")
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// startJobs makes branches with jobs: a name and its inputs, separated by spaces.
// They are dated before all receipts.
func startJobs(t *testing.T, list ...string) *gitcmd.Repository {
	t.Helper()
	t.Setenv("GIT_COMMITTER_DATE", "2019-01-01T00:00:00Z")
	files := map[string]string{}
	for _, job := range list {
		words := strings.Fields(job)
		var inputs []string
		for _, branch := range words[1:] {
			inputs = append(inputs, fmt.Sprintf(`{"branch": %q}`, branch))
		}
		files[words[0]] = `{"input": [` + strings.Join(inputs, ",") + `]}`
	}
	dir := gittest.New(t)
	r := gitcmd.Open(dir)
	t.Cleanup(func() { _ = r.Close() })
	for branch, job := range files {
		commit, err := r.Commit(t.Context(), gitcmd.NewCommit{Changes: []gitcmd.Change{{Path: jobs.File, Data: []byte(job)}}, Message: "start\n"})
		if err == nil {
			err = r.UpdateRef(t.Context(), "refs/heads/"+branch, commit, "", "test")
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// all plans the jobs of a repository, and makes bad ones an error.
func all(t *testing.T, r *gitcmd.Repository, names ...string) ([]*Plan, error) {
	t.Helper()
	catalog, err := jobs.Open(t.Context(), r)
	if err != nil {
		return nil, err
	}
	list, bad, err := catalog.Load(t.Context(), names...)
	if err != nil {
		return nil, err
	}
	for _, one := range bad {
		return nil, one.Err
	}
	var plans []*Plan
	planner := NewPlanner(r, catalog)
	for _, job := range list {
		p, err := planner.Plan(t.Context(), job)
		if err != nil {
			return nil, err
		}
		plans = append(plans, p)
	}
	return plans, nil
}

func plan(t *testing.T, r *gitcmd.Repository, branch string) *Plan {
	t.Helper()
	plans, err := all(t, r, branch)
	if err != nil {
		t.Fatal(err)
	}
	return plans[0]
}

func counts(p *Plan) string {
	return fmt.Sprintf("%d recorded %d pending %d stale %d outdated %d fresh", p.Recorded,
		p.Count(Pending), p.Count(Stale), p.Count(Outdated), p.Count(Fresh))
}

func TestPlanOneInput(t *testing.T) {
	r := startJobs(t, "source", "next source")
	first, second, third := receipt("source", 1, seed("1")), receipt("source", 2, seed("2")), receipt("source", 3, seed("3"))
	commit(t, r, first, second, third)
	commit(t, r, receipt("next", 4, input(first)), receipt("next", 5, seed("extra"), input(second)))
	if got := counts(plan(t, r, "next")); got != "2 recorded 1 pending 0 stale 0 outdated 2 fresh" {
		t.Errorf("plan = %s", got)
	}
	commit(t, r, receipt("source", 9, seed("1"))) // again
	p := plan(t, r, "next")
	if got := counts(p); got != "2 recorded 1 pending 1 stale 0 outdated 1 fresh" {
		t.Errorf("plan = %s", got)
	}
	for _, e := range p.Executions {
		if e.State == Stale && !strings.Contains(e.Why, "which was executed again at 2020-01-01T00:09:00Z") {
			t.Errorf("why = %q", e.Why)
		}
	}
	if got := counts(plan(t, r, "source")); got != "3 recorded 0 pending 0 stale 0 outdated 0 fresh" {
		t.Errorf("plan of a job without inputs = %s", got)
	}
}

// An input whose execution is not known to the receipt cannot make it stale.
func TestPlanUnknownTimestamp(t *testing.T) {
	r := startJobs(t, "source", "next source")
	first := receipt("source", 1, seed("1"))
	unknown := input(first)
	unknown.Timestamp = receipts.Timestamp{}
	commit(t, r, first, receipt("next", 2, unknown))
	if got := counts(plan(t, r, "next")); got != "1 recorded 0 pending 0 stale 0 outdated 1 fresh" {
		t.Errorf("plan = %s", got)
	}
}

func TestPlanOutdated(t *testing.T) {
	r := startJobs(t, "source", "next source")
	first := receipt("source", 1, seed("1"))
	commit(t, r, first, receipt("next", 2, input(first)))
	t.Setenv("GIT_COMMITTER_DATE", "2020-01-03T00:00:00Z")
	branch, err := r.Branch(t.Context(), "next")
	if err != nil {
		t.Fatal(err)
	}
	made, err := r.Commit(t.Context(), gitcmd.NewCommit{Parent: branch.Commit, Message: "change\n",
		Changes: []gitcmd.Change{{Path: "docker/execute", Data: []byte("#!/bin/sh\n"), Executable: true}}})
	if err == nil {
		err = r.UpdateRef(t.Context(), branch.Ref, made, branch.Commit, "test")
	}
	if err != nil {
		t.Fatal(err)
	}
	if got := counts(plan(t, r, "next")); got != "1 recorded 0 pending 0 stale 1 outdated 0 fresh" {
		t.Errorf("plan = %s", got)
	}
}

// Two branches that read one are joined by the receipt they both come from.
func TestPlanDiamond(t *testing.T) {
	r := startJobs(t, "top", "left top", "right top", "bottom left right", "unrelated")
	var list []*receipts.Receipt
	want := map[receipts.ID]bool{}
	for i := range 50 {
		top := receipt("top", i, seed(fmt.Sprint(i)))
		left, right := receipt("left", i, input(top)), receipt("right", i, seed("x"), input(top))
		list = append(list, top, left, right)
		want[receipt("bottom", 0, input(left), input(right)).ID()] = true
	}
	// A left without its right calls for nothing.
	lone := receipt("top", 60, seed("lone"))
	commit(t, r, append(list, lone, receipt("left", 61, input(lone)), receipt("left", 62, seed("from elsewhere")))...)
	p := plan(t, r, "bottom")
	if got := counts(p); got != "0 recorded 50 pending 0 stale 0 outdated 0 fresh" {
		t.Errorf("plan = %s", got)
	}
	for _, e := range p.Executions {
		if !want[e.ID] {
			t.Errorf("execution %s joins what has no ancestor in common", e.ID)
		}
	}
	// An input can be an ancestor of another.
	if got := plan(t, startAgain(t, r, "both top left"), "both").Count(Pending); got != 51 {
		t.Errorf("%d pending of a job on a branch and its ancestor, want 51", got)
	}
	commit(t, r, receipt("unrelated", 1, seed("a")), receipt("unrelated", 2, seed("b")))
	p = plan(t, startAgain(t, r, "mixed left unrelated"), "mixed")
	// What shares no ancestor goes together by time: with what was newest then, or with
	// the first where nothing was there yet.
	with := map[receipts.Timestamp]int{}
	for _, e := range p.Executions {
		with[e.Inputs[1].Timestamp]++
	}
	if p.Count(Pending) != 52 || with[day(1)] != 2 || with[day(2)] != 50 {
		t.Errorf("%d pending, with %v, want 52, 2 of them with the first and 50 with the second", p.Count(Pending), with)
	}
	// The job of left reads top: what read another branch is unplanned, a seed is not.
	commit(t, r, receipt("left", 63, input(receipt("unrelated", 1, seed("a")))))
	left := plan(t, r, "left")
	if len(left.Unplanned) != 1 || left.Unplanned[0].Why != "it read 0 receipts of top, where the job reads one" {
		t.Errorf("unplanned of left = %+v", left.Unplanned)
	}
}

// startAgain adds a job to a repository.
func startAgain(t *testing.T, r *gitcmd.Repository, job string) *gitcmd.Repository {
	t.Helper()
	words := strings.Fields(job)
	if _, err := jobs.Start(t.Context(), r, words[0], jobs.NewJob{Inputs: words[1:]}); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestPlanFaults(t *testing.T) {
	r := startJobs(t, "a b", "b c", "c a", "d nothing")
	if _, err := all(t, r, "a", "b", "c"); err == nil || !strings.Contains(err.Error(), "in a circle: a → c → b → a") {
		t.Errorf("Load = %v, want a circle", err)
	}
	if _, err := all(t, r, "d"); err == nil || !strings.Contains(err.Error(), "d:config/job.json: input[0].branch: branch nothing: not found") {
		t.Errorf("Load = %v, want the missing branch", err)
	}
	if _, err := all(t, r, "nothing"); !errors.Is(err, gitcmd.ErrNotFound) {
		t.Errorf("Load = %v, want not found", err)
	}
}

// The numbers of a live repository: seven images were never analyzed.
func TestLivePlan(t *testing.T) {
	r := gitcmd.Open(gittest.Live(t))
	defer r.Close()
	if got := counts(plan(t, r, "aws-xen-centos-7-metadata")); got != "98 recorded 7 pending 0 stale 0 outdated 98 fresh" {
		t.Errorf("plan = %s", got)
	}
}

// An execution waits for what it reads, through others too.
func TestWaits(t *testing.T) {
	r := startJobs(t, "top", "middle top", "bottom middle")
	first, second := receipt("top", 1, seed("1")), receipt("top", 2, seed("2"))
	middle, other := receipt("middle", 3, input(first)), receipt("middle", 4, input(second))
	commit(t, r, first, second, middle, other)
	catalog, err := jobs.Open(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	planner := NewPlanner(r, catalog)
	job, err := catalog.Job(t.Context(), "bottom")
	if err != nil {
		t.Fatal(err)
	}
	p, err := planner.Plan(t.Context(), job)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		due  []receipts.ID
		want int
	}{
		{nil, 0},
		{[]receipts.ID{middle.ID()}, 1},
		{[]receipts.ID{first.ID()}, 1},
		{[]receipts.ID{first.ID(), second.ID()}, 2},
	} {
		n := 0
		for i := range p.Executions {
			if planner.Waits(&p.Executions[i], func(_ string, id receipts.ID) bool { return slices.Contains(test.due, id) }) {
				n++
			}
		}
		if n != test.want || len(p.Executions) != 2 {
			t.Errorf("%d of %d executions wait for %v, want %d of 2", n, len(p.Executions), test.due, test.want)
		}
	}
}

// A receipt that is recorded meanwhile counts in the next plan.
func TestPlanAgain(t *testing.T) {
	r := startJobs(t, "source", "next source")
	first := receipt("source", 1, seed("1"))
	commit(t, r, first)
	catalog, err := jobs.Open(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	planner := NewPlanner(r, catalog)
	job, err := catalog.Job(t.Context(), "next")
	if err != nil {
		t.Fatal(err)
	}
	count := func() string {
		t.Helper()
		p, err := planner.Plan(t.Context(), job)
		if err != nil {
			t.Fatal(err)
		}
		return counts(p)
	}
	if got := count(); got != "0 recorded 1 pending 0 stale 0 outdated 0 fresh" {
		t.Errorf("plan = %s", got)
	}
	for _, again := range []*receipts.Receipt{
		receipt("source", 2, seed("2")), receipt("next", 3, input(first)), receipt("source", 4, seed("1")),
	} {
		planner.Add(&ledger.Entry{ID: again.ID(), Receipt: again})
	}
	if got := count(); got != "1 recorded 1 pending 1 stale 0 outdated 0 fresh" {
		t.Errorf("plan = %s", got)
	}
}
