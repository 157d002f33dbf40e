package drawing

import (
	"github.com/git-datapact/git-datapact/pipeline/graph"
	"github.com/git-datapact/git-datapact/pipeline/plan"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// Lineage is the graph of kin, in their order, with a text for each that is here.
func Lineage(kin []plan.Kin, text func(*ledger.Entry) string) *graph.Graph {
	g := &graph.Graph{}
	for place, k := range kin {
		node := graph.Node{Name: name(k), Text: "not here", State: graph.Missing}
		switch {
		case k.Entry != nil:
			node.Text, node.State = text(k.Entry), graph.Fresh
		case k.Branch[0] == ':': // of a pseudo-branch, which nobody records
			node.Text, node.State = "", graph.Outside
		}
		g.Nodes = append(g.Nodes, node)
		for _, from := range k.Reads {
			g.Edges = append(g.Edges, graph.Edge{From: from, To: place})
		}
	}
	return g
}

// name is that of a receipt as a selector has it.
func name(k plan.Kin) string {
	if id, err := receipts.ParseID(k.Result); err == nil {
		return k.Branch + "@" + string(id[:12])
	}
	return k.Branch + " " + k.Result
}
