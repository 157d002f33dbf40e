package graph

import (
	"context"
	"strings"

	"github.com/git-datapact/git-datapact/cmd/internal/drawing"
	"github.com/git-datapact/git-datapact/cmd/internal/entries"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/graph"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/pipeline/plan"
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
	g := drawing.Lineage(kin, func(entry *ledger.Entry) string {
		return strings.TrimRight(entry.Receipt.Timestamp.String()+"  "+entries.Own(entry.Receipt), " ")
	})
	g.Nodes[0].Focus = true
	if damaged {
		return g, gitcmd.ErrNegative
	}
	return g, nil
}
