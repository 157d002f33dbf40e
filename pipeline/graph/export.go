package graph

import (
	"fmt"
	"strconv"
	"strings"
)

// colours of the states: of the border, and of the ground.
var colours = map[State][2]string{
	Fresh:    {"#2e7d32", "#e8f5e9"},
	Due:      {"#b26a00", "#fff8e1"},
	Outdated: {"#1565c0", "#e3f2fd"},
	Failed:   {"#c62828", "#ffebee"},
	Missing:  {"#757575", "#f5f5f5"},
	Outside:  {"#616161", "#fafafa"},
}

// DOT is the graph in the language of Graphviz.
func (g *Graph) DOT() string {
	var out strings.Builder
	out.WriteString("digraph datapact {\n  rankdir=LR;\n  node [shape=box, style=\"rounded,filled\", fontname=\"sans-serif\"];\n")
	for i, n := range g.Nodes {
		label := n.Name
		if n.Text != "" {
			label += "\n" + n.Text
		}
		colour := colours[n.State]
		width := ""
		if n.Focus {
			width = ", penwidth=3"
		}
		fmt.Fprintf(&out, "  n%d [label=%s, color=%q, fillcolor=%q%s];\n", i, dotText(label), colour[0], colour[1], width)
	}
	for _, e := range g.Edges {
		style := ""
		if e.Context {
			style = " [style=dashed]"
		}
		fmt.Fprintf(&out, "  n%d -> n%d%s;\n", e.From, e.To, style)
	}
	return out.String() + "}\n"
}

// dotText is text in quotes, of which a quote alone would end it and a backslash begin an
// escape.
func dotText(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", " ").Replace(text) + `"`
}

// Mermaid is the graph in the language of Mermaid, which Markdown of many hosts shows.
func (g *Graph) Mermaid() string {
	var out strings.Builder
	out.WriteString("flowchart LR\n")
	for i, n := range g.Nodes {
		label := mermaidText(n.Name)
		if n.Text != "" {
			label += "<br/>" + mermaidText(n.Text)
		}
		fmt.Fprintf(&out, "  n%d[\"%s\"]:::%s\n", i, label, n.State)
	}
	for _, e := range g.Edges {
		arrow := "-->"
		if e.Context {
			arrow = "-.->"
		}
		fmt.Fprintf(&out, "  n%d %s n%d\n", e.From, arrow, e.To)
	}
	for _, state := range []State{Fresh, Due, Outdated, Failed, Missing, Outside} {
		colour := colours[state]
		fmt.Fprintf(&out, "  classDef %s stroke:%s,fill:%s,color:#111\n", state, colour[0], colour[1])
	}
	return out.String()
}

// mermaidText writes every character that could mean something by its number.
func mermaidText(text string) string {
	var out strings.Builder
	for _, c := range text {
		switch {
		case c == ' ' || c == '-' || c == '_' || c == '/' || c == '.' || c == ',' || c == '=' || c == '@' || c == ':',
			c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c > 0x7f:
			out.WriteRune(c)
		default:
			out.WriteString("#" + strconv.Itoa(int(c)) + ";")
		}
	}
	return out.String()
}

// A nodeJSON is a node as JSON, with the names of what it reads.
type nodeJSON struct {
	Name  string   `json:"name"`
	State State    `json:"state"`
	Text  string   `json:"text,omitempty"`
	Reads []string `json:"reads"`
	// Context is the part of what it reads that does not start an execution.
	Context []string `json:"context,omitempty"`
}

// JSON is a value for each node that the graph has, in its order, for encoding.
func (g *Graph) JSON() []any {
	values := make([]any, len(g.Nodes))
	nodes := make([]nodeJSON, len(g.Nodes))
	for i, n := range g.Nodes {
		nodes[i] = nodeJSON{Name: n.Name, State: n.State, Text: n.Text, Reads: []string{}}
		values[i] = &nodes[i]
	}
	for _, e := range g.Edges {
		to := &nodes[e.To]
		to.Reads = append(to.Reads, g.Nodes[e.From].Name)
		if e.Context {
			to.Context = append(to.Context, g.Nodes[e.From].Name)
		}
	}
	return values
}
