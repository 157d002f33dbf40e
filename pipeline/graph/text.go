package graph

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// A Row is one node as a terminal shows it: lines that lead to it, a mark, and lines that
// pass on its other side.
type Row struct {
	Before, Mark, After string
	Node                int // among the nodes of the graph
}

// maxLanes is how many lines may stand beside each other.
const maxLanes = 16

// Rows draws a sorted graph with a row for each node, all of one width. What a node reads
// is above it. Where so many lines would stand beside each other that nobody could follow
// them it draws none, and returns false.
func (g *Graph) Rows() ([]Row, bool) {
	d := drawing{graph: g}
	d.reads, d.readers = g.neighbours()
	d.left = make([]int, len(g.Nodes))
	for i := range g.Nodes {
		d.left[i] = len(d.readers[i])
	}
	rows := make([]Row, len(g.Nodes))
	width := 0
	for i := range g.Nodes {
		rows[i] = d.row(i)
		if width = max(width, len(d.lanes)); width > maxLanes {
			return g.marks(), false
		}
	}
	for i := range rows {
		row := &rows[i]
		have := utf8.RuneCountInString(row.Before) + utf8.RuneCountInString(row.After) + 1
		row.After += strings.Repeat(" ", max(0, 2*width-1-have))
	}
	return rows, true
}

// marks are rows without lines.
func (g *Graph) marks() []Row {
	rows := make([]Row, len(g.Nodes))
	for i := range rows {
		rows[i] = Row{Node: i, Mark: g.mark(i)}
	}
	return rows
}

func (g *Graph) mark(node int) string {
	state := g.Nodes[node].State
	return pick(state == Missing || state == Outside, "○", "●")
}

// Flipped turns rows upside down: what a node reads is below it.
func Flipped(rows []Row) []Row {
	turn := strings.NewReplacer("╰", "╭", "╯", "╮", "┴", "┬")
	flipped := make([]Row, len(rows))
	for i, row := range rows {
		row.Before, row.After = turn.Replace(row.Before), turn.Replace(row.After)
		flipped[len(rows)-1-i] = row
	}
	return flipped
}

// A drawing is what is known from the rows above.
type drawing struct {
	graph   *Graph
	reads   [][]int
	readers [][]int
	left    []int // readers of a node that have not been drawn
	lanes   []int // the node, plus one, whose line is in each; 0 for none
	mark    int   // the lane, plus one, of the mark in the row above
}

// row draws a node and moves the lines on.
func (d *drawing) row(node int) Row {
	joins := make([]bool, len(d.lanes)) // lanes that lead to the node
	ends := make([]bool, len(d.lanes))  // and are not needed any more
	for lane, at := range d.lanes {
		if at > 0 && slices.Contains(d.reads[node], at-1) {
			joins[lane] = true
			d.left[at-1]--
			ends[lane] = d.left[at-1] == 0
		}
	}
	own := d.place(ends)
	if own == len(d.lanes) {
		d.lanes, joins, ends = append(d.lanes, 0), append(joins, false), append(ends, false)
	}
	row := d.draw(node, own, joins, ends)
	for lane := range d.lanes {
		if ends[lane] {
			d.lanes[lane] = 0
		}
	}
	if d.left[node] > 0 {
		d.lanes[own] = node + 1
	}
	d.mark = own + 1
	return row
}

// place chooses the lane of a node: that of a line which ends in it, or a free one, but not
// right below the mark of another.
func (d *drawing) place(ends []bool) int {
	if lane := slices.Index(ends, true); lane >= 0 {
		return lane
	}
	for lane, at := range d.lanes {
		if at == 0 && lane+1 != d.mark {
			return lane
		}
	}
	return len(d.lanes)
}

func (d *drawing) draw(node, own int, joins, ends []bool) Row {
	first, last := own, own // between which a line leads across
	for lane := range joins {
		if joins[lane] {
			first, last = min(first, lane), max(last, lane)
		}
	}
	row := Row{Node: node, Mark: d.graph.mark(node)}
	var out strings.Builder
	for lane := range d.lanes {
		if lane == own {
			row.Before = out.String()
			out.Reset()
		} else {
			out.WriteString(d.glyph(lane, first, last, joins[lane], ends[lane]))
		}
		switch {
		case lane == len(d.lanes)-1:
		case lane >= first && lane < last:
			out.WriteString("─")
		default:
			out.WriteString(" ")
		}
	}
	row.After = out.String()
	return row
}

// glyph is what stands in a lane that the node is not in.
func (d *drawing) glyph(lane, first, last int, joins, ends bool) string {
	switch {
	case joins && lane == first:
		return pick(ends, "╰", "├")
	case joins && lane == last:
		return pick(ends, "╯", "┤")
	case joins:
		return pick(ends, "┴", "┼")
	case d.lanes[lane] > 0:
		return "│"
	case lane > first && lane < last:
		return "─"
	}
	return " "
}

func pick(ok bool, yes, no string) string {
	if ok {
		return yes
	}
	return no
}

// Reads lists, for each node of a graph, the names of what it reads.
func (g *Graph) Reads() [][]string {
	names := make([][]string, len(g.Nodes))
	for _, e := range g.Edges {
		names[e.To] = append(names[e.To], g.Nodes[e.From].Name)
	}
	return names
}
