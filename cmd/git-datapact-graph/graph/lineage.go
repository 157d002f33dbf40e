package graph

import (
	"context"

	"github.com/git-datapact/git-datapact/cmd/internal/entries"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/graph"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/pipeline/plan"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// lineage is what a receipt was made from, and what was made from it. Beside it, the error
// is negative where receipts could not be read.
func (c *command) lineage(ctx context.Context, env *frame.Env, repository *gitcmd.Repository) (*graph.Graph, error) {
	entry, err := ledger.Lookup(ctx, repository, c.Selector, plan.Leave(repository, jobs.Later(repository)))
	if err != nil {
		return nil, err
	}
	steps := plan.Steps{Up: c.Depth, Down: c.Depth}
	if c.Up && !c.Down {
		steps.Down = 0
	}
	if c.Down && !c.Up {
		steps.Up = 0
	}
	damaged := false
	kin, err := plan.Lineage(ctx, repository, entry, steps, func(err error) {
		env.Warnf("%v", err)
		damaged = true
	})
	if err != nil {
		return nil, err
	}
	g := &graph.Graph{}
	for place, k := range kin {
		g.Nodes = append(g.Nodes, receiptNode(k))
		for _, from := range k.Reads {
			g.Edges = append(g.Edges, graph.Edge{From: from, To: place})
		}
	}
	g.Nodes[0].Focus = true
	if damaged {
		return g, gitcmd.ErrNegative
	}
	return g, nil
}

// receiptNode names a receipt as a selector does, if it is here.
func receiptNode(k plan.Kin) graph.Node {
	name := k.Branch + " " + k.Result
	if id, err := receipts.ParseID(k.Result); err == nil {
		name = k.Branch + "@" + string(id[:12])
	}
	if k.Entry == nil {
		node := graph.Node{Name: name, Text: "not here", State: graph.Missing}
		if k.Branch[0] == ':' { // of a pseudo-branch, which nobody records
			node.Text, node.State = "", graph.Outside
		}
		return node
	}
	text := k.Entry.Receipt.Timestamp.String()
	if traits := entries.Own(k.Entry.Receipt); traits != "" {
		text += "  " + traits
	}
	return graph.Node{Name: name, Text: text, State: graph.Fresh}
}
