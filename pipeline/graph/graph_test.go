package graph

import (
	"encoding/xml"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// random is a graph of some jobs, each of which reads up to three that are not far.
func random(rnd *rand.Rand, nodes int) *Graph {
	g := &Graph{}
	for i := range nodes {
		g.Nodes = append(g.Nodes, Node{Name: fmt.Sprintf("job-%d", i), State: Fresh})
	}
	for to := 1; to < nodes; to++ {
		for range rnd.IntN(4) {
			g.Edges = append(g.Edges, Edge{From: max(0, to-1-rnd.IntN(9)), To: to})
		}
	}
	slices.SortFunc(g.Edges, compareEdges)
	g.Edges = slices.Compact(g.Edges)
	rnd.Shuffle(nodes, func(a, b int) { // as they may come
		g.Nodes[a], g.Nodes[b] = g.Nodes[b], g.Nodes[a]
		for i := range g.Edges {
			for _, end := range []*int{&g.Edges[i].From, &g.Edges[i].To} {
				switch *end {
				case a:
					*end = b
				case b:
					*end = a
				}
			}
		}
	})
	return g
}

func names(g *Graph) []string {
	var list []string
	for _, e := range g.Edges {
		list = append(list, g.Nodes[e.From].Name+" "+g.Nodes[e.To].Name)
	}
	slices.Sort(list)
	return list
}

func TestSorted(t *testing.T) {
	for seed := range uint64(100) {
		g := random(rand.New(rand.NewPCG(1, seed)), 40)
		sorted := g.Sorted()
		if got, want := names(sorted), names(g); !reflect.DeepEqual(got, want) {
			t.Fatalf("seed %d: sorted, the edges are %q, want %q", seed, got, want)
		}
		for _, e := range sorted.Edges {
			if e.From >= e.To {
				t.Fatalf("seed %d: %v comes before what it reads", seed, e)
			}
		}
	}
	circle := &Graph{Nodes: make([]Node, 3), Edges: []Edge{{From: 0, To: 1}, {From: 1, To: 2}, {From: 2, To: 0}}}
	if sorted := circle.Sorted(); len(sorted.Nodes) != 3 || len(sorted.Edges) != 2 {
		t.Errorf("a circle sorted is %+v, want one edge less", sorted)
	}
}

// TestRows reads drawings as a person does, who follows the lines.
func TestRows(t *testing.T) {
	drawn := 0
	for seed := range uint64(200) {
		g := random(rand.New(rand.NewPCG(2, seed)), 1+int(seed%45)).Sorted()
		rows, ok := g.Rows()
		if !ok {
			continue // TestManyLines
		}
		drawn++
		var grid [][]rune
		var marks []int
		for _, row := range rows {
			grid = append(grid, []rune(row.Before+row.Mark+row.After))
			marks = append(marks, len([]rune(row.Before)))
		}
		var got []string
		for at, mark := range marks {
			for _, from := range follow(grid, marks, at, mark) {
				got = append(got, g.Nodes[from].Name+" "+g.Nodes[at].Name)
			}
		}
		slices.Sort(got)
		if want := names(g); !reflect.DeepEqual(got, want) {
			t.Fatalf("seed %d: the lines say %q, want %q", seed, got, want)
		}
	}
	if drawn < 100 {
		t.Errorf("%d of 200 graphs are drawn", drawn)
	}
}

// follow finds the rows that lines lead to from a mark.
func follow(grid [][]rune, marks []int, at, mark int) []int {
	columns := []int{}
	if at > 0 && strings.ContainsRune("│├┼┤●", grid[at-1][mark]) {
		columns = append(columns, mark)
	}
	for _, step := range []int{-2, 2} {
		for c := mark + step; c >= 0 && c < len(grid[at]) && grid[at][c-step/2] == '─'; c += step {
			if strings.ContainsRune("├┼┤╰┴╯", grid[at][c]) {
				columns = append(columns, c)
			}
		}
	}
	var rows []int
	for _, c := range columns {
		row := at - 1
		for row > 0 && marks[row] != c {
			row--
		}
		rows = append(rows, row)
	}
	return rows
}

func TestSortedBack(t *testing.T) {
	for seed := range uint64(50) {
		g := random(rand.New(rand.NewPCG(3, seed)), 1+int(seed%45))
		back := g.SortedBack()
		if got, want := names(back), names(g); !reflect.DeepEqual(got, want) {
			t.Fatalf("seed %d: the edges are %q, want %q", seed, got, want)
		}
		first := slices.IndexFunc(g.Nodes, func(n Node) bool {
			return !slices.ContainsFunc(g.Edges, func(e Edge) bool { return g.Nodes[e.From].Name == n.Name })
		})
		if got := back.Nodes[len(back.Nodes)-1].Name; got != g.Nodes[first].Name {
			t.Fatalf("seed %d: %s is the last, want %s, the first that nothing reads", seed, got, g.Nodes[first].Name)
		}
	}
}

// TestBackwards draws two results of the same days with the newest above.
func TestBackwards(t *testing.T) {
	g := &Graph{
		Nodes: []Node{{Name: "report-2"}, {Name: "report-1"}, {Name: "other"}, {Name: "count-2"}, {Name: "count-1"}, {Name: "names", State: Outside}},
		Edges: []Edge{{From: 3, To: 0}, {From: 4, To: 1}, {From: 5, To: 0}, {From: 5, To: 1}, {From: 5, To: 2}},
	}
	sorted := g.Without(Missing).SortedBack()
	rows, ok := sorted.Rows()
	var text string
	for _, row := range Flipped(rows) {
		text += strings.TrimRight(row.Before+row.Mark+row.After+" "+sorted.Nodes[row.Node].Name, " ") + "\n"
	}
	want := "●─╮   report-2\n│ ●   count-2\n├───● report-1\n│   ● count-1\n├─●   other\n○     names\n"
	if !ok || text != want {
		t.Errorf("the drawing is, %t,\n%swant\n%s", ok, text, want)
	}
	if rest := g.Without(Outside); len(rest.Nodes) != 5 || !reflect.DeepEqual(rest.Edges, []Edge{{From: 3, To: 0}, {From: 4, To: 1}}) {
		t.Errorf("without what is outside there are %+v", rest)
	}
}

func TestRowsOfADiamond(t *testing.T) {
	g := &Graph{
		Nodes: []Node{{Name: "days"}, {Name: "count"}, {Name: "names", State: Outside}, {Name: "report"}, {Name: "alone"}},
		Edges: []Edge{{From: 0, To: 1}, {From: 0, To: 3}, {From: 1, To: 3}, {From: 2, To: 3}},
	}
	rows, ok := g.Sorted().Rows()
	var text string
	for _, row := range rows {
		text += row.Before + row.Mark + row.After + " " + g.Sorted().Nodes[row.Node].Name + "\n"
	}
	want := "●     days\n├─●   count\n│ │ ○ names\n●─┴─╯ report\n  ●   alone\n"
	if !ok || text != want {
		t.Errorf("the drawing is, %t,\n%swant\n%s", ok, text, want)
	}
}

// TestManyLines: nobody can follow a hundred lines.
func TestManyLines(t *testing.T) {
	g := &Graph{Nodes: make([]Node, 101)}
	for i := range 100 {
		g.Nodes[i].Name = fmt.Sprint(i)
		g.Edges = append(g.Edges, Edge{From: i, To: 100})
	}
	if _, ok := g.Rows(); ok {
		t.Error("a hundred lines are drawn beside each other")
	}
	if got := g.Reads(); len(got[100]) != 100 || got[100][7] != "7" || len(got[7]) != 0 {
		t.Errorf("Reads = %q, want all hundred for the last, and none for the others", got)
	}
}

// TestLayout: no two nodes stand on each other, and each edge goes to the right.
func TestLayout(t *testing.T) {
	for seed := range uint64(50) {
		g := random(rand.New(rand.NewPCG(3, seed)), 60).Sorted()
		l := newLayout(g)
		for i, layer := range l.layers {
			for k := 1; k < len(layer); k++ {
				if gap := layer[k].place - layer[k-1].place; gap < 1-1e-9 || layer[k-1].place < -1e-9 {
					t.Fatalf("seed %d: in layer %d, places %d and %d are %v apart", seed, i, k-1, k, gap)
				}
			}
		}
		for i, path := range l.paths {
			for k := 1; k < len(path); k++ {
				if path[k].layer != path[k-1].layer+1 {
					t.Fatalf("seed %d: edge %d leads from layer %d to %d", seed, i, path[k-1].layer, path[k].layer)
				}
			}
		}
	}
}

// hostile are names that mean something where they are written.
var hostile = &Graph{
	Nodes: []Node{
		{Name: `"]; evil [label="\`, Text: "a\nb", State: Due, Focus: true},
		{Name: "</svg><script>alert(1)</script>", Text: "`&#x;|}", State: Failed},
	},
	Edges: []Edge{{From: 0, To: 1, Context: true}},
}

func TestSVG(t *testing.T) {
	text := hostile.SVG(func(name string) string { return "?q=" + name })
	d := xml.NewDecoder(strings.NewReader(text))
	count := map[string]int{}
	for {
		token, err := d.Token()
		if token == nil {
			if err.Error() != "EOF" {
				t.Fatalf("the SVG is not XML: %v\n%s", err, text)
			}
			break
		}
		if start, ok := token.(xml.StartElement); ok {
			count[start.Name.Local]++
		}
	}
	if count["script"] != 0 || count["a"] != 2 || count["rect"] != 2 || count["path"] != 1 {
		t.Errorf("the SVG has %v, want two links, two boxes and a line", count)
	}
	if empty := (&Graph{}).SVG(nil); !strings.Contains(empty, "</svg>") {
		t.Errorf("the SVG of nothing is %q", empty)
	}
}

func TestLanguages(t *testing.T) {
	dot := hostile.DOT()
	if want := `n0 [label="\"]; evil [label=\"\\\na\nb",`; !strings.Contains(dot, want) || !strings.Contains(dot, "n0 -> n1 [style=dashed]") {
		t.Errorf("DOT:\n%s\nwant %s", dot, want)
	}
	mermaid := hostile.Mermaid()
	if strings.Contains(mermaid, "<script>") || strings.Contains(mermaid, `"]; evil`) || !strings.Contains(mermaid, "n0 -.-> n1") {
		t.Errorf("Mermaid:\n%s", mermaid)
	}
	if got := hostile.JSON(); len(got) != 2 || !reflect.DeepEqual(got[1].(*nodeJSON).Context, []string{hostile.Nodes[0].Name}) {
		t.Errorf("JSON = %+v", got)
	}
}
