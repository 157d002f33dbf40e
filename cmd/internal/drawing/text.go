// Package drawing shows on terminals what was made from what.
package drawing

import (
	"strings"
	"unicode/utf8"

	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/pipeline/graph"
)

// columns is the width that lines keep to where standard output is no terminal.
const columns = 80

// styles are those of the marks.
var styles = map[graph.State]frame.Style{
	graph.Fresh: frame.Good, graph.Due: frame.Waiting, graph.Outdated: frame.Changed,
	graph.Failed: frame.Bad, graph.Missing: frame.Faint, graph.Outside: frame.Faint,
}

// Print prints a line for each node of a sorted graph, with a drawing of what it reads before it, or
// the names of what it reads after it where a drawing would be too wide. What a node reads is
// above it.
func Print(env *frame.Env, g *graph.Graph) error {
	rows, drawn := g.Rows()
	return printRows(env, g, rows, drawn)
}

// PrintBack is Print with what a node reads below it, and of nodes that nothing reads the
// first of the graph above.
func PrintBack(env *frame.Env, g *graph.Graph) error {
	g = g.SortedBack()
	rows, drawn := g.Rows()
	return printRows(env, g, graph.Flipped(rows), drawn)
}

func printRows(env *frame.Env, g *graph.Graph, rows []graph.Row, drawn bool) error {
	names := 0
	for _, node := range g.Nodes {
		names = max(names, utf8.RuneCountInString(node.Name))
	}
	width := max(env.Columns(columns), 40)
	var reads [][]string // where no lines say it
	if !drawn {
		reads = g.Reads()
	}
	for _, row := range rows {
		node := g.Nodes[row.Node]
		if reads != nil && len(reads[row.Node]) > 0 {
			node.Text += "  ← " + strings.Join(reads[row.Node], ", ")
		}
		if err := printRow(env, row, node, min(names, width/2), width); err != nil {
			return err
		}
	}
	return nil
}

// printRow prints a node: its name padded to some letters, and as much of its text as fits.
func printRow(env *frame.Env, row graph.Row, node graph.Node, letters, width int) error {
	name := node.Name + strings.Repeat(" ", max(0, letters-utf8.RuneCountInString(node.Name)))
	style := frame.Plain
	if node.Focus {
		style = frame.Strong
	}
	text := ""
	if node.Text == "" {
		name = node.Name
	} else {
		text = "  " + cut(node.Text, width-utf8.RuneCountInString(row.Before+row.Mark+row.After+name)-3)
	}
	return env.PrintSpans(
		frame.Span{Style: frame.Faint, Text: row.Before},
		frame.Span{Style: styles[node.State], Text: row.Mark},
		frame.Span{Style: frame.Faint, Text: row.After + " "},
		frame.Span{Style: style, Text: name},
		frame.Span{Text: text + "\n"})
}

// cut shortens a text to some letters.
func cut(text string, letters int) string {
	if runes := []rune(text); len(runes) > letters {
		return string(runes[:max(0, letters-1)]) + "…"
	}
	return text
}
