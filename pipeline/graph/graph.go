// Package graph draws what depends on what: jobs, or receipts, as text for a terminal,
// as SVG, and in the languages of Graphviz and Mermaid.
package graph

import (
	"slices"
)

// A Graph is nodes and the edges between them. It has no circle.
type Graph struct {
	Nodes []Node
	Edges []Edge
}

// A Node is a job or a receipt.
type Node struct {
	Name  string // short, and different from all others
	Text  string // what else there is to say, "" for nothing
	State State
	Focus bool // the one that was asked for
}

// A State says how a node stands, by which it is coloured.
type State string

// The states of a node.
const (
	Fresh    State = "fresh"    // nothing is to be done
	Due      State = "due"      // something is pending, stale or waiting
	Outdated State = "outdated" // what it runs has changed
	Failed   State = "failed"   // it cannot be planned, or its last execution failed
	Missing  State = "missing"  // it is not here
	Outside  State = "outside"  // it is no job of the repository
)

// An Edge leads from what is read to what reads it, by their places among the nodes.
type Edge struct {
	From, To int
	Context  bool // it is read, and does not start an execution
}

// Sorted returns the graph with its nodes in an order in which each comes after all that it
// reads, and near to that, where there is a choice. Edges of a circle are left out.
func (g *Graph) Sorted() *Graph {
	order := g.order()
	place := make([]int, len(order))
	for to, from := range order {
		place[from] = to
	}
	sorted := &Graph{Nodes: make([]Node, len(order))}
	for to, from := range order {
		sorted.Nodes[to] = g.Nodes[from]
	}
	for _, e := range g.Edges {
		if e.From, e.To = place[e.From], place[e.To]; e.From < e.To {
			sorted.Edges = append(sorted.Edges, e)
		}
	}
	slices.SortFunc(sorted.Edges, compareEdges)
	return sorted
}

func compareEdges(a, b Edge) int {
	if a.To != b.To {
		return a.To - b.To
	}
	return a.From - b.From
}

// order lists the nodes, each after what it reads: of those that can come next the one that
// is the last to read most, then the one that reads what came latest.
func (g *Graph) order() []int {
	reads, readers := g.neighbours()
	left := make([]int, len(g.Nodes))     // what a node reads that has not come yet
	pending := make([]int, len(g.Nodes))  // its readers that have not come yet
	came := make([]int, len(g.Nodes))     // its place, from 1
	ready := make([]int, 0, len(g.Nodes)) // nodes that can come next
	for i := range g.Nodes {
		left[i], pending[i] = len(reads[i]), len(readers[i])
		if left[i] == 0 {
			ready = append(ready, i)
		}
	}
	rank := func(i int) (last, latest int) {
		for _, from := range reads[i] {
			if pending[from] == 1 {
				last++
			}
			latest = max(latest, came[from])
		}
		return last, latest
	}
	order := make([]int, 0, len(g.Nodes))
	for len(order) < len(g.Nodes) {
		if len(ready) == 0 { // a circle: it is cut at the first node
			ready = append(ready, slices.Index(came, 0))
		}
		best, bestLast, bestLatest := 0, -1, -1
		for at, i := range ready {
			if last, latest := rank(i); last > bestLast || last == bestLast && latest > bestLatest {
				best, bestLast, bestLatest = at, last, latest
			}
		}
		next := ready[best]
		ready = slices.Delete(ready, best, best+1)
		order = append(order, next)
		came[next] = len(order)
		for _, from := range reads[next] {
			pending[from]--
		}
		for _, to := range readers[next] {
			if left[to]--; left[to] == 0 && came[to] == 0 {
				ready = append(ready, to)
			}
		}
	}
	return order
}

// neighbours lists, for each node, what it reads and what reads it.
func (g *Graph) neighbours() (reads, readers [][]int) {
	reads, readers = make([][]int, len(g.Nodes)), make([][]int, len(g.Nodes))
	for _, e := range g.Edges {
		if !slices.Contains(reads[e.To], e.From) {
			reads[e.To] = append(reads[e.To], e.From)
			readers[e.From] = append(readers[e.From], e.To)
		}
	}
	return reads, readers
}
