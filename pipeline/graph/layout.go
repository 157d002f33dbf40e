package graph

import (
	"cmp"
	"slices"
)

// A layout is a sorted graph in layers, from what is read to what reads it. An edge that
// passes layers bends at a place of its own in each, after Sugiyama, Tagawa and Toda,
// "Methods for Visual Understanding of Hierarchical System Structures" (1981).
type layout struct {
	graph  *Graph
	layers [][]*spot
	spots  []*spot   // of the nodes
	paths  [][]*spot // of the edges, from end to end
}

// A spot is a node, or a bend of an edge.
type spot struct {
	node   int // -1 for a bend
	layer  int
	place  float64 // in the layer
	before []*spot
	after  []*spot
}

// sweeps is how often the layers are put in order, from either side in turn.
const sweeps = 8

func newLayout(g *Graph) *layout {
	l := &layout{graph: g, spots: make([]*spot, len(g.Nodes))}
	for i := range g.Nodes {
		l.spots[i] = &spot{node: i}
	}
	for _, e := range g.Edges { // what is read comes first in a sorted graph
		to := l.spots[e.To]
		to.layer = max(to.layer, l.spots[e.From].layer+1)
	}
	for _, s := range l.spots {
		l.put(s)
	}
	for _, e := range g.Edges {
		l.paths = append(l.paths, l.path(l.spots[e.From], l.spots[e.To]))
	}
	for sweep := range sweeps {
		l.sweep(sweep%2 == 0)
	}
	l.spread()
	return l
}

// put adds a spot at the end of its layer.
func (l *layout) put(s *spot) {
	for len(l.layers) <= s.layer {
		l.layers = append(l.layers, nil)
	}
	s.place = float64(len(l.layers[s.layer]))
	l.layers[s.layer] = append(l.layers[s.layer], s)
}

// path connects two spots with a bend in each layer between them.
func (l *layout) path(from, to *spot) []*spot {
	path := []*spot{from}
	for layer := from.layer + 1; layer < to.layer; layer++ {
		bend := &spot{node: -1, layer: layer}
		l.put(bend)
		path = append(path, bend)
	}
	path = append(path, to)
	for i := 1; i < len(path); i++ {
		path[i-1].after = append(path[i-1].after, path[i])
		path[i].before = append(path[i].before, path[i-1])
	}
	return path
}

// sweep puts each layer in the order of the means of what its spots are connected with in
// the layer before, or after.
func (l *layout) sweep(forward bool) {
	for i := range l.layers {
		layer := l.layers[i]
		if !forward {
			layer = l.layers[len(l.layers)-1-i]
		}
		means := make(map[*spot]float64, len(layer))
		for _, s := range layer {
			means[s] = s.mean(forward)
		}
		slices.SortStableFunc(layer, func(a, b *spot) int { return cmp.Compare(means[a], means[b]) })
		for place, s := range layer {
			s.place = float64(place)
		}
	}
}

// mean is that of the places on one side, or the spot's own where there is nothing.
func (s *spot) mean(forward bool) float64 {
	side := s.after
	if forward {
		side = s.before
	}
	if len(side) == 0 {
		return s.place
	}
	sum := 0.0
	for _, other := range side {
		sum += other.place
	}
	return sum / float64(len(side))
}

// spread moves the spots of each layer towards what they are connected with, at least one
// place apart and in their order.
func (l *layout) spread() {
	for sweep := range sweeps {
		for i := range l.layers {
			layer := l.layers[i]
			if sweep%2 == 1 {
				layer = l.layers[len(l.layers)-1-i]
			}
			l.align(layer, sweep%2 == 0)
		}
	}
	least := 0.0
	for _, layer := range l.layers {
		for _, s := range layer {
			least = min(least, s.place)
		}
	}
	for _, layer := range l.layers {
		for _, s := range layer {
			s.place -= least
		}
	}
}

// align gives the spots of a layer places near to the means, and where these are too near to
// each other places around the mean of the means.
func (l *layout) align(layer []*spot, forward bool) {
	type block struct {
		first, n int
		sum      float64 // of the places that the first spot would have by the wish of each
	}
	var blocks []block
	at := func(b block) float64 { return b.sum / float64(b.n) }
	for i, s := range layer {
		b := block{i, 1, s.mean(forward)}
		for len(blocks) > 0 {
			last := blocks[len(blocks)-1]
			if at(last)+float64(last.n) <= at(b) {
				break
			}
			b = block{last.first, last.n + b.n, last.sum + b.sum - float64(last.n*b.n)}
			blocks = blocks[:len(blocks)-1]
		}
		blocks = append(blocks, b)
	}
	for _, b := range blocks {
		for k := range b.n {
			layer[b.first+k].place = at(b) + float64(k)
		}
	}
}
