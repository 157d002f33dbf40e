package plan

import (
	"cmp"
	"context"
	"slices"
	"strings"
)

// An ancestry is the records that one descends from, itself included, each once and
// sorted: those of a branch stand together.
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

// on is the part of an ancestry that is on a branch.
func (a ancestry) on(branch int32) ancestry {
	from, _ := slices.BinarySearchFunc(a, branch, func(r ref, branch int32) int { return cmp.Compare(r.branch, branch) })
	to := from
	for to < len(a) && a[to].branch == branch {
		to++
	}
	return a[from:to]
}

// agree reports whether two ancestries descend from a common record of some branches: of
// each that either descends from, and of one at least.
func (a ancestry) agree(b ancestry, branches []int32) bool {
	met := false
	for _, branch := range branches {
		x, y := a.on(branch), b.on(branch)
		if len(x)+len(y) == 0 {
			continue
		}
		if met = meet(x, y); !met {
			return false
		}
	}
	return met
}

// first is the part of an ancestry that is on the first of some branches that it descends
// from at all.
func (a ancestry) first(branches []int32) ancestry {
	for _, branch := range branches {
		if list := a.on(branch); len(list) > 0 {
			return list
		}
	}
	return nil
}

// apart is the first by its name of the branches by which two ancestries do not agree.
func (l *lineage) apart(a, b ancestry, branches []int32) int32 {
	names := l.datasets.names // numbers depend on what was planned before
	list := slices.SortedFunc(slices.Values(branches), func(x, y int32) int { return strings.Compare(names[x], names[y]) })
	at := slices.IndexFunc(list, func(branch int32) bool {
		x, y := a.on(branch), b.on(branch)
		return len(x)+len(y) > 0 && !meet(x, y)
	})
	return list[max(at, 0)] // of none of them, where they share nothing
}

// meet reports whether two ancestries have a record in common.
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

// A lineage finds ancestries, each once. Context that an execution read is no ancestor
// of it: what goes together does not depend on that.
type lineage struct {
	datasets *datasets
	edges    func(ctx context.Context, set *dataset) ([]int32, error) // the branches that the records of a dataset descend from
	known    map[int32][]ancestry                                     // by branch and place
	above    map[int32][]int32                                        // the ancestors of branches, see of
}

// of returns what a record descends from.
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
	edges, err := l.edges(ctx, set)
	if err != nil {
		return nil, err
	}
	list := []ancestry{own}
	for _, in := range set.inputs(at) {
		if !slices.Contains(edges, in.branch) {
			continue
		}
		above, err := l.datasets.get(ctx, in.branch)
		if err != nil {
			return nil, err
		}
		place, ok := above.find(in.result)
		if !ok && isPseudo(l.datasets.names[in.branch]) {
			place, ok = above.put(record{id: in.result}), true
		}
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

// ancestors lists the branches that the records of a branch descend from, itself
// included, sorted.
func (l *lineage) ancestors(ctx context.Context, number int32) ([]int32, error) {
	if known, ok := l.above[number]; ok {
		return known, nil
	}
	l.above[number] = []int32{number} // also ends a circle
	set, err := l.datasets.get(ctx, number)
	if err != nil {
		return nil, err
	}
	edges, err := l.edges(ctx, set)
	if err != nil {
		return nil, err
	}
	all := []int32{number}
	for _, edge := range edges {
		above, err := l.ancestors(ctx, edge)
		if err != nil {
			return nil, err
		}
		all = append(all, above...)
	}
	slices.Sort(all)
	l.above[number] = slices.Compact(all)
	return l.above[number], nil
}

// A group is inputs that share ancestor branches, directly or through each other.
// Their executions go together by these.
type group struct {
	inputs []int     // places among those of the job, in the order they are joined
	shared [][]int32 // the branches that the input at the same place shares with the ones before
}

// groups divides inputs into those that go together.
func (l *lineage) groups(ctx context.Context, inputs []*dataset, counts func(branch int32) bool) ([]group, error) {
	above := make([][]int32, len(inputs))
	for i, set := range inputs {
		all, err := l.ancestors(ctx, set.number)
		if err != nil {
			return nil, err
		}
		above[i] = slices.DeleteFunc(slices.Clone(all), func(branch int32) bool { return !counts(branch) })
	}
	var groups []group
	taken := make([]bool, len(inputs))
	for i := range inputs {
		if taken[i] {
			continue
		}
		taken[i] = true
		g := group{inputs: []int{i}, shared: [][]int32{nil}}
		together := above[i]
		for k := 0; k < len(inputs); k++ {
			if taken[k] {
				continue
			}
			if shared := common(together, above[k]); len(shared) > 0 {
				taken[k] = true
				g.inputs, g.shared = append(g.inputs, k), append(g.shared, shared)
				together = slices.Compact(slices.Sorted(slices.Values(slices.Concat(together, above[k]))))
				k = -1 // another may share with this one
			}
		}
		groups = append(groups, g)
	}
	return groups, nil
}

// common lists what two sorted lists both have.
func common(a, b []int32) []int32 {
	var both []int32
	for _, x := range a {
		if _, ok := slices.BinarySearch(b, x); ok {
			both = append(both, x)
		}
	}
	return both
}
