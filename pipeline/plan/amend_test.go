package plan

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// current are the receipts of a branch by their ids.
func (w *world) current(branch string) map[receipts.ID]*ledger.Entry {
	list := map[receipts.ID]*ledger.Entry{}
	for _, r := range w.recorded[branch] {
		list[r.ID()] = &ledger.Entry{ID: r.ID(), Receipt: r}
	}
	return list
}

// A past looks receipts of a world up.
type past struct{ *world }

func (w *past) Find(_ context.Context, branch string, ids []receipts.ID) (list []*ledger.Entry, err error) {
	current := w.current(branch)
	for _, id := range ids {
		if entry := current[id]; entry != nil {
			list = append(list, entry)
		}
	}
	return list, nil
}

func (w *past) Readers(_ context.Context, branch string, inputs []receipts.Input) (ids []receipts.ID, err error) {
	for id, entry := range w.current(branch) {
		for _, in := range entry.Receipt.Input {
			if slices.ContainsFunc(inputs, func(one receipts.Input) bool { return one.Branch == in.Branch && one.Result == in.Result }) {
				ids = append(ids, id)
				break
			}
		}
	}
	return ids, nil
}

// changes are those since another state of the world.
func (w *world) changes(was *world) map[string]map[receipts.ID]ledger.Change {
	all := map[string]map[receipts.ID]ledger.Change{}
	for branch := range w.jobs {
		before, now := was.current(branch), w.current(branch)
		list := map[receipts.ID]ledger.Change{}
		for id, entry := range now {
			if old := before[id]; old == nil || old.Receipt != entry.Receipt {
				list[id] = ledger.Change{ID: id, Was: old, Is: entry}
			}
		}
		for id, entry := range before {
			if now[id] == nil {
				list[id] = ledger.Change{ID: id, Was: entry}
			}
		}
		if len(list) > 0 {
			all[branch] = list
		}
	}
	return all
}

func (w *world) clone() *world {
	other := &world{w.jobs, map[string][]*receipts.Receipt{}}
	for branch, list := range w.recorded {
		other.recorded[branch] = slices.Clone(list)
	}
	return other
}

// graphs are jobs, those upstream first, of every kind.
var graphs = [][]*jobs.Job{
	{reads("src"), reads("a src"), reads("b a")},
	{reads("src"), reads("a src"), reads("b src"), reads("ab a b"), reads("next ab")},
	{reads("src"), reads("other"), reads("a src other"), reads("b a"), reads("c src"), reads("bc b c")},
	{reads("src"), reads("a src"), reads("sa src a"), reads("end sa")},
	{reads("src"), reads("x"), reads("a src -x"), reads("b src"), reads("c b")},
	{reads("p"), reads("q"), reads("pq p q", ":test"), reads("end pq")},
	{reads("p"), reads("q"), reads("l p"), reads("m p"), reads("n q"), reads("lm l m"), reads("lmp lm p"), reads("deep lmp l")},
	{reads("p"), reads("q"), reads("r"), reads("pq p q", ":test"), reads("x p"), reads("y q"), reads("z pq x y", ":test")},
}

// A story makes up receipts.
type story struct {
	*world
	list   []*jobs.Job
	random *rand.Rand
	minute int
}

// some is a receipt of a branch, nil where it has none.
func (s *story) some(branch string) *receipts.Receipt {
	if list := s.recorded[branch]; len(list) > 0 {
		return list[s.random.IntN(len(list))]
	}
	return nil
}

// happens records a receipt: a seed, an execution that is called for or one that is not, with
// something else beside its inputs, before or after its time; or it executes one again.
func (s *story) happens(t *testing.T, plans map[string]*Plan) {
	job := s.list[s.random.IntN(len(s.list))]
	s.minute++
	minute := s.minute
	if s.random.IntN(8) == 0 {
		minute -= s.random.IntN(20)
	}
	one := &receipts.Receipt{Branch: job.Branch, Timestamp: day(minute)}
	made := plans[job.Branch]
	switch old := s.some(job.Branch); {
	case old != nil && s.random.IntN(5) == 0:
		again := *old
		again.Timestamp, again.Input = day(minute), slices.Clone(old.Input)
		for i := range again.Input { // it read what is there now
			if now := s.current(again.Input[i].Branch)[receipts.ID(again.Input[i].Result)]; now != nil {
				again.Input[i].Timestamp = now.Receipt.Timestamp
			}
		}
		one = &again
	case made != nil && len(made.Executions) > 0 && s.random.IntN(3) > 0:
		e := made.Executions[s.random.IntN(len(made.Executions))]
		one.Input = slices.Clone(e.Inputs)
		if s.random.IntN(5) == 0 {
			one.Input = append(one.Input, seed(fmt.Sprint("beside ", s.random.IntN(3))))
		}
	case len(job.Input) == 0:
		one.Input = []receipts.Input{seed(fmt.Sprint(s.random.IntN(12)))}
	default:
		for _, in := range job.Input {
			if r := s.some(in.Branch); r != nil && s.random.IntN(12) > 0 {
				one.Input = append(one.Input, input(r))
			}
		}
	}
	switch s.random.IntN(6) {
	case 0:
		one.Job = &receipts.Job{Config: "other"}
	case 1:
		one.Job = &receipts.Job{Code: &receipts.Code{Ref: fmt.Sprint(s.random.IntN(3)), Tree: fmt.Sprint(s.random.IntN(2))}}
	case 2:
		one.Job = &receipts.Job{}
	}
	s.record(one)
}

// planAll plans all jobs anew.
func (s *story) planAll(t *testing.T, how *Planner) (*Planner, map[string]*Plan) {
	t.Helper()
	p := New(s.world)
	p.Fresh, p.Ahead, p.Outdated = how.Fresh, how.Ahead, how.Outdated
	plans := map[string]*Plan{}
	for _, job := range s.list {
		made, err := p.Plan(t.Context(), job)
		if err != nil {
			t.Fatal(err)
		}
		plans[job.Branch] = made
	}
	return p, plans
}

// TestAmend: plans that are amended by what was recorded since, a few times in a row, are those
// that are made anew.
func TestAmend(t *testing.T) {
	amended, whole := map[int]int{}, map[int]int{}
	for number := range 800 {
		random := rand.New(rand.NewPCG(uint64(number), 1))
		which := number % len(graphs)
		s := &story{world: newWorld(graphs[which]...), list: graphs[which], random: random}
		how := &Planner{Fresh: random.IntN(3) == 0, Ahead: random.IntN(3) > 0, Outdated: random.IntN(2) == 0}
		_, plans := s.planAll(t, how)
		for range random.IntN(60) {
			s.happens(t, plans)
			if random.IntN(4) == 0 {
				_, plans = s.planAll(t, how)
			}
		}
		p, plans := s.planAll(t, how)
		shapes := p.shapes()
		for range 4 {
			was := s.world.clone()
			for range 1 + random.IntN(3) {
				s.happens(t, plans)
			}
			a := &amendment{planner: p, source: s.world, history: &past{s.world}, shapes: shapes, changes: s.changes(was), was: plans}
			err := a.run(t.Context(), s.list)
			if err != nil && !errors.Is(err, errWhole) {
				t.Fatalf("history %d: %v", number, err)
			}
			next, anew := s.planAll(t, how)
			if err != nil {
				whole[which]++
				p, plans, shapes = next, anew, next.shapes()
				continue
			}
			amended[which]++
			for _, job := range s.list {
				if diff := cmp.Diff(save(anew[job.Branch]), save(a.is[job.Branch])); diff != "" {
					t.Fatalf("history %d (%+v), plan of %s anew and amended:\n%s\nchanges: %v", number, how, job.Branch, diff, describeChanges(a.changes))
				}
			}
			plans = a.is
		}
	}
	t.Log("amended", amended, "whole", whole)
	for which := range graphs {
		if amended[which] < 30 {
			t.Errorf("of graph %d, %d plans were amended", which, amended[which])
		}
	}
}

func describeChanges(all map[string]map[receipts.ID]ledger.Change) (text string) {
	for _, branch := range slices.Sorted(maps.Keys(all)) {
		for id, change := range all[branch] {
			text += fmt.Sprintf("%s@%s %v → %v\n", branch, id, change.Was != nil, change.Is.Receipt)
		}
	}
	return text
}
