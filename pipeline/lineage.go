package pipeline

import (
	"context"

	"github.com/git-datapact/git-datapact/receipts"
)

// An ancestry is the receipts that an execution descends from, by their branch:
// its own first.
type ancestry map[string]map[receipts.ID]bool

// A lineage finds ancestries and keeps them.
type lineage struct {
	datasets *datasets
	known    map[*execution]ancestry
}

// of returns what an execution of a branch descends from, itself included.
func (l *lineage) of(ctx context.Context, branch string, e *execution) (ancestry, error) {
	if known, ok := l.known[e]; ok {
		return known, nil
	}
	own := ancestry{branch: {e.id: true}}
	l.known[e] = own // also ends a circle that a receipt could claim
	for _, in := range e.input {
		set, err := l.datasets.get(ctx, in.Branch)
		if err != nil {
			return nil, err
		}
		above := set.find(in.Result)
		if above == nil {
			continue
		}
		from, err := l.of(ctx, in.Branch, above)
		if err != nil {
			return nil, err
		}
		own.add(from)
	}
	return own, nil
}

func (a ancestry) add(other ancestry) {
	for branch, ids := range other {
		if a[branch] == nil {
			a[branch] = make(map[receipts.ID]bool, len(ids))
		}
		for id := range ids {
			a[branch][id] = true
		}
	}
}

// related reports whether two executions have a branch among their ancestors in
// common, and whether they descend from the same receipt of every such branch.
func (a ancestry) related(b ancestry) (shared, same bool) {
	same = true
	for branch, ids := range a {
		if others, ok := b[branch]; ok {
			shared = true
			same = same && meet(ids, others)
		}
	}
	return shared, shared && same
}

func meet(a, b map[receipts.ID]bool) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	for id := range a {
		if b[id] {
			return true
		}
	}
	return false
}

// A combination is one execution of each input, in the order of the inputs.
type combination struct {
	picked   []*execution
	ancestry ancestry
}

// join combines the executions of several branches: those that descend from the
// same receipt of a shared ancestor go together; an input that shares no ancestor
// with those before it takes part with its newest. It returns the branches of such
// inputs too.
func (l *lineage) join(ctx context.Context, branches []string) (combinations []combination, newest []string, err error) {
	if len(branches) == 1 { // nothing to go together with
		set, err := l.datasets.get(ctx, branches[0])
		return single(set), nil, err
	}
	combinations = []combination{{ancestry: ancestry{}}}
	for i, branch := range branches {
		set, err := l.datasets.get(ctx, branch)
		if err != nil {
			return nil, nil, err
		}
		candidates, err := l.candidates(ctx, branch, set)
		if err != nil {
			return nil, nil, err
		}
		shared := anyShared(combinations, candidates)
		if i > 0 && !shared {
			candidates = newestOf(candidates, set)
			newest = append(newest, branch)
		}
		combinations = combine(combinations, candidates, shared)
	}
	return combinations, newest, nil
}

// single makes a combination of each execution.
func single(set *dataset) []combination {
	if set == nil {
		return nil
	}
	list := make([]combination, len(set.all))
	for i, e := range set.all {
		list[i] = combination{picked: []*execution{e}}
	}
	return list
}

func (l *lineage) candidates(ctx context.Context, branch string, set *dataset) ([]combination, error) {
	list := single(set)
	for i, e := range set.all {
		var err error
		if list[i].ancestry, err = l.of(ctx, branch, e); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func newestOf(candidates []combination, set *dataset) []combination {
	for i, c := range candidates {
		if c.picked[0] == set.newest {
			return candidates[i : i+1]
		}
	}
	return nil
}

// anyShared judges by the branches that occur as ancestors on both sides.
func anyShared(combinations, candidates []combination) bool {
	left := map[string]bool{}
	for _, c := range combinations {
		for branch := range c.ancestry {
			left[branch] = true
		}
	}
	for _, c := range candidates {
		for branch := range c.ancestry {
			if left[branch] {
				return true
			}
		}
	}
	return false
}

// combine extends every combination by the candidates that go with it: where there
// are shared ancestors those with the same, which are found by one of them and not
// by trying all, and else every one.
func combine(combinations, candidates []combination, shared bool) []combination {
	index := map[string]map[receipts.ID][]int{}
	for i, c := range candidates {
		for branch, ids := range c.ancestry {
			if index[branch] == nil {
				index[branch] = map[receipts.ID][]int{}
			}
			for id := range ids {
				index[branch][id] = append(index[branch][id], i)
			}
		}
	}
	var extended []combination
	for _, left := range combinations {
		for _, i := range matching(left, candidates, index, shared) {
			right := candidates[i]
			both := combination{append(left.picked[:len(left.picked):len(left.picked)], right.picked...), ancestry{}}
			both.ancestry.add(left.ancestry)
			both.ancestry.add(right.ancestry)
			extended = append(extended, both)
		}
	}
	return extended
}

// matching lists the candidates that go with a combination.
func matching(left combination, candidates []combination, index map[string]map[receipts.ID][]int, shared bool) []int {
	if !shared {
		all := make([]int, len(candidates))
		for i := range candidates {
			all[i] = i
		}
		return all
	}
	best := []int(nil)
	found := false
	for branch, ids := range left.ancestry {
		byID, ok := index[branch]
		if !ok {
			continue
		}
		var hits []int
		for id := range ids {
			hits = append(hits, byID[id]...)
		}
		if !found || len(hits) < len(best) {
			best, found = hits, true
		}
	}
	var kept []int
	seen := map[int]bool{}
	for _, i := range best {
		if _, same := left.ancestry.related(candidates[i].ancestry); same && !seen[i] {
			seen[i] = true
			kept = append(kept, i)
		}
	}
	return kept
}
