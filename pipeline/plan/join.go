package plan

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"slices"

	"github.com/git-datapact/git-datapact/receipts"
)

// A combination is one record of each input of a group, in the order of the group.
type combination struct {
	picked   []int32
	ancestry ancestry
	first    first // when all of it was there first
}

// combinations lists what goes together in a group: records that descend from the same
// record of each ancestor they share. With one input alone, it is each record.
func (c *comparison) combinations(ctx context.Context, g group) ([]combination, error) {
	list, err := c.candidates(ctx, c.inputs[g.inputs[0]], len(g.inputs) > 1)
	for i := 1; i < len(g.inputs) && err == nil; i++ {
		var more []combination
		if more, err = c.candidates(ctx, c.inputs[g.inputs[i]], true); err == nil {
			list = combine(list, more, g.shared[i])
		}
	}
	return list, err
}

func (c *comparison) candidates(ctx context.Context, set *dataset, ancestries bool) ([]combination, error) {
	list := make([]combination, 0, len(set.all))
	picks := make([]int32, len(set.all))
	for i := range set.all {
		if set.all[i].left || set.all[i].expected && !c.planner.Ahead || c.planner.skips(set, i) {
			continue
		}
		picks[i] = int32(i)
		one := combination{picked: picks[i : i+1 : i+1]}
		if ancestries {
			var err error
			if one.ancestry, err = c.planner.lineage.of(ctx, set, int32(i)); err != nil {
				return nil, err
			}
		}
		list = append(list, one)
	}
	return list, nil
}

// combine extends every combination by the candidates that agree with it on the
// branches they share. They are found by their record of the first of these that they have
// any of, which is the same for all that agree, not by trying all.
func combine(combinations, candidates []combination, shared []int32) []combination {
	byAncestor := map[ref][]int32{}
	for i, c := range candidates {
		for _, r := range c.ancestry.first(shared) {
			byAncestor[r] = append(byAncestor[r], int32(i))
		}
	}
	var extended []combination
	for _, left := range combinations {
		var hits []int32
		for _, r := range left.ancestry.first(shared) {
			hits = append(hits, byAncestor[r]...)
		}
		slices.Sort(hits)
		for _, i := range slices.Compact(hits) {
			right := candidates[i]
			if !left.ancestry.agree(right.ancestry, shared) {
				continue
			}
			picked := append(left.picked[:len(left.picked):len(left.picked)], right.picked...)
			extended = append(extended, combination{picked: picked, ancestry: merge(left.ancestry, right.ancestry)})
		}
	}
	return extended
}

// asOf calls for executions of groups that share no ancestor: each combination of a
// group is an event, at the time at which all of it had been recorded first, and goes
// with what was newest then in every other group, and in every input that is context.
// Where there was nothing yet, it goes with what came first.
func (c *comparison) asOf(ctx context.Context, groups []group) error {
	all := slices.Clone(groups)
	for _, i := range c.context {
		all = append(all, group{inputs: []int{i}})
	}
	var lists [][]combination
	for _, g := range all {
		list, err := c.combinations(ctx, g)
		if err == nil {
			err = c.inOrder(ctx, g, list)
		}
		if err != nil {
			return err
		}
		lists = append(lists, list)
	}
	if slices.ContainsFunc(lists, func(list []combination) bool { return len(list) == 0 }) {
		return nil // nothing until there is something of each
	}
	e := events{comparison: c, groups: all, lists: lists, seen: map[string]bool{}}
	for _, list := range lists {
		if e.begin.Before(list[0].first.at) {
			e.begin = list[0].first.at
		}
	}
	for i := range groups {
		e.of(i)
	}
	return nil
}

// events are the combinations of several groups, each group's in the order of time.
type events struct {
	*comparison
	groups []group
	lists  [][]combination
	begin  receipts.Timestamp // when there was something of each group
	seen   map[string]bool    // what was called for
}

// of calls for the executions that the combinations of a group give rise to.
func (e *events) of(i int) {
	newest := make([]int, len(e.lists)) // of each group, while time goes on
	var name []byte
	for k, own := range e.lists[i] {
		when := own.first.at
		if when.Before(e.begin) {
			when = e.begin
		}
		picked := make([]int32, len(e.inputs))
		for g, list := range e.lists {
			for newest[g]+1 < len(list) && !when.Before(list[newest[g]+1].first.at) {
				newest[g]++
			}
			one := list[newest[g]]
			if g == i {
				one = list[k]
			}
			for n, input := range e.groups[g].inputs {
				picked[input] = one.picked[n]
			}
		}
		name = name[:0]
		for _, at := range picked {
			name = binary.BigEndian.AppendUint32(name, uint32(at))
		}
		if !e.seen[string(name)] {
			e.seen[string(name)] = true
			e.judge(picked, when)
		}
	}
}

// inOrder sorts combinations by when all of each had been recorded first. Equal times
// are told apart by history, then by id. What is only expected comes last.
func (c *comparison) inOrder(ctx context.Context, g group, list []combination) error {
	for n, input := range g.inputs {
		set := c.inputs[input]
		firsts, err := c.planner.datasets.firsts(ctx, set)
		if err != nil {
			return err
		}
		for i := range list {
			at := list[i].picked[n]
			mine := firsts[at]
			if set.all[at].expected {
				mine.at = future
			}
			if compareFirsts(list[i].first, mine) < 0 {
				list[i].first = mine
			}
		}
	}
	slices.SortFunc(list, func(a, b combination) int {
		if order := compareFirsts(a.first, b.first); order != 0 {
			return order
		}
		for n, input := range g.inputs {
			x, y := &c.inputs[input].all[a.picked[n]], &c.inputs[input].all[b.picked[n]]
			if order := bytes.Compare(x.id[:], y.id[:]); order != 0 {
				return order
			}
		}
		return 0
	})
	return nil
}

func compareFirsts(a, b first) int {
	return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.depth, b.depth))
}
