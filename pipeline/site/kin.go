package site

import (
	"slices"
	"time"

	"github.com/git-datapact/git-datapact/pipeline/graph"
	"github.com/git-datapact/git-datapact/receipts"
)

// How far kin are looked for: so many steps at most, and for some uses so many receipts.
const (
	reach       = 12
	drawn       = 20 // each way
	inheritFrom = 200
)

// A relative is a receipt that another one descends from, or an input that is not here.
type relative struct {
	number serial // of a record
	here   bool   // it is one
	input         // of one that is not here
}

// kinOf finds the relatives of a receipt, itself first and the nearest next, at most so many
// beside itself.
func (k *kinship) kinOf(n serial, where direction, most int) ([]relative, error) {
	list := []relative{{number: n, here: true}}
	seen := map[relative]bool{list[0]: true}
	for from, steps := 0, 0; steps < reach && from < len(list); steps++ {
		for to := len(list); from < to; from++ {
			for other, err := range k.next(list[from], where) {
				if err != nil {
					return nil, err
				}
				if seen[other] {
					continue
				}
				if len(list) > most {
					return list, nil
				}
				seen[other] = true
				list = append(list, other)
			}
		}
	}
	return list, nil
}

// lineage draws the kin of a receipt. It reports whether all of them are drawn.
func (k *kinship) lineage(r *record, href func(*record) string) (svg string, whole bool, err error) {
	above, err := k.kinOf(r.number, up, drawn)
	if err != nil {
		return "", false, err
	}
	below, err := k.kinOf(r.number, down, drawn)
	if err != nil {
		return "", false, err
	}
	d := &drawingOf{kinship: k, places: map[relative]int{}, records: map[string]*record{}}
	list := slices.Concat(above, below[1:])
	if err := d.add(list); err != nil {
		return "", false, err
	}
	if err := d.join(list); err != nil {
		return "", false, err
	}
	return d.graph.Sorted().SVG(func(name string) string {
		if other := d.records[name]; other != nil && other.number != r.number {
			return href(other)
		}
		return ""
	}), len(above) <= drawn && len(below) <= drawn, nil
}

// A drawingOf is the graph of some relatives.
type drawingOf struct {
	*kinship
	graph   graph.Graph
	places  map[relative]int   // of nodes
	records map[string]*record // of nodes, nil for what is not here
}

// add adds a node for each relative, and the first is what it is all about.
func (d *drawingOf) add(list []relative) error {
	for _, one := range list {
		if _, known := d.places[one]; known {
			continue
		}
		d.places[one] = len(d.graph.Nodes)
		node := one.node()
		if one.here {
			r, err := d.record(one.number)
			if err != nil {
				return err
			}
			node = r.node()
			d.records[node.Name] = r
		} else {
			d.records[node.Name] = nil
		}
		d.graph.Nodes = append(d.graph.Nodes, node)
	}
	d.graph.Nodes[0].Focus = true
	return nil
}

// join adds the edges between them.
func (d *drawingOf) join(list []relative) error {
	for _, one := range list {
		for from, err := range d.next(one, up) {
			if err != nil {
				return err
			}
			if place, known := d.places[from]; known {
				d.graph.Edges = append(d.graph.Edges, graph.Edge{From: place, To: d.places[one]})
			}
		}
	}
	return nil
}

// node is a receipt as it is drawn.
func (r *record) node() graph.Node {
	text := r.at.Time().Format(time.DateOnly)
	for _, f := range r.facts {
		if len(f.value) <= longestDrawn {
			text += "  " + f.key + "=" + f.value
			break
		}
	}
	return graph.Node{Name: r.drawnName(), Text: text, State: graph.Fresh}
}

// node is an input that is not here as it is drawn.
func (in input) node() graph.Node {
	if in.branch != "" && in.branch[0] == ':' { // of a pseudo-branch, which nobody records
		return graph.Node{Name: in.name(), State: graph.Outside}
	}
	return graph.Node{Name: in.name(), Text: "not here", State: graph.Missing}
}

// How many letters a drawing has room for: in a value, and in the name of a branch.
const longestDrawn, longestBranch = 16, 23

// drawnName is a name that a drawing has room for, and no other receipt there.
func (r *record) drawnName() string {
	branch := []rune(r.branch.name)
	if len(branch) > longestBranch+2 {
		branch = append(branch[:longestBranch:longestBranch], '…')
	}
	return string(branch) + "@" + string(r.id()[:8])
}

// name is an input as selectors name it, or as it is where it is no receipt.
func (in input) name() string {
	if id, err := receipts.ParseID(in.result); err == nil {
		return in.branch + "@" + string(id[:12])
	}
	return in.branch + " " + in.result
}
