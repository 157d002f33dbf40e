package plan

import (
	"context"
	"fmt"
	"io/fs"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// A world is jobs and receipts in memory: every recording of each branch, oldest first.
type world struct {
	jobs     map[string]*jobs.Job
	recorded map[string][]*receipts.Receipt
}

func newWorld(list ...*jobs.Job) *world {
	w := &world{map[string]*jobs.Job{}, map[string][]*receipts.Receipt{}}
	for _, job := range list {
		w.jobs[job.Branch] = job
	}
	return w
}

// reads makes a job of a branch and its inputs, as "BRANCH INPUT…". An input that
// begins with "-" triggers nothing.
func reads(text string, join ...string) *jobs.Job {
	words := strings.Fields(text)
	job := &jobs.Job{Branch: words[0], Join: join}
	for _, word := range words[1:] {
		name := strings.TrimPrefix(word, "-")
		job.Input = append(job.Input, jobs.Input{Branch: name, Alias: name, Trigger: name == word})
	}
	return job
}

func (w *world) record(list ...*receipts.Receipt) {
	for _, r := range list {
		w.recorded[r.Branch] = append(w.recorded[r.Branch], r)
	}
}

func (w *world) Job(_ context.Context, branch string) (*jobs.Job, error) { return w.jobs[branch], nil }

func (w *world) Receipts(_ context.Context, branch string) iter.Seq2[*ledger.Entry, error] {
	return func(yield func(*ledger.Entry, error) bool) {
		if _, ok := w.recorded[branch]; !ok && w.jobs[branch] == nil {
			yield(nil, fs.ErrNotExist)
			return
		}
		current := map[receipts.ID]*receipts.Receipt{}
		for _, r := range w.recorded[branch] {
			current[r.ID()] = r
		}
		var ids []receipts.ID
		for id := range current {
			ids = append(ids, id)
		}
		slices.Sort(ids)
		for _, id := range ids {
			if !yield(&ledger.Entry{ID: id, Receipt: current[id]}, nil) {
				return
			}
		}
	}
}

func (w *world) Firsts(_ context.Context, branch string, visit func(receipts.ID, receipts.Timestamp, int)) error {
	seen := map[receipts.ID]bool{}
	for depth, r := range w.recorded[branch] {
		if !seen[r.ID()] {
			seen[r.ID()] = true
			visit(r.ID(), r.Timestamp, depth)
		}
	}
	return nil
}

func (*world) Changed(context.Context, *jobs.Job) (receipts.Timestamp, error) {
	return receipts.Timestamp{}, nil
}

func (*world) HasTree(context.Context, string) (bool, error) { return false, nil }

// plan plans a job, and names what it calls for by the seeds that the inputs come from:
// "state a1+b2".
func (w *world) plan(t *testing.T, branch string, ahead bool) (*Plan, string) {
	t.Helper()
	p := New(w)
	p.Fresh, p.Ahead = true, ahead
	made, err := p.Plan(t.Context(), w.jobs[branch])
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range made.Executions {
		var names []string
		for _, in := range e.Inputs {
			names = append(names, w.name(in.Branch, receipts.ID(in.Result)))
		}
		state := string(e.State)
		if e.Waiting {
			state = "waiting"
		}
		list = append(list, state+" "+strings.Join(names, "+"))
	}
	return made, strings.Join(list, ", ")
}

// name is the seed that a receipt comes from, after its branch.
func (w *world) name(branch string, id receipts.ID) string {
	for _, r := range w.recorded[branch] {
		if r.ID() == id && len(r.Input) > 0 && r.Input[0].Branch == ":test" {
			return branch + r.Input[0].Result
		}
	}
	return branch + "@" + string(id[:6])
}

func TestAsOf(t *testing.T) {
	a := func(n, minute int) *receipts.Receipt { return receipt("a", minute, seed(fmt.Sprint(n))) }
	b := func(n, minute int) *receipts.Receipt { return receipt("b", minute, seed(fmt.Sprint(n))) }
	tests := []struct {
		name, job string
		recorded  []*receipts.Receipt
		want      string
	}{
		{"nothing of the other yet", "c a b", []*receipts.Receipt{a(1, 1), a(2, 2)}, ""},
		{"those before go with the first", "c a b", []*receipts.Receipt{a(1, 1), a(2, 2), b(1, 5)}, "pending a1+b1, pending a2+b1"},
		{"each with the newest then", "c a b", []*receipts.Receipt{a(1, 1), b(1, 2), a(2, 3), b(2, 4), b(3, 5), a(3, 6)},
			"pending a1+b1, pending a2+b1, pending a2+b2, pending a2+b3, pending a3+b3"},
		{"at the same time", "c a b", []*receipts.Receipt{a(1, 1), b(1, 1), a(2, 2), b(2, 2)}, "pending a1+b1, pending a2+b2"},
		{"a replay moves no pair", "c a b", []*receipts.Receipt{a(1, 1), b(1, 2), a(2, 3), a(1, 9), b(1, 10)}, "pending a2+b1, pending a1+b1"},
		{"context starts nothing", "c a -b", []*receipts.Receipt{b(1, 1), a(1, 2), b(2, 3), a(2, 4), b(3, 5)}, "pending a1+b1, pending a2+b2"},
		{"context that comes later", "c a -b", []*receipts.Receipt{a(1, 1), a(2, 2), b(1, 5), b(2, 6)}, "pending a1+b1, pending a2+b1"},
	}
	for _, test := range tests {
		w := newWorld(reads("a"), reads("b"), reads(test.job))
		w.record(test.recorded...)
		if _, got := w.plan(t, "c", false); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

// Joins come first, then as of between the groups.
func TestMixed(t *testing.T) {
	w := newWorld(reads("top"), reads("x"), reads("left top"), reads("right top"), reads("all left x right"))
	top1, top2 := receipt("top", 1, seed("1")), receipt("top", 2, seed("2"))
	w.record(top1, top2, receipt("x", 3, seed("1")), receipt("left", 5, input(top1)), receipt("right", 9, input(top1)),
		receipt("x", 7, seed("2")), receipt("left", 10, input(top2)), receipt("right", 11, input(top2)), receipt("x", 12, seed("3")))
	p, _ := w.plan(t, "all", false)
	var pairs []string
	for _, e := range p.Executions {
		pairs = append(pairs, w.name("x", receipts.ID(e.Inputs[1].Result)))
	}
	// x1 goes with the first join there was, both joins with x2, and x3 with the second.
	if got := strings.Join(pairs, " "); got != "x1 x2 x2 x3" {
		t.Errorf("joins are paired with %s, want x1 x2 x2 x3", got)
	}
}

// Unrelated resources use the same pseudo-branch: only a job that says so is joined by
// it.
func TestJoinBySeed(t *testing.T) {
	for _, test := range []struct {
		join []string
		want string
	}{{nil, "pending a1+b1, pending a1+b2, pending a2+b2"}, {[]string{":test"}, "pending a1+b1, pending a2+b2"}} {
		w := newWorld(reads("a"), reads("b"), reads("c a b", test.join...))
		w.record(receipt("a", 1, seed("1")), receipt("b", 2, seed("1")), receipt("b", 3, seed("2")), receipt("a", 4, seed("2")))
		if _, got := w.plan(t, "c", false); got != test.want {
			t.Errorf("join %v: %s, want %s", test.join, got, test.want)
		}
	}
}

// A receipt that pairs what does not belong together is unplanned, and so is what was
// made from it.
func TestUnplanned(t *testing.T) {
	w := newWorld(reads("top"), reads("left top"), reads("right top"), reads("both left right"), reads("next both"))
	top1, top2 := receipt("top", 1, seed("1")), receipt("top", 2, seed("2"))
	left1, right1, right2 := receipt("left", 3, input(top1)), receipt("right", 3, input(top1)), receipt("right", 4, input(top2))
	good, bad := receipt("both", 5, input(left1), input(right1)), receipt("both", 6, input(left1), input(right2))
	w.record(top1, top2, left1, right1, right2, good, bad, receipt("next", 7, input(good)), receipt("next", 8, input(bad)))
	p, _ := w.plan(t, "both", false)
	if len(p.Unplanned) != 1 || p.Unplanned[0].ID != bad.ID() || p.Count(Fresh) != 1 || p.Count(Pending) != 0 {
		t.Fatalf("unplanned %+v, %d fresh, %d pending", p.Unplanned, p.Count(Fresh), p.Count(Pending))
	}
	want := fmt.Sprintf("right@%s comes from top@%s, and what it was paired with from top@%s", right2.ID()[:12], top2.ID()[:12], top1.ID()[:12])
	if p.Unplanned[0].Why != want {
		t.Errorf("why = %q, want %q", p.Unplanned[0].Why, want)
	}
	p, _ = w.plan(t, "next", false)
	if len(p.Unplanned) != 1 || !strings.HasSuffix(p.Unplanned[0].Why, "which is unplanned itself") || p.Count(Fresh) != 1 {
		t.Errorf("unplanned below %+v, %d fresh", p.Unplanned, p.Count(Fresh))
	}
	// Taken back, an input leaves what was made from it.
	w.recorded["left"] = nil
	p, _ = w.plan(t, "both", false)
	if len(p.Unplanned) != 2 || !strings.HasSuffix(p.Unplanned[0].Why, "which the branch does not have any more") {
		t.Errorf("unplanned without left %+v", p.Unplanned)
	}
}

// One receipt that names one input more makes another branch an ancestor of both inputs. The
// others, which have nothing of it, go together as before.
func TestOddAncestor(t *testing.T) {
	w := newWorld(reads("top"), reads("left top"), reads("right top"), reads("both left right"))
	odd := receipt("count", 0, seed("0"))
	top1, top2 := receipt("top", 1, seed("1")), receipt("top", 2, seed("2"), input(odd))
	lefts := []*receipts.Receipt{receipt("left", 3, input(top1)), receipt("left", 3, input(top2)), receipt("left", 4, seed("a"))}
	rights := []*receipts.Receipt{receipt("right", 3, input(top1)), receipt("right", 3, input(top2)), receipt("right", 4, seed("a"))}
	good, bad := receipt("both", 5, input(lefts[0]), input(rights[0])), receipt("both", 6, input(lefts[0]), input(rights[1]))
	none := receipt("both", 7, input(lefts[2]), input(rights[2]))
	for _, recorded := range [][]*receipts.Receipt{nil, {odd}} { // whether the branch is here or not
		w.record(append(recorded, top1, top2, good, bad, none)...)
		w.record(append(lefts, rights...)...)
		p, _ := w.plan(t, "both", false)
		if got := counts(p); got != "3 recorded 1 pending 0 stale 0 outdated 1 fresh" {
			t.Errorf("plan = %s, want the second pair pending", got)
		}
		if len(p.Unplanned) != 2 {
			t.Errorf("unplanned %+v, want a pair of two tops, and one of none", p.Unplanned)
		}
		w = newWorld(reads("count"), reads("top"), reads("left top"), reads("right top"), reads("both left right"))
	}
}

// Ahead, what is due is counted on, and what will read it waits.
func TestAhead(t *testing.T) {
	w := newWorld(reads("top"), reads("left top"), reads("right top"), reads("both left right"))
	top1 := receipt("top", 1, seed("1"))
	left1 := receipt("left", 2, input(top1))
	w.record(top1, receipt("top", 3, seed("2")), left1)
	p, got := w.plan(t, "both", true)
	if p.Waiting() != 2 || p.Count(Pending) != 0 || !p.Due() || strings.Count(got, "waiting") != 2 {
		t.Errorf("ahead: %s", got)
	}
	if p, _ := w.plan(t, "both", false); p.Waiting() != 0 || len(p.Executions) != 0 {
		t.Errorf("not ahead: %+v", p.Executions)
	}
	// Below something stale, nothing is fresh.
	right1 := receipt("right", 3, input(top1))
	w = newWorld(reads("top"), reads("left top"), reads("right top"), reads("both left right"))
	w.record(top1, left1, right1, receipt("both", 4, input(left1), input(right1)), receipt("top", 9, seed("1")))
	if p, got := w.plan(t, "both", true); p.Waiting() != 1 || !strings.HasPrefix(got, "waiting") {
		t.Errorf("below something stale: %s", got)
	}
}

// What ran is compared by content: times do not count where a receipt tells.
func TestOutdatedByContent(t *testing.T) {
	top := receipt("top", 1, seed("1"))
	made := receipt("next", 5, input(top))
	for _, test := range []struct {
		job  *receipts.Job
		want State
		why  string
	}{
		{&receipts.Job{}, Fresh, ""},
		{&receipts.Job{Image: "sha256:1"}, Fresh, ""},
		{&receipts.Job{Docker: "1234"}, Outdated, "docker/ changed since it was recorded"},
		{&receipts.Job{Config: "1", Code: &receipts.Code{Tree: "2"}}, Outdated, "the task in config/job.json and its code changed since it was recorded"},
	} {
		w := newWorld(reads("top"), reads("next top"))
		one := *made
		one.Job = test.job
		w.record(top, &one)
		p, _ := w.plan(t, "next", false)
		if p.Executions[0].State != test.want || test.why != "" && p.Executions[0].Why != test.why {
			t.Errorf("%+v is %s: %s, want %s: %s", test.job, p.Executions[0].State, p.Executions[0].Why, test.want, test.why)
		}
	}
}

// Code is compared by its tree, and a source that knows the history tells the files.
func TestOutdatedByCode(t *testing.T) {
	top := receipt("top", 1, seed("1"))
	for _, test := range []struct {
		was     *receipts.Code
		now     gitcmd.Hash // "" where it is not known
		changed []string
		why     string // "" for fresh
	}{
		{&receipts.Code{Ref: "r", Tree: "1"}, "1", nil, ""},
		{&receipts.Code{Ref: "r", Tree: "1"}, "", nil, ""},
		{&receipts.Code{Ref: "r", Tree: "1"}, "2", nil, "code main changed since it was recorded"},
		{&receipts.Code{Ref: "r", Tree: "1"}, "2", []string{"src/a"}, "code main: src/a changed since it was recorded"},
		{&receipts.Code{Ref: "r", Tree: "1"}, "2", []string{"a", "b", "c", "d", "e"}, "code main: a, b, c and 2 more changed since it was recorded"},
		{&receipts.Code{Ref: "r", Tree: "1"}, "2", []string{"a\x1b[1m\n"}, `code main: "a\x1b[1m\n" changed since it was recorded`},
		{nil, "2", []string{"a"}, "code main changed since it was recorded"},
	} {
		w := newWorld(reads("top"), reads("next top"))
		w.jobs["next"].Code = &jobs.Code{Branch: "main", Files: jobs.CodeTree{Tree: test.now}}
		made := receipt("next", 5, input(top))
		made.Job = &receipts.Job{Code: test.was}
		w.record(top, made)
		p := New(&codeWorld{w, test.changed})
		p.Fresh = true
		plan, err := p.Plan(t.Context(), w.jobs["next"])
		if err != nil {
			t.Fatal(err)
		}
		if e := plan.Executions[0]; (e.State == Fresh) != (test.why == "") || e.State == Outdated && e.Why != test.why {
			t.Errorf("%+v and now %q: %s: %s, want %s", test.was, test.now, e.State, e.Why, test.why)
		}
	}
}

// A codeWorld knows which files of code have changed since commit r and tree 1.
type codeWorld struct {
	*world
	changed []string
}

func (w *codeWorld) CodeChanges(_ context.Context, _ *jobs.Code, ref, tree string) ([]string, error) {
	if ref != "r" || tree != "1" {
		return nil, fmt.Errorf("asked for %s of %s", tree, ref)
	}
	return w.changed, nil
}
