package graph

import (
	"encoding/xml"
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"
)

// Measures of a drawing, in pixels.
const (
	letter    = 7.3 // the width of a letter, at most on the average
	nodeText  = 34  // letters of a line of text, at most
	nodeHigh  = 40
	rowHigh   = 54
	layerGap  = 48
	margin    = 12
	cornerCut = 6
)

// SVG draws a sorted graph from left to right. It can stand alone, and in a page whose
// colours it takes over: those of light and dark screens. Where href gives an address for
// the name of a node, the node leads there.
func (g *Graph) SVG(href func(name string) string) string {
	l := newLayout(g)
	d := svg{layout: l, href: href, left: make([]float64, len(l.layers)+1)}
	d.measure()
	var out strings.Builder
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" class="graph" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f" role="group" aria-label="what is read by what">`,
		d.width, d.height, d.width, d.height)
	out.WriteString("\n<style>" + style() + "</style>\n")
	for i := range g.Edges {
		d.edge(&out, i)
	}
	for i := range g.Nodes {
		d.node(&out, i)
	}
	return out.String() + "</svg>\n"
}

// style is of the drawing: of light screens, and of dark ones.
var style = sync.OnceValue(func() string {
	var light, dark strings.Builder
	for _, state := range []State{Fresh, Due, Outdated, Failed, Missing, Outside} {
		fmt.Fprintf(&light, ".graph .%s rect{stroke:%s;fill:%s}", state, colours[state][0], colours[state][1])
		fmt.Fprintf(&dark, ".graph .%s rect{stroke:%s;fill:%s}", state, darkColours[state][0], darkColours[state][1])
	}
	return ".graph text{font:13px system-ui,sans-serif;fill:#111}.graph .more{font-size:11px;fill:#333}" +
		".graph rect{stroke-width:1.5}.graph .focus rect{stroke-width:3.5}.graph path{fill:none;stroke:#757575;stroke-width:1.5}" +
		".graph .context{stroke-dasharray:5 4}.graph .missing rect,.graph .outside rect{stroke-dasharray:4 3}" +
		".graph a:focus rect{stroke-width:4}" + light.String() +
		"@media(prefers-color-scheme:dark){.graph text{fill:#eee}.graph .more{fill:#ccc}.graph path{stroke:#9e9e9e}" + dark.String() + "}"
})

var darkColours = map[State][2]string{
	Fresh:    {"#81c784", "#16301a"},
	Due:      {"#ffb74d", "#3a2a0a"},
	Outdated: {"#64b5f6", "#10263d"},
	Failed:   {"#ef9a9a", "#3d1414"},
	Missing:  {"#9e9e9e", "#222222"},
	Outside:  {"#bdbdbd", "#262626"},
}

// An svg is a layout with the measures of its drawing.
type svg struct {
	*layout
	href          func(string) string
	left          []float64 // edges of the layers
	widths        []float64 // of the layers
	width, height float64
}

// measure finds where the layers stand.
func (d *svg) measure() {
	x := float64(margin)
	d.widths = make([]float64, len(d.layers))
	for i, layer := range d.layers {
		for _, s := range layer {
			d.height = max(d.height, s.place)
			if s.node >= 0 {
				d.widths[i] = max(d.widths[i], d.nodeWidth(s.node))
			}
		}
		d.left[i] = x
		x += d.widths[i] + layerGap
	}
	d.width = max(x-layerGap+margin, 2*margin)
	d.height = d.height*rowHigh + nodeHigh + 2*margin
}

func (d *svg) nodeWidth(node int) float64 {
	n := d.graph.Nodes[node]
	letters := max(utf8.RuneCountInString(cut(n.Name)), utf8.RuneCountInString(cut(n.Text)))
	return float64(letters)*letter + 18
}

// cut shortens a text to what stands in a node.
func cut(text string) string {
	if runes := []rune(text); len(runes) > nodeText {
		return string(runes[:nodeText-1]) + "…"
	}
	return text
}

func (d *svg) y(s *spot) float64 { return margin + s.place*rowHigh + nodeHigh/2 }

// edge draws an edge as curves from layer to layer.
func (d *svg) edge(out *strings.Builder, i int) {
	path := d.paths[i]
	x := d.left[path[0].layer] + d.nodeWidth(path[0].node)
	var line strings.Builder
	fmt.Fprintf(&line, "M%.1f %.1f", x, d.y(path[0]))
	for k, s := range path[1:] {
		from, to := path[k], d.left[s.layer]
		middle := to - layerGap/2
		if end := d.left[from.layer] + d.widths[from.layer]; x < end {
			fmt.Fprintf(&line, "L%.1f %.1f", end, d.y(from))
			x = end
		}
		fmt.Fprintf(&line, "C%.1f %.1f %.1f %.1f %.1f %.1f", middle, d.y(from), middle, d.y(s), to, d.y(s))
		x = to
	}
	class := ""
	if d.graph.Edges[i].Context {
		class = ` class="context"`
	}
	fmt.Fprintf(out, "<path%s d=\"%s\"/>\n", class, line.String())
}

func (d *svg) node(out *strings.Builder, i int) {
	n, s := d.graph.Nodes[i], d.spots[i]
	x, y := d.left[s.layer], d.y(s)
	class := string(n.State)
	if n.Focus {
		class += " focus"
	}
	address := ""
	if d.href != nil {
		address = d.href(n.Name)
	}
	title := strings.TrimSuffix(n.Name+": "+n.Text, ": ")
	if address != "" {
		fmt.Fprintf(out, `<a href="%s" class="%s">`, escape(address), class)
	} else {
		fmt.Fprintf(out, `<g class="%s">`, class)
	}
	fmt.Fprintf(out, `<title>%s</title><rect x="%.1f" y="%.1f" width="%.1f" height="%d" rx="%d"/>`, escape(title), x, y-nodeHigh/2, d.nodeWidth(i), nodeHigh, cornerCut)
	if n.Text == "" {
		fmt.Fprintf(out, `<text x="%.1f" y="%.1f">%s</text>`, x+9, y+4.5, escape(cut(n.Name)))
	} else {
		fmt.Fprintf(out, `<text x="%.1f" y="%.1f">%s</text><text class="more" x="%.1f" y="%.1f">%s</text>`, x+9, y-3, escape(cut(n.Name)), x+9, y+13, escape(cut(n.Text)))
	}
	if address != "" {
		out.WriteString("</a>\n")
	} else {
		out.WriteString("</g>\n")
	}
}

// escape writes text as XML does, also within quotes.
func escape(text string) string {
	var out strings.Builder
	_ = xml.EscapeText(&out, []byte(text)) // a Builder takes everything
	return out.String()
}
