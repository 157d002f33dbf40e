package plan

import (
	"context"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// A part is what has to do with the receipts that changed, of what the plan of a job depends
// on.
type part struct {
	*amendment
	job    *jobs.Job
	inputs []string          // the branches that trigger the job
	chosen map[relative]bool // receipts of the inputs that go together, and of the job that read these
	held   map[relative]bool // these, and what else is asked for

	edges  map[string][]string // the branches that the receipts of an ancestor branch descend from
	shared map[string]bool     // the branches by which inputs are joined
}

func compareIDs(x, y receipts.ID) int { return strings.Compare(string(x), string(y)) }

func codeOf(r *receipts.Receipt) (ref, tree string) {
	if r.Job != nil && r.Job.Code != nil {
		return r.Job.Code.Ref, r.Job.Code.Tree
	}
	return "", ""
}

// gather finds out what belongs to the part: nothing where nothing has changed.
func (p *part) gather(ctx context.Context, context []string) error {
	joined := len(p.inputs) > 1
	if joined {
		if err := p.outline(ctx); err != nil {
			return err
		}
	} else {
		p.edges = map[string][]string{p.inputs[0]: nil}
	}
	var seeds []relative
	for _, branch := range append(slices.Collect(maps.Keys(p.edges)), context...) {
		for _, id := range p.changed(branch) {
			seeds = append(seeds, relative{branch, string(id)})
		}
	}
	own := p.changes[p.job.Branch]
	if len(seeds)+len(own) == 0 {
		return nil
	}
	if len(context) > 0 || p.shared == nil && joined {
		return errWhole
	}
	for id, change := range own {
		p.choose(relative{p.job.Branch, string(id)})
		for _, in := range change.Is.Receipt.Input {
			if slices.Contains(p.inputs, in.Branch) {
				seeds = append(seeds, relative{in.Branch, in.Result})
			}
		}
	}
	if err := p.close(ctx, seeds); err != nil {
		return err
	}
	return p.readBy(ctx)
}

func (p *part) choose(r relative) { p.chosen[r], p.held[r] = true, true }

// outline finds out by which branches the inputs are joined. Where they do not go together
// all by such, nothing is shared.
func (p *part) outline(ctx context.Context) error {
	empty := p.excerpt(nil)
	var sets []*dataset
	for _, branch := range p.inputs {
		set, err := empty.datasets.get(ctx, empty.datasets.number(branch))
		if err != nil {
			return err
		}
		sets = append(sets, set)
	}
	groups, err := empty.lineage.groups(ctx, sets, func(branch int32) bool {
		name := empty.datasets.names[branch]
		return !isPseudo(name) || slices.Contains(p.job.Join, name)
	})
	if err != nil {
		return err
	}
	p.edges = map[string][]string{}
	for _, set := range sets {
		for _, above := range empty.lineage.above[set.number] {
			known, err := empty.datasets.get(ctx, above)
			if err != nil {
				return err
			}
			edges, err := empty.edges(ctx, known)
			if err != nil {
				return err
			}
			var names []string
			for _, number := range edges {
				names = append(names, empty.datasets.names[number])
			}
			p.edges[empty.datasets.names[above]] = names
		}
	}
	if len(groups) > 1 {
		return nil
	}
	p.shared = map[string]bool{}
	for _, list := range groups[0].shared {
		for _, branch := range list {
			p.shared[empty.datasets.names[branch]] = true
		}
	}
	return nil
}

// close chooses receipts of the inputs: those that descend from some, and those that share an
// ancestor with one that is chosen.
func (p *part) close(ctx context.Context, from []relative) error {
	below := map[relative]bool{} // whose descendants are known
	for len(from) > 0 {
		var members []relative
		for _, r := range from {
			if !below[r] {
				below[r] = true
				members = append(members, r)
			}
		}
		from = nil
		if len(below) > mostAmended {
			return errWhole
		}
		if p.shared != nil {
			more, err := p.descendants(ctx, members)
			if err != nil {
				return err
			}
			from = more
		}
		for _, r := range members {
			if !slices.Contains(p.inputs, r.branch) {
				continue
			}
			p.choose(r)
			above, err := p.ancestors(ctx, r)
			if err != nil {
				return err
			}
			for _, one := range above {
				if p.shared[one.branch] {
					from = append(from, one)
				}
			}
		}
	}
	return nil
}

// descendants are the receipts that descend from some directly.
func (p *part) descendants(ctx context.Context, from []relative) (list []relative, err error) {
	for branch, edges := range p.edges {
		var inputs []receipts.Input
		for _, r := range from {
			if slices.Contains(edges, r.branch) {
				inputs = append(inputs, receipts.Input{Branch: r.branch, Result: r.result})
			}
		}
		ids, err := p.readers(ctx, branch, inputs)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			list = append(list, relative{branch, string(id)})
		}
	}
	return list, nil
}

// readers lists the receipts of a branch that read any of some inputs, and those that are
// expected to.
func (p *part) readers(ctx context.Context, branch string, inputs []receipts.Input) ([]receipts.ID, error) {
	if len(inputs) == 0 || isPseudo(branch) {
		return nil, nil
	}
	ids, err := p.history.Readers(ctx, branch, inputs)
	if err != nil {
		return nil, err
	}
	if len(ids) > mostAmended {
		return nil, errWhole
	}
	wanted := map[relative]bool{}
	for _, in := range inputs {
		wanted[relative{in.Branch, in.Result}] = true
	}
	for r, e := range p.expected {
		if r.branch == branch && slices.ContainsFunc(e.Inputs, func(in receipts.Input) bool { return wanted[relative{in.Branch, in.Result}] }) {
			ids = append(ids, receipts.ID(r.result))
		}
	}
	return ids, nil
}

// ancestors are what a receipt descends from, itself included. They are held.
func (p *part) ancestors(ctx context.Context, r relative) ([]relative, error) {
	list := []relative{r}
	seen := map[relative]bool{r: true}
	for i := 0; i < len(list); i++ {
		one := list[i]
		p.held[one] = true
		if len(p.edges[one.branch]) == 0 {
			continue
		}
		inputs, err := p.inputsOf(ctx, one)
		if err != nil {
			return nil, err
		}
		for _, in := range inputs {
			if next := (relative{in.Branch, in.Result}); slices.Contains(p.edges[one.branch], in.Branch) && !seen[next] {
				seen[next] = true
				list = append(list, next)
			}
		}
		if len(list) > mostAmended {
			return nil, errWhole
		}
	}
	return list, nil
}

// inputsOf are what a receipt reads, or will read.
func (p *part) inputsOf(ctx context.Context, r relative) ([]receipts.Input, error) {
	if err := p.look(ctx, []relative{r}); err != nil {
		return nil, err
	}
	if entry := p.real(r, true); entry != nil {
		return entry.Receipt.Input, nil
	}
	if e := p.expected[r]; e != nil {
		return e.Inputs, nil
	}
	return nil, nil
}

// readBy chooses the receipts of the job that read any of those that are chosen, and holds
// what these read.
func (p *part) readBy(ctx context.Context) error {
	var inputs []receipts.Input
	for r := range p.chosen {
		if r.branch != p.job.Branch {
			inputs = append(inputs, receipts.Input{Branch: r.branch, Result: r.result})
		}
	}
	if len(inputs) > 0 {
		ids, err := p.history.Readers(ctx, p.job.Branch, inputs)
		if err != nil {
			return err
		}
		for _, id := range ids {
			p.choose(relative{p.job.Branch, string(id)})
		}
	}
	if len(p.chosen) > 2*mostAmended {
		return errWhole
	}
	own := slices.DeleteFunc(slices.Collect(maps.Keys(p.chosen)), func(r relative) bool { return r.branch != p.job.Branch })
	if err := p.look(ctx, own); err != nil {
		return err
	}
	for _, r := range own {
		entry := p.real(r, true)
		if entry == nil {
			return errWhole // it was there a moment ago
		}
		for _, in := range entry.Receipt.Input {
			if slices.Contains(p.inputs, in.Branch) {
				if _, err := p.ancestors(ctx, relative{in.Branch, in.Result}); err != nil {
					return err
				}
			}
		}
	}
	return p.look(ctx, slices.Collect(maps.Keys(p.held)))
}

// plan plans the part, as it was or as it is.
func (p *part) plan(ctx context.Context, is bool) (*Plan, error) {
	entries := map[string][]*ledger.Entry{}
	var expected []relative
	for r := range p.held {
		marked := p.marksAt(is)[r.branch][receipts.ID(r.result)]
		entry := p.real(r, is)
		if entry == nil && marked.expected != "" && r.branch != p.job.Branch {
			e := p.expected[r]
			draft := &receipts.Receipt{Branch: r.branch}
			for _, in := range e.Inputs {
				draft.Input = append(draft.Input, receipts.Input{Branch: in.Branch, Result: in.Result})
			}
			entry = &ledger.Entry{ID: e.ID, Receipt: draft}
			expected = append(expected, r)
		}
		if entry != nil {
			entries[r.branch] = append(entries[r.branch], entry)
		}
	}
	planner := p.excerpt(entries)
	for branch := range entries {
		set, err := planner.datasets.get(ctx, planner.datasets.number(branch))
		if err != nil {
			return nil, err
		}
		if branch == p.job.Branch {
			continue
		}
		for at := range set.all {
			marked := p.marksAt(is)[branch][set.all[at].id.ID()]
			set.all[at].left, set.all[at].due = marked.left, marked.due
		}
	}
	for _, r := range expected {
		set := planner.datasets.read(r.branch)
		at, _ := set.find(keyOf(r.result))
		set.all[at].expected = true
	}
	planner.chosen = func(set *dataset, at int32) bool {
		return p.chosen[relative{planner.datasets.names[set.number], string(set.all[at].id.ID())}]
	}
	return planner.plan(ctx, p.job)
}

// excerpt returns a planner of some receipts, which plans no job but the one that it is told to.
func (p *part) excerpt(entries map[string][]*ledger.Entry) *Planner {
	for _, list := range entries {
		slices.SortFunc(list, func(x, y *ledger.Entry) int { return compareIDs(x.ID, y.ID) })
	}
	planner := New(&excerpt{Source: p.source, entries: entries})
	planner.Fresh, planner.Outdated, planner.Ahead = p.planner.Fresh, p.planner.Outdated, p.planner.Ahead
	planner.trusting, planner.datasets.shapes = true, p.shapes
	return planner
}

// An excerpt is a source of some receipts of another one.
type excerpt struct {
	Source
	entries map[string][]*ledger.Entry // by branch, by their ids
}

func (e *excerpt) Receipts(_ context.Context, branch string) iter.Seq2[*ledger.Entry, error] {
	return func(yield func(*ledger.Entry, error) bool) {
		for _, entry := range e.entries[branch] {
			if !yield(entry, nil) {
				return
			}
		}
	}
}

func (*excerpt) Firsts(context.Context, string, func(receipts.ID, receipts.Timestamp, int)) error {
	return errWhole // it takes all receipts
}

func (e *excerpt) CodeChanges(ctx context.Context, code *jobs.Code, ref, tree string) ([]string, error) {
	if source, ok := e.Source.(codeHistorian); ok {
		return source.CodeChanges(ctx, code, ref, tree)
	}
	return nil, nil
}
