package resource

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/pipeline/plan"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

var (
	cases    = flag.Int("cases", 1000, "random cases of the differential test")
	caseSeed = flag.Uint64("seed", 0, "the one case to run, 0 for a random first one")
)

// The same jobs and the same history, executed by git datapact run and by Concourse,
// give the same receipts. A case is a random graph of jobs with a random history: the
// first engine asks the planner directly, as run does; of the second, Concourse's
// scheduler is simulated, and what it runs is the check of a plan as it is, and what in
// and out ask the plan. What they record is compared after each step of the history.
func TestEnginesAgree(t *testing.T) {
	first := *caseSeed
	n := 1
	if first == 0 {
		first, n = rand.Uint64()>>1, *cases
		t.Logf("the first of %d seeds is %d", n, first)
	}
	var next, recorded, builds atomic.Int64
	t.Run("cases", func(t *testing.T) {
		for i := range runtime.GOMAXPROCS(0) {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
					seed := first + uint64(i)
					d := newDifference(t, seed)
					d.run()
					if d.failed {
						t.Fatalf("seed %d: go test ./pipeline/concourse/resource -run EnginesAgree -seed %d -v\n%s", seed, seed, d.story.String())
					}
					recorded.Add(int64(d.local.recordings))
					builds.Add(int64(d.builds))
				}
			})
		}
	})
	t.Logf("%d cases: %d recordings by each engine, %d builds", n, recorded.Load(), builds.Load())
	if n > 100 && recorded.Load() < int64(10*n) {
		t.Errorf("%d recordings in %d cases show little", recorded.Load(), n)
	}
}

// A shelf is branches in memory, with their history.
type shelf struct {
	branches   map[string][]*leaf
	made       map[gitcmd.Hash]*leaf
	recordings int
	causes     map[string]int // recordings by execution and cause
}

// A leaf is a commit.
type leaf struct {
	hash     gitcmd.Hash
	receipts map[receipts.ID]*receipts.Receipt
	firsts   map[receipts.ID]stamp
	job      *jobs.Job
	recorded receipts.ID   // by this commit, "" for none
	asked    []receipts.ID // by this commit

	entries []*ledger.Entry // the receipts by their ids, made when they are first asked for
}

type stamp struct {
	at    receipts.Timestamp
	depth int
}

func newShelf() *shelf {
	return &shelf{branches: map[string][]*leaf{}, made: map[gitcmd.Hash]*leaf{}, causes: map[string]int{}}
}

func (s *shelf) tip(branch string) *leaf {
	list := s.branches[branch]
	if len(list) == 0 {
		return nil
	}
	return list[len(list)-1]
}

// commit puts a commit on a branch, changed from the last one.
func (s *shelf) commit(branch string, change func(*leaf)) {
	next := &leaf{hash: gitcmd.Hash(fmt.Sprintf("%040x", len(s.made)+1)), receipts: map[receipts.ID]*receipts.Receipt{}, firsts: map[receipts.ID]stamp{}}
	// The digits that versions tell are the first ones.
	next.hash = gitcmd.Hash(fmt.Sprintf("%016x", len(s.made)+1)) + next.hash[16:]
	if tip := s.tip(branch); tip != nil {
		next.receipts, next.firsts, next.job = maps.Clone(tip.receipts), maps.Clone(tip.firsts), tip.job
	}
	change(next)
	s.branches[branch] = append(s.branches[branch], next)
	s.made[next.hash] = next
}

// record puts a receipt on its branch, dated as recordings are: no earlier than what is
// there and what was read.
func (s *shelf) record(r *receipts.Receipt) {
	for _, other := range s.tip(r.Branch).receipts {
		if r.Timestamp.Before(other.Timestamp) {
			r.Timestamp = other.Timestamp
		}
	}
	for _, in := range r.Input {
		if r.Timestamp.Before(in.Timestamp) {
			r.Timestamp = in.Timestamp
		}
	}
	if was := s.tip(r.Branch).receipts[r.ID()]; was != nil && r.Timestamp == was.Timestamp && sameBut(was, r) {
		return // it says nothing new
	}
	s.commit(r.Branch, func(l *leaf) {
		l.receipts[r.ID()], l.recorded = r, r.ID()
		if _, known := l.firsts[r.ID()]; !known {
			l.firsts[r.ID()] = stamp{r.Timestamp, len(s.branches[r.Branch])}
		}
	})
}

func (s *shelf) tips(branches []string) map[string]gitcmd.Hash {
	tips := map[string]gitcmd.Hash{}
	for _, branch := range branches {
		tips[branch] = s.tip(branch).hash
	}
	return tips
}

// above are a branch and those that its job depends on.
func (s *shelf) above(branch string) []string {
	branches := []string{branch}
	for i := 0; i < len(branches); i++ {
		for _, branch := range s.tip(branches[i]).job.InputBranches() {
			if !slices.Contains(branches, branch) {
				branches = append(branches, branch)
			}
		}
	}
	return branches
}

// A view is a shelf as some commits have it: a source of plans.
type view struct {
	*shelf
	tips map[string]gitcmd.Hash
}

func (v view) at(branch string) *leaf { return v.made[v.tips[branch]] }

func (v view) Job(_ context.Context, branch string) (*jobs.Job, error) {
	if l := v.at(branch); l != nil {
		return l.job, nil
	}
	return nil, nil
}

func (v view) Receipts(_ context.Context, branch string) iter.Seq2[*ledger.Entry, error] {
	return func(yield func(*ledger.Entry, error) bool) {
		l := v.at(branch)
		if l == nil {
			yield(nil, fs.ErrNotExist)
			return
		}
		if l.entries == nil {
			for _, id := range slices.Sorted(maps.Keys(l.receipts)) {
				l.entries = append(l.entries, &ledger.Entry{ID: id, Receipt: l.receipts[id]})
			}
		}
		for _, entry := range l.entries {
			if !yield(entry, nil) {
				return
			}
		}
	}
}

func (v view) Firsts(_ context.Context, branch string, visit func(receipts.ID, receipts.Timestamp, int)) error {
	for id, first := range v.at(branch).firsts {
		if strings.HasPrefix(branch, "d") {
			// What engines record within one second has no order that both have to keep.
			first.depth = 0
		}
		visit(id, first.at, first.depth)
	}
	return nil
}

func (view) Changed(context.Context, *jobs.Job) (receipts.Timestamp, error) {
	return receipts.Timestamp{}, nil
}

func (view) HasTree(context.Context, string) (bool, error) { return false, nil }

// A difference is one case: two shelves with the same history but for what each engine
// records.
type difference struct {
	t             *testing.T
	random        *rand.Rand
	story         strings.Builder
	failed        bool
	local, remote *shelf
	sources       []string
	derived       []string // in the order of their dependencies
	now           time.Time
	skew          map[string]time.Duration // of who records on the sources
	fails         map[string]int           // how often an execution fails, from now on
	takenBack     bool                     // something was, so that some receipts may be unplanned
	concourse     map[string]*queueOf
	seeds, builds int
	again         []*receipts.Receipt // taken back
	plans         map[planKey]*plan.Plan
}

// A planKey is all that a plan follows from: commits do not change.
type planKey struct {
	shelf *shelf
	job   string
	tips  string // of the job's branch, and of those that it depends on
	how   how
}

// A how is what a planner is told.
type how struct{ fresh, ahead bool }

func newDifference(t *testing.T, seed uint64) *difference {
	d := &difference{
		t: t, random: rand.New(rand.NewPCG(seed, 1)), local: newShelf(), remote: newShelf(), skew: map[string]time.Duration{},
		fails: map[string]int{}, concourse: map[string]*queueOf{}, plans: map[planKey]*plan.Plan{}, now: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	d.graph()
	return d
}

func (d *difference) say(format string, args ...any) { fmt.Fprintf(&d.story, format+"\n", args...) }

func (d *difference) fault(format string, args ...any) {
	d.failed = true
	d.say("FAULT: "+format, args...)
}

func (d *difference) both(do func(*shelf)) {
	do(d.local)
	do(d.remote)
}

// graph makes the jobs.
func (d *difference) graph() {
	for i := range 1 + d.random.IntN(3) {
		name := fmt.Sprintf("s%d", i)
		d.sources = append(d.sources, name)
		d.both(func(s *shelf) { s.commit(name, func(l *leaf) { l.job = &jobs.Job{Branch: name} }) })
	}
	for i := range 1 + d.random.IntN(5) {
		name := fmt.Sprintf("d%d", i)
		job := &jobs.Job{Branch: name, DockerTree: "first"}
		above := slices.Concat(d.sources, d.derived)
		for range 1 + d.random.IntN(3) {
			branch := above[d.random.IntN(len(above))]
			if d.random.IntN(2) == 0 { // what was made last, so that there are chains
				branch = above[len(above)-1]
			}
			if !slices.ContainsFunc(job.Input, func(in jobs.Input) bool { return in.Branch == branch }) {
				job.Input = append(job.Input, jobs.Input{Branch: branch, Alias: branch, Trigger: len(job.Input) == 0 || d.random.IntN(5) > 0})
			}
		}
		if d.random.IntN(8) == 0 {
			job.Join = []string{":seed"}
		}
		d.derived = append(d.derived, name)
		d.both(func(s *shelf) { s.commit(name, func(l *leaf) { l.job = job }) })
		d.concourse[name] = &queueOf{order: map[PlanVersion]int{}}
		d.say("job %s reads %v join %v", name, job.Input, job.Join)
	}
	if !d.pairsByTime() && d.random.IntN(2) == 0 {
		for _, name := range d.sources {
			d.skew[name] = time.Duration(d.random.IntN(7200)-3600) * time.Second
		}
	}
}

// pairsByTime reports whether some job pairs inputs by time. Then wrong clocks can pair
// them otherwise after the fact.
func (d *difference) pairsByTime() bool {
	ancestors := map[string]map[string]bool{}
	for _, name := range d.sources {
		ancestors[name] = map[string]bool{name: true}
	}
	for _, name := range d.derived {
		ancestors[name] = map[string]bool{name: true}
		job := d.local.tip(name).job
		for i, in := range job.Input {
			if !in.Trigger {
				return true
			}
			shared := i == 0
			for branch := range ancestors[in.Branch] {
				shared = shared || ancestors[name][branch]
			}
			if !shared {
				return true
			}
			maps.Copy(ancestors[name], ancestors[in.Branch])
		}
	}
	return false
}

func (d *difference) run() {
	for step := range 3 + d.random.IntN(8) {
		d.now = d.now.Add(time.Duration(10+d.random.IntN(100)) * time.Second)
		d.say("step %d at %s", step, d.now.Format(time.TimeOnly))
		for range 1 + d.random.IntN(3) {
			d.change()
		}
		d.execute()
		if d.compare(); d.failed {
			return
		}
	}
}

// change does one thing to the history.
func (d *difference) change() {
	source := d.sources[d.random.IntN(len(d.sources))]
	switch d.random.IntN(10) {
	case 0, 1, 2, 3, 4:
		for range 1 + d.random.IntN(4) {
			d.seeds++
			d.publish(source, fmt.Sprint(d.seeds/2)) // some of two sources have one seed
		}
	case 5:
		d.replay(append(slices.Clone(d.sources), d.derived...))
	case 6:
		d.takeBack(source)
	case 7:
		if n := len(d.again); n > 0 {
			r := d.again[n-1]
			d.again = d.again[:n-1]
			d.say("%s@%s is there again", r.Branch, r.ID()[:6])
			d.both(func(s *shelf) {
				s.commit(r.Branch, func(l *leaf) {
					if l.receipts[r.ID()] == nil {
						l.receipts[r.ID()] = r
					}
				})
			})
		}
	case 8:
		name := d.derived[d.random.IntN(len(d.derived))]
		tree := gitcmd.Hash(fmt.Sprint("tree", d.seeds))
		d.say("%s runs %s", name, tree)
		edit := func(l *leaf) {
			job := *l.job
			job.DockerTree = tree
			l.job = &job
		}
		d.both(func(s *shelf) { s.commit(name, edit) })
		d.outdated(name)
	case 9:
		d.fails[d.derived[d.random.IntN(len(d.derived))]] = 1 + d.random.IntN(3)
	}
}

func (d *difference) publish(branch, seed string) {
	at := receipts.NewTimestamp(d.now.Add(d.skew[branch]))
	d.say("%s records %s", branch, seed)
	d.both(func(s *shelf) {
		s.record(&receipts.Receipt{Branch: branch, Input: []receipts.Input{{Branch: ":seed", Result: seed}}, Timestamp: at})
	})
}

// replay announces a receipt again, if both engines have it.
func (d *difference) replay(branches []string) {
	branch := branches[d.random.IntN(len(branches))]
	ids := slices.Sorted(maps.Keys(d.local.tip(branch).receipts))
	if len(ids) == 0 {
		return
	}
	id := ids[d.random.IntN(len(ids))]
	d.say("%s@%s is replayed", branch, id[:6])
	d.both(func(s *shelf) {
		r := *s.tip(branch).receipts[id]
		r.Timestamp = receipts.NewTimestamp(d.now.Add(d.skew[branch]))
		s.record(&r)
	})
}

func (d *difference) takeBack(branch string) {
	ids := slices.Sorted(maps.Keys(d.local.tip(branch).receipts))
	if len(ids) == 0 || d.random.IntN(2) == 0 {
		return
	}
	id := ids[d.random.IntN(len(ids))]
	d.takenBack = true
	d.again = append(d.again, d.local.tip(branch).receipts[id])
	d.say("%s@%s is taken back", branch, id[:6])
	d.both(func(s *shelf) { s.commit(branch, func(l *leaf) { delete(l.receipts, id) }) })
}

// plan plans a job on a shelf as it is.
func (d *difference) plan(s *shelf, name string, how how) *plan.Plan {
	return d.planAt(s, name, s.tips(s.above(name)), how)
}

// planAt plans a job on a shelf as it was at some commits. Many ask for the same plan.
func (d *difference) planAt(s *shelf, name string, tips map[string]gitcmd.Hash, how how) *plan.Plan {
	key := planKey{shelf: s, job: name, how: how}
	for _, branch := range slices.Sorted(maps.Keys(tips)) {
		key.tips += string(tips[branch])
	}
	if made := d.plans[key]; made != nil {
		return made
	}
	v := view{s, tips}
	planner := plan.New(v)
	planner.Fresh, planner.Ahead = how.fresh, how.ahead
	made, err := planner.Plan(d.t.Context(), v.at(name).job)
	if err != nil {
		d.t.Fatal(err)
	}
	d.plans[key] = made
	return made
}

// outdated has both engines execute what is outdated of a job.
func (d *difference) outdated(name string) {
	list := d.plan(d.local, name, how{}).Executions
	var ids []receipts.ID
	for _, e := range list {
		if e.State == plan.Outdated && !e.Waiting {
			ids = append(ids, e.ID)
			d.record(d.local, name, &e)
		}
	}
	if len(ids) > 0 {
		d.say("%d outdated of %s are asked for", len(ids), name)
		d.remote.commit(name, func(l *leaf) { l.asked = ids })
	}
}

// record is an execution that succeeded, at the time it is.
func (d *difference) record(s *shelf, name string, e *plan.Execution) {
	r := &receipts.Receipt{Branch: name, Timestamp: receipts.NewTimestamp(d.now), Job: &receipts.Job{Docker: string(s.tip(name).job.DockerTree)}}
	for _, in := range e.Inputs { // as they are now
		current := s.tip(in.Branch).receipts[receipts.ID(in.Result)]
		r.Input = append(r.Input, receipts.Input{Branch: in.Branch, Result: in.Result, Timestamp: current.Timestamp})
	}
	if was := s.tip(name).receipts[r.ID()]; was != nil && sameBut(was, r) {
		return // out does not record it again
	}
	cause := name + "@" + string(r.ID()) + r.Job.Docker
	for _, in := range r.Input {
		cause += in.Timestamp.String()
	}
	s.causes[cause]++
	s.recordings++
	s.record(r)
}

// sameBut reports whether receipts say the same but for their time.
func sameBut(a, b *receipts.Receipt) bool {
	c := *b
	c.Timestamp = a.Timestamp
	x, _ := a.Encode()
	y, _ := c.Encode()
	return string(x) == string(y)
}

// execute has both engines do all that is due, until time alone can bring more.
func (d *difference) execute() {
	for range 50 {
		fails := maps.Clone(d.fails)
		waitLocal := d.runLocal()
		d.fails = fails
		waitRemote := d.runRemote()
		d.fails = map[string]int{}
		if d.failed || !waitLocal && !waitRemote {
			return
		}
		d.now = d.now.Add(time.Second)
	}
	d.fault("the engines do not come to an end")
}

// runLocal does what run does: what is due, those first that others wait for, and what
// failed again in another run. It reports whether something has to settle.
func (d *difference) runLocal() (settling bool) {
	for range 1000 {
		settling = false
		did := false
		for _, name := range d.derived {
			for _, e := range d.plan(d.local, name, how{}).Executions {
				switch {
				case e.Waiting || e.State == plan.Outdated:
				case plan.Settling(&e, d.now):
					settling = true
				case d.fails[name] > 0:
					d.fails[name]--
					did = true
				default:
					d.record(d.local, name, &e)
					did = true
				}
			}
			if did {
				break // what is below waits for it, or may
			}
		}
		if !did {
			return settling
		}
	}
	d.fault("run does not come to an end")
	return false
}

// compare wants the same of both engines, and nothing due.
func (d *difference) compare() {
	for _, name := range d.derived {
		a, b := d.planned(d.local, name), d.planned(d.remote, name)
		for id, r := range a {
			if other := b[id]; other == nil || d.essence(r) != d.essence(other) {
				d.fault("%s@%s: run has %s, Concourse %s", name, id[:6], describe(r), describe(other))
			}
		}
		for id := range b {
			if a[id] == nil {
				d.fault("%s@%s: Concourse alone has %s", name, id[:6], describe(b[id]))
			}
		}
		p := d.plan(d.remote, name, how{ahead: true})
		if p.Due() {
			d.fault("%s has %d pending, %d stale, %d waiting in the end", name, p.Count(plan.Pending), p.Count(plan.Stale), p.Waiting())
		}
		if len(p.Unplanned) > 0 && !d.takenBack {
			d.fault("%s@%s is unplanned: %s", name, p.Unplanned[0].ID[:6], p.Unplanned[0].Why)
		}
	}
	for engine, s := range map[string]*shelf{"run": d.local, "Concourse": d.remote} {
		for cause, n := range s.causes {
			if n > 1 {
				d.fault("%s recorded %s %d times", engine, cause, n)
			}
		}
	}
}

// planned are the receipts of a job that its plan calls for. What was taken back may have
// been read before, or not.
func (d *difference) planned(s *shelf, name string) map[receipts.ID]*receipts.Receipt {
	list := maps.Clone(s.tip(name).receipts)
	for _, u := range d.plan(s, name, how{}).Unplanned {
		delete(list, u.ID)
	}
	return list
}

// essence is what a receipt read and ran, but for when what it read was made of the other
// jobs: in the same second, that depends on what was recorded first.
func (d *difference) essence(r *receipts.Receipt) string {
	text := ""
	if !d.takenBack { // what was asked for may have been taken back, and brought back later
		text = r.Job.Docker
	}
	for _, in := range r.Input {
		text += " " + in.Branch + "@" + in.Result
		if slices.Contains(d.sources, in.Branch) {
			text += in.Timestamp.String()
		}
	}
	return text
}

func describe(r *receipts.Receipt) string {
	if r == nil {
		return "nothing"
	}
	text := ""
	for _, in := range r.Input {
		text += fmt.Sprintf(" %s@%s of %s", in.Branch, in.Result[:min(6, len(in.Result))], in.Timestamp)
	}
	return strings.TrimSpace(text) + " with " + r.Job.Docker
}
