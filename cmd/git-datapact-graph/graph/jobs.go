package graph

import (
	"context"
	"errors"
	"time"

	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/cmd/internal/plans"
	"github.com/git-datapact/git-datapact/cmd/internal/units"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/graph"
)

// jobGraph is the jobs of a repository and what they read. Beside it, the error says which
// jobs cannot be planned.
func jobGraph(ctx context.Context, env *frame.Env, repository *gitcmd.Repository) (*graph.Graph, error) {
	all, err := plans.Survey(ctx, repository, nil)
	if err != nil {
		return nil, err
	}
	all.TellNone(env)
	now := time.Now()
	g, err := plans.Graph(ctx, repository, all, func(t time.Time) string { return units.Ago(t, now) })
	if err != nil {
		return nil, err
	}
	var faults []error
	for _, one := range all.Bad {
		faults = append(faults, one.Err)
	}
	return g, errors.Join(faults...)
}
