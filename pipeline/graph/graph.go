// Package graph draws what depends on what: jobs, or receipts, as text for a terminal,
// as SVG, and in the languages of Graphviz and Mermaid.
package graph

import "slices"

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
func (g *Graph) Sorted() *Graph { return g.inOrder(g.order()) }

func (g *Graph) inOrder(order []int) *Graph {
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

// SortedBack is Sorted seen from the other end: read backwards, each node comes after all
// that read it, and near to them, and of several that nothing reads the first of the graph
// is the first.
func (g *Graph) SortedBack() *Graph {
	turned := &Graph{Nodes: g.Nodes}
	for _, e := range g.Edges {
		turned.Edges = append(turned.Edges, Edge{From: e.To, To: e.From})
	}
	order := turned.order()
	slices.Reverse(order)
	return g.inOrder(order)
}

// Without is the graph without the nodes of a state.
func (g *Graph) Without(state State) *Graph {
	place := make([]int, len(g.Nodes))
	rest := &Graph{}
	for i, n := range g.Nodes {
		place[i] = len(rest.Nodes)
		if n.State != state {
			rest.Nodes = append(rest.Nodes, n)
		}
	}
	for _, e := range g.Edges {
		if g.Nodes[e.From].State != state && g.Nodes[e.To].State != state {
			rest.Edges = append(rest.Edges, Edge{From: place[e.From], To: place[e.To], Context: e.Context})
		}
	}
	return rest
}

// neighbours lists, for each node, what it reads and what reads it, each once.
func (g *Graph) neighbours() (reads, readers [][]int) {
	reads, readers = make([][]int, len(g.Nodes)), make([][]int, len(g.Nodes))
	known := make(map[[2]int]bool, len(g.Edges))
	for _, e := range g.Edges {
		if ends := [2]int{e.From, e.To}; !known[ends] {
			known[ends] = true
			reads[e.To] = append(reads[e.To], e.From)
			readers[e.From] = append(readers[e.From], e.To)
		}
	}
	return reads, readers
}
