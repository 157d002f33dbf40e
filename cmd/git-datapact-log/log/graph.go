package log

import (
	"context"

	"github.com/git-datapact/git-datapact/cmd/internal/drawing"
	"github.com/git-datapact/git-datapact/cmd/internal/entries"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/graph"
	"github.com/git-datapact/git-datapact/pipeline/plan"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// graph draws what was held, and what it was made from on branches. The names of what was
// not asked for itself are plain.
func (l *listing) graph(ctx context.Context, repository *gitcmd.Repository) error {
	kin, err := plan.Ancestors(ctx, repository, l.held, func(err error) {
		l.env.Warnf("%v", err)
		l.damaged = true
	})
	if err != nil {
		return err
	}
	held := make(map[*ledger.Entry]bool, len(l.held))
	for _, entry := range l.held {
		held[entry] = true
	}
	g := drawing.Lineage(kin, l.said)
	for i := range g.Nodes {
		if g.Nodes[i].Focus = held[kin[i].Entry]; g.Nodes[i].Focus && kin[i].Entry.Retraction != nil {
			g.Nodes[i].State = graph.Missing
		}
	}
	return drawing.PrintBack(l.env, g.Without(graph.Outside))
}

// said is what the line of a receipt says behind its name.
func (l *listing) said(entry *ledger.Entry) string {
	text := entries.Style{Time: l.when}.Rest(entry)
	if entry.Retraction != nil {
		text = "(" + entries.Retraction(entry) + ")  " + text
	}
	return text
}
