package site

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"strconv"
	"strings"
	"time"
)

// A plot is a drawing of values over time.
type plot struct {
	Title, Note string
	SVG         template.HTML
}

// A point is a value at a time, in seconds of Unix.
type point struct {
	at    int64
	value float64
}

// A chart is what is to be plotted.
type chart struct {
	title  string
	points []point // in the order of their times
	unit   func(float64) string
	binary bool // values are numbers of bytes
	steps  bool // a value stays until the next one
}

// Measures of a plot, in pixels.
const (
	plotWide, plotHigh             = 480, 190
	plotLeft, plotRight            = 74, 10
	plotTop, plotBottom            = 10, 24
	plotBuckets                    = 200 // points that are told apart from left to right
	plotDots                       = 60  // as many points have dots
	plotInnerWide, plotInnerHeight = plotWide - plotLeft - plotRight, plotHigh - plotTop - plotBottom
)

// number reads a metadata value that is a number.
func number(text string) (float64, bool) {
	if text == "" || strings.Trim(text, "+-.0123456789eE") != "" || strings.ContainsAny(text[:1], "eE") {
		return 0, false
	}
	v, err := strconv.ParseFloat(text, 64)
	return v, err == nil && !math.IsInf(v, 0) && math.Abs(v) < 1e300
}

// plain writes a number.
func plain(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }

// plot draws the chart, if it has anything to tell: two times at least.
func (c *chart) plot() (plot, bool) {
	if len(c.points) < 2 || c.points[0].at == c.points[len(c.points)-1].at {
		return plot{}, false
	}
	s := c.scale()
	var out strings.Builder
	first, last := c.points[0], c.points[len(c.points)-1]
	label := fmt.Sprintf("%s over time: from %s on %s to %s on %s, between %s and %s", c.title,
		c.unit(first.value), day(first.at), c.unit(last.value), day(last.at), c.unit(s.least), c.unit(s.most))
	fmt.Fprintf(&out, `<svg class="plot" viewBox="0 0 %d %d" role="img" aria-label="%s">`, plotWide, plotHigh, html.EscapeString(label))
	s.axes(&out, c.unit)
	c.curve(&out, s)
	out.WriteString("</svg>")
	return plot{Title: c.title, SVG: template.HTML(out.String())}, true // all texts in it are escaped
}

// A scale leads from times and values to places.
type scale struct {
	begin, end      int64
	low, high, step float64 // of the axis
	least, most     float64 // of the values
}

func (c *chart) scale() scale {
	s := scale{begin: c.points[0].at, end: c.points[len(c.points)-1].at, least: math.Inf(1), most: math.Inf(-1)}
	for _, p := range c.points {
		s.least, s.most = min(s.least, p.value), max(s.most, p.value)
	}
	s.low, s.high = s.least, s.most
	if c.binary {
		s.low = min(0, s.low)
	}
	if s.low == s.high {
		s.low, s.high = s.low-1, s.high+1
	}
	s.step = c.step((s.high-s.low)/4, s.high)
	s.low, s.high = math.Floor(s.low/s.step)*s.step, math.Ceil(s.high/s.step)*s.step
	return s
}

// step is the next step that reads well in the unit that the largest value has.
func (c *chart) step(least, most float64) float64 {
	unit := 1.0
	if c.binary && most >= 1 {
		unit = math.Pow(1024, math.Floor(math.Log(most)/math.Log(1024)))
	}
	return niceStep(least/unit) * unit
}

// niceStep is the next step that reads well: 1, 2 or 5 with zeros.
func niceStep(least float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(least)))
	for _, factor := range []float64{1, 2, 5} {
		if unit*factor >= least {
			return unit * factor
		}
	}
	return unit * 10
}

func (s scale) x(at int64) float64 {
	return plotLeft + plotInnerWide*float64(at-s.begin)/float64(s.end-s.begin)
}

func (s scale) y(value float64) float64 {
	return plotTop + plotInnerHeight*(s.high-value)/(s.high-s.low)
}

func day(at int64) string { return time.Unix(at, 0).UTC().Format(time.DateOnly) }

// axes draws lines with values, and times below.
func (s scale) axes(out *strings.Builder, unit func(float64) string) {
	for i := 0; ; i++ {
		value := s.low + float64(i)*s.step
		if value > s.high+s.step/2 {
			break
		}
		fmt.Fprintf(out, `<path class="grid" d="M%d %.1fH%d"/><text x="%d" y="%.1f" text-anchor="end">%s</text>`,
			plotLeft, s.y(value), plotWide-plotRight, plotLeft-7, s.y(value)+4, html.EscapeString(unit(value)))
	}
	layout := time.DateOnly
	if s.end-s.begin < 2*24*60*60 {
		layout = "01-02 15:04"
	}
	const labels = 3
	for i := range labels {
		at := s.begin + (s.end-s.begin)*int64(i)/(labels-1)
		anchor := []string{"start", "middle", "end"}[i]
		fmt.Fprintf(out, `<text x="%.1f" y="%d" text-anchor="%s">%s</text>`, s.x(at), plotHigh-7, anchor, time.Unix(at, 0).UTC().Format(layout))
	}
}

// curve draws the values, of many that are near to each other the least and the most, and a
// dot for each where they are few.
func (c *chart) curve(out *strings.Builder, s scale) {
	var path strings.Builder
	command := "M"
	for _, p := range c.thinned(s) {
		if c.steps && command == "L" {
			fmt.Fprintf(&path, "H%.1f", s.x(p.at))
		}
		fmt.Fprintf(&path, "%s%.1f %.1f", command, s.x(p.at), s.y(p.value))
		command = "L"
	}
	fmt.Fprintf(out, `<path class="curve c0" d="%s"/>`, path.String())
	if len(c.points) > plotDots || c.steps {
		return
	}
	for _, p := range c.points {
		fmt.Fprintf(out, `<circle class="c0" cx="%.1f" cy="%.1f" r="2.4"><title>%s: %s</title></circle>`,
			s.x(p.at), s.y(p.value), day(p.at), html.EscapeString(c.unit(p.value)))
	}
}

// thinned are the points that can be told apart.
func (c *chart) thinned(s scale) []point {
	if len(c.points) <= 2*plotBuckets {
		return c.points
	}
	var list []point
	for from := 0; from < len(c.points); {
		bucket := func(p point) int64 { return (p.at - s.begin) * plotBuckets / (s.end - s.begin + 1) }
		to, least, most := from, from, from
		for ; to < len(c.points) && bucket(c.points[to]) == bucket(c.points[from]); to++ {
			if c.points[to].value < c.points[least].value {
				least = to
			}
			if c.points[to].value > c.points[most].value {
				most = to
			}
		}
		list = append(list, c.points[min(least, most)])
		if least != most {
			list = append(list, c.points[max(least, most)])
		}
		from = to
	}
	return list
}
