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

// A direction leads from a receipt to what it read, or to what read it.
type direction bool

const (
	up   direction = true
	down direction = false
)

// A relative is a receipt that another one descends from, or an input that is not here.
type relative struct {
	branch, result string
	record         *record // nil for what is not here
}

func (r *record) relative() relative { return relative{r.branch.name, string(r.id), r} }

// next are the relatives one step away, the newest first downwards.
func (k relative) next(where direction) []relative {
	var list []relative
	switch {
	case k.record == nil:
	case where == up:
		for i, in := range k.record.inputs {
			list = append(list, relative{in.branch, in.result, k.record.reads[i]})
		}
	default:
		for _, reader := range slices.Backward(k.record.readers) {
			list = append(list, reader.relative())
		}
	}
	return list
}

// kinOf finds the relatives of a receipt, itself first and the nearest next, at most so many
// beside itself.
func kinOf(r *record, where direction, most int) []relative {
	list := []relative{r.relative()}
	seen := map[[2]string]bool{{list[0].branch, list[0].result}: true}
	for from, steps := 0, 0; steps < reach && from < len(list); steps++ {
		for to := len(list); from < to; from++ {
			for _, k := range list[from].next(where) {
				name := [2]string{k.branch, k.result}
				if seen[name] {
					continue
				}
				if len(list) > most {
					return list
				}
				seen[name] = true
				list = append(list, k)
			}
		}
	}
	return list
}

// mark has the pages of a receipt and of all its kin written, those that show it or take facts
// over from it.
func (r *record) mark() {
	r.dirty = true
	for _, where := range []direction{up, down} {
		for _, k := range kinOf(r, where, 1<<30) {
			if k.record != nil {
				k.record.dirty = true
			}
		}
	}
}

// lineage draws the kin of a receipt. It reports whether all of them are drawn.
func (r *record) lineage(href func(*record) string) (string, bool) {
	above, below := kinOf(r, up, drawn), kinOf(r, down, drawn)
	g := &graph.Graph{}
	places, records := map[[2]string]int{}, map[string]*record{}
	list := slices.Concat(above, below[1:])
	for _, k := range list {
		if _, known := places[[2]string{k.branch, k.result}]; known {
			continue
		}
		places[[2]string{k.branch, k.result}] = len(g.Nodes)
		node := k.node()
		records[node.Name] = k.record
		g.Nodes = append(g.Nodes, node)
	}
	g.Nodes[0].Focus = true
	for _, k := range list {
		to := places[[2]string{k.branch, k.result}]
		for _, from := range k.next(up) {
			if place, known := places[[2]string{from.branch, from.result}]; known {
				g.Edges = append(g.Edges, graph.Edge{From: place, To: to})
			}
		}
	}
	all := len(above) <= drawn && len(below) <= drawn
	return g.Sorted().SVG(func(name string) string {
		if k := records[name]; k != nil && k != r {
			return href(k)
		}
		return ""
	}), all
}

// node is a relative as it is drawn.
func (k relative) node() graph.Node {
	if k.record == nil {
		node := graph.Node{Name: k.name(), Text: "not here", State: graph.Missing}
		if k.branch != "" && k.branch[0] == ':' { // of a pseudo-branch, which nobody records
			node.Text, node.State = "", graph.Outside
		}
		return node
	}
	text := k.record.at.Time().Format(time.DateOnly)
	for _, f := range k.record.facts {
		if len(f.value) <= longestDrawn {
			text += "  " + f.key + "=" + f.value
			break
		}
	}
	return graph.Node{Name: k.record.drawnName(), Text: text, State: graph.Fresh}
}

// How many letters a drawing has room for: in a value, and in the name of a branch.
const longestDrawn, longestBranch = 16, 23

// drawnName is a name that a drawing has room for, and no other receipt there.
func (r *record) drawnName() string {
	branch := []rune(r.branch.name)
	if len(branch) > longestBranch+2 {
		branch = append(branch[:longestBranch:longestBranch], '…')
	}
	return string(branch) + "@" + string(r.id[:8])
}

// name is that of a relative as selectors have it, or of an input that no branch holds.
func (k relative) name() string {
	if id, err := receipts.ParseID(k.result); err == nil {
		return k.branch + "@" + string(id[:12])
	}
	return k.branch + " " + k.result
}
