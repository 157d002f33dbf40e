package plans

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/graph"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/pipeline/plan"
)

// Graph is the jobs of a repository and what they read. When writes a time for people, such
// as "3 days ago".
func Graph(ctx context.Context, repository *gitcmd.Repository, all *All, when func(time.Time) string) (*graph.Graph, error) {
	b := builder{repository: repository, places: map[string]int{}}
	for _, line := range all.Lines {
		b.add(jobNode(line, when))
	}
	for _, one := range all.Bad {
		if _, known := b.places[one.Branch]; !known {
			b.add(graph.Node{Name: one.Branch, Text: "cannot be planned", State: graph.Failed})
		}
	}
	for _, line := range all.Lines {
		if err := b.reads(ctx, line.Plan.Job); err != nil {
			return nil, err
		}
	}
	return &b.graph, nil
}

// jobNode says how a job stands.
func jobNode(line Line, when func(time.Time) string) graph.Node {
	p := line.Plan
	parts := []string{fmt.Sprintf("%d recorded", p.Recorded)}
	count := func(n int, what string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, what))
		}
	}
	count(p.Count(plan.Pending), "pending")
	count(p.Count(plan.Stale), "stale")
	count(p.Waiting(), "waiting")
	count(p.Count(plan.Outdated), "outdated")
	count(len(p.Unplanned), "unplanned")
	if line.Failed != nil {
		parts = append(parts, "failed "+when(line.Failed.Time.Time()))
	}
	return graph.Node{Name: p.Job.Branch, Text: strings.Join(parts, ", "), State: line.State()}
}

// State is how the job stands, as it is drawn.
func (l Line) State() graph.State {
	switch {
	case l.Failed != nil:
		return graph.Failed
	case l.Plan.Due():
		return graph.Due
	case l.Plan.Count(plan.Outdated) > 0:
		return graph.Outdated
	}
	return graph.Fresh
}

// A builder makes the graph of jobs.
type builder struct {
	repository *gitcmd.Repository
	graph      graph.Graph
	places     map[string]int
}

func (b *builder) add(node graph.Node) int {
	place := len(b.graph.Nodes)
	b.places[node.Name] = place
	b.graph.Nodes = append(b.graph.Nodes, node)
	return place
}

// reads connects a job with what it reads.
func (b *builder) reads(ctx context.Context, job *jobs.Job) error {
	for _, in := range job.Input {
		from, err := b.source(ctx, in)
		if err != nil {
			return err
		}
		b.graph.Edges = append(b.graph.Edges, graph.Edge{From: from, To: b.places[job.Branch], Context: !in.Trigger})
	}
	return nil
}

// source is the place of an input: a job, a branch without one, or what Concourse alone can
// read.
func (b *builder) source(ctx context.Context, in jobs.Input) (int, error) {
	node := graph.Node{Name: in.Branch, Text: "no job", State: graph.Outside}
	if in.Branch == "" {
		kind, _ := in.Resource["type"].(string)
		node = graph.Node{Name: in.Alias, Text: strings.TrimSpace("resource " + kind), State: graph.Outside}
	}
	if place, known := b.places[node.Name]; known {
		return place, nil
	}
	if in.Branch != "" {
		_, err := b.repository.FindBranch(ctx, in.Branch)
		if errors.Is(err, fs.ErrNotExist) {
			node.Text, node.State = "not here", graph.Missing
		} else if err != nil {
			return 0, err
		}
	}
	return b.add(node), nil
}
