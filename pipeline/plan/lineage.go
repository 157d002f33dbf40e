package plan

import (
	"cmp"
	"context"
	"slices"
)

// An ancestry is the executions that one descends from, itself included, each once
// and sorted: those of a branch stand together.
type ancestry []ref

func compareRefs(a, b ref) int {
	return cmp.Or(cmp.Compare(a.branch, b.branch), cmp.Compare(a.at, b.at))
}

// merge joins ancestries.
func merge(list ...ancestry) ancestry {
	all := slices.Concat(list...)
	slices.SortFunc(all, compareRefs)
	return slices.Compact(all)
}

// related reports whether two executions have a branch among their ancestors in
// common, and whether they descend from the same receipt of every such branch.
func (a ancestry) related(b ancestry) (shared, same bool) {
	same = true
	for len(a) > 0 && len(b) > 0 && same {
		switch c := cmp.Compare(a[0].branch, b[0].branch); {
		case c < 0:
			a = a[a.first():]
		case c > 0:
			b = b[b.first():]
		default:
			shared = true
			same = meet(a[:a.first()], b[:b.first()])
			a, b = a[a.first():], b[b.first():]
		}
	}
	return shared, shared && same
}

// first is how many of the ancestors are on the first branch.
func (a ancestry) first() int {
	for i := range a {
		if a[i].branch != a[0].branch {
			return i
		}
	}
	return len(a)
}

// meet reports whether two ancestries have an execution in common.
func meet(a, b ancestry) bool {
	for len(a) > 0 && len(b) > 0 {
		switch c := compareRefs(a[0], b[0]); {
		case c < 0:
			a = a[1:]
		case c > 0:
			b = b[1:]
		default:
			return true
		}
	}
	return false
}

// A lineage finds ancestries, each once.
type lineage struct {
	datasets *datasets
	known    map[int32][]ancestry // by branch and place
}

// of returns what an execution descends from.
func (l *lineage) of(ctx context.Context, set *dataset, at int32) (ancestry, error) {
	known := l.known[set.number]
	if len(known) < len(set.all) {
		known = append(known, make([]ancestry, len(set.all)-len(known))...)
		l.known[set.number] = known
	}
	if known[at] != nil {
		return known[at], nil
	}
	own := ancestry{{set.number, at}}
	known[at] = own // also ends a circle that a receipt could claim
	list := []ancestry{own}
	for _, in := range set.inputs(at) {
		above, err := l.datasets.get(ctx, in.branch)
		if err != nil {
			return nil, err
		}
		place, ok := above.find(in.result)
		if !ok {
			continue
		}
		from, err := l.of(ctx, above, place)
		if err != nil {
			return nil, err
		}
		list = append(list, from)
	}
	known[at] = merge(list...)
	return known[at], nil
}

// A combination is one execution of each input, in the order of the inputs.
type combination struct {
	picked   []int32 // places in the datasets of the inputs
	ancestry ancestry
}

// join gives every combination of the executions of several datasets: those that
// descend from the same receipt of a shared ancestor go together; a dataset that
// shares no ancestor with those before it takes part with its newest. It returns the
// numbers of such datasets.
func (l *lineage) join(ctx context.Context, sets []*dataset, each func(picked []int32)) (newest []int32, err error) {
	if len(sets) == 1 { // nothing to go together with
		for at := range sets[0].all {
			each([]int32{int32(at)})
		}
		return nil, nil
	}
	combinations := []combination{{}}
	for i, set := range sets {
		candidates, err := l.candidates(ctx, set)
		if err != nil {
			return nil, err
		}
		shared := anyShared(combinations, candidates)
		if i > 0 && !shared {
			candidates = newestOf(candidates, set)
			newest = append(newest, set.number)
		}
		combinations = combine(combinations, candidates, shared)
	}
	for _, c := range combinations {
		each(c.picked)
	}
	return newest, nil
}

func (l *lineage) candidates(ctx context.Context, set *dataset) ([]combination, error) {
	list := make([]combination, len(set.all))
	for i := range set.all {
		from, err := l.of(ctx, set, int32(i))
		if err != nil {
			return nil, err
		}
		list[i] = combination{[]int32{int32(i)}, from}
	}
	return list, nil
}

func newestOf(candidates []combination, set *dataset) []combination {
	if set.newest < 0 {
		return nil
	}
	return candidates[set.newest : set.newest+1]
}

// anyShared judges by the branches that occur as ancestors on both sides.
func anyShared(combinations, candidates []combination) bool {
	left := map[int32]bool{}
	for _, c := range combinations {
		for _, r := range c.ancestry {
			left[r.branch] = true
		}
	}
	return slices.ContainsFunc(candidates, func(c combination) bool {
		return slices.ContainsFunc(c.ancestry, func(r ref) bool { return left[r.branch] })
	})
}

// combine extends every combination by the candidates that go with it: where there
// are shared ancestors those with the same, which are found by one of them and not
// by trying all, and else every one.
func combine(combinations, candidates []combination, shared bool) []combination {
	m := matcher{candidates: candidates}
	if shared {
		m.index()
	}
	var extended []combination
	for _, left := range combinations {
		for _, i := range m.matching(left, shared) {
			right := candidates[i]
			picked := append(left.picked[:len(left.picked):len(left.picked)], right.picked...)
			extended = append(extended, combination{picked, merge(left.ancestry, right.ancestry)})
		}
	}
	return extended
}

// A matcher finds candidates by their ancestors.
type matcher struct {
	candidates []combination
	byAncestor map[ref][]int32
	branches   map[int32]bool // of all ancestors
}

func (m *matcher) index() {
	m.byAncestor, m.branches = map[ref][]int32{}, map[int32]bool{}
	for i, c := range m.candidates {
		for _, r := range c.ancestry {
			m.byAncestor[r] = append(m.byAncestor[r], int32(i))
			m.branches[r.branch] = true
		}
	}
}

// matching lists the candidates that go with a combination, each once.
func (m *matcher) matching(left combination, shared bool) []int32 {
	if !shared {
		all := make([]int32, len(m.candidates))
		for i := range m.candidates {
			all[i] = int32(i)
		}
		return all
	}
	var best []int32
	found := false
	for rest := left.ancestry; len(rest) > 0; rest = rest[rest.first():] {
		if !m.branches[rest[0].branch] {
			continue
		}
		var hits []int32
		for _, r := range rest[:rest.first()] {
			hits = append(hits, m.byAncestor[r]...)
		}
		if !found || len(hits) < len(best) {
			best, found = hits, true
		}
	}
	slices.Sort(best)
	return slices.DeleteFunc(slices.Compact(best), func(i int32) bool {
		_, same := left.ancestry.related(m.candidates[i].ancestry)
		return !same
	})
}
