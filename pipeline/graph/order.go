package graph

import (
	"cmp"
	"container/heap"
	"slices"
)

// order lists the nodes, each after what it reads: of those that can come next the one that
// is the last to read most, then the one that reads what came latest, then the one that
// could come first. A circle is cut at its first node.
func (g *Graph) order() []int {
	o := ordering{came: make([]int, len(g.Nodes)), pending: make([]int, len(g.Nodes)), candidates: make([]*candidate, len(g.Nodes))}
	o.reads, o.readers = g.neighbours()
	left := make([]int, len(g.Nodes)) // what a node reads that has not come yet
	for i := range g.Nodes {
		left[i], o.pending[i] = len(o.reads[i]), len(o.readers[i])
	}
	for i := range g.Nodes {
		if left[i] == 0 {
			o.push(i)
		}
	}
	order := make([]int, 0, len(g.Nodes))
	for len(order) < len(g.Nodes) {
		if len(o.ready) == 0 {
			o.push(slices.Index(o.came, 0))
		}
		next := heap.Pop(&o.ready).(*candidate).node
		order = append(order, next)
		o.came[next] = len(order)
		for _, from := range o.reads[next] {
			if o.pending[from]--; o.pending[from] == 1 {
				o.promote(from)
			}
		}
		for _, to := range o.readers[next] {
			if left[to]--; left[to] == 0 && o.came[to] == 0 && o.candidates[to] == nil {
				o.push(to)
			}
		}
	}
	return order
}

// An ordering is nodes of which some came, and some can come next.
type ordering struct {
	reads, readers [][]int
	came           []int // the place of a node, from 1
	pending        []int // the readers of a node that have not come yet
	candidates     []*candidate
	ready          candidates
	turns          int
}

// A candidate is a node that can come next.
type candidate struct {
	node         int
	last, latest int // how much it is the last to read; the place of what came latest of that
	turn         int
	at           int // in the heap
}

// push makes a node a candidate.
func (o *ordering) push(node int) {
	o.turns++
	c := &candidate{node: node, turn: o.turns}
	for _, from := range o.reads[node] {
		if o.pending[from] == 1 {
			c.last++
		}
		c.latest = max(c.latest, o.came[from])
	}
	o.candidates[node] = c
	heap.Push(&o.ready, c)
}

// promote tells the one reader of a node that has not come, if it can come next, that it is
// the last one.
func (o *ordering) promote(node int) {
	for _, to := range o.readers[node] {
		if o.came[to] > 0 {
			continue
		}
		if c := o.candidates[to]; c != nil {
			c.last++
			heap.Fix(&o.ready, c.at)
		}
		return
	}
}

// candidates have the one that comes next on top.
type candidates []*candidate

func (c candidates) Len() int { return len(c) }

func (c candidates) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(c[j].last, c[i].last), cmp.Compare(c[j].latest, c[i].latest), cmp.Compare(c[i].turn, c[j].turn)) < 0
}

func (c candidates) Swap(i, j int) {
	c[i], c[j] = c[j], c[i]
	c[i].at, c[j].at = i, j
}

func (c *candidates) Push(x any) {
	one := x.(*candidate)
	one.at = len(*c)
	*c = append(*c, one)
}

func (c *candidates) Pop() any {
	old := *c
	last := old[len(old)-1]
	*c = old[:len(old)-1]
	return last
}
