// Package graph is the command git-datapact-graph, which draws what depends on what: the
// jobs of a repository, or what one receipt was made from and what was made from it.
package graph

import (
	"context"
	"errors"
	"fmt"

	"github.com/git-datapact/git-datapact/cmd/internal/drawing"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/graph"
)

type command struct {
	Up       bool   `help:"Draw what the receipt was made from, and not what was made from it."`
	Down     bool   `help:"Draw what was made from the receipt, and not what it was made from."`
	Depth    int    `default:"-1" placeholder:"N" help:"Go N steps each way at most."`
	DOT      bool   `name:"dot" xor:"form" help:"Print the graph in the language of Graphviz."`
	Mermaid  bool   `xor:"form" help:"Print the graph in the language of Mermaid, for Markdown."`
	SVG      bool   `name:"svg" xor:"form" help:"Print the graph as an SVG image."`
	JSON     bool   `name:"json" xor:"form" help:"Print one JSON object per node and line."`
	Selector string `arg:"" optional:"" help:"A receipt, to draw its lineage (default: the jobs of the repository)."`
}

func (*command) Help() string {
	return "Draw the jobs of a repository with how they stand, or the lineage of one receipt."
}

// Run draws. That a job cannot be planned is an error, after the others are drawn.
func (c *command) Run(ctx context.Context, env *frame.Env) error {
	if c.Selector == "" && (c.Up || c.Down || c.Depth >= 0) {
		return gitcmd.Usage(errors.New("--up, --down and --depth are for the lineage of a receipt: name one"))
	}
	if c.Depth < -1 {
		return gitcmd.Usage(fmt.Errorf("--depth=%d: want a number of steps, 0 or more", c.Depth))
	}
	repository := gitcmd.Open("")
	defer repository.Close()
	var g *graph.Graph
	var err error
	if c.Selector == "" {
		g, err = jobGraph(ctx, env, repository)
	} else {
		g, err = c.lineage(ctx, env, repository)
	}
	if g == nil {
		return err
	}
	if pageErr := env.Page(ctx, repository); pageErr != nil {
		return pageErr
	}
	return errors.Join(c.print(env, g), err)
}

func (c *command) print(env *frame.Env, g *graph.Graph) error {
	g = g.Sorted()
	switch {
	case c.DOT:
		return env.Printf("%s", g.DOT())
	case c.Mermaid:
		return env.Printf("%s", g.Mermaid())
	case c.SVG:
		return env.Printf("%s", g.SVG(nil))
	case c.JSON:
		for _, node := range g.JSON() {
			if err := env.PrintJSON(node); err != nil {
				return err
			}
		}
		return nil
	}
	return drawing.Print(env, g)
}

// New returns the command.
func New() frame.Command { return &command{} }
