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

// A chart is what is to be plotted. All its points are told twice, in the order of their times:
// it keeps no more of them than can be told apart.
type chart struct {
	title  string
	unit   func(float64) string
	binary bool // values are numbers of bytes
	steps  bool // a value stays until the next one

	count       int
	first, last point
	least, most float64
	points      []point // all of few; of many the extremes of all buckets but the last
	bucket      bucket
}

// A bucket is points that are near to each other.
type bucket struct {
	number, count   int64
	least, most     point
	leastAt, mostAt int64 // which of its points they are
}

// measure tells a point for the first time.
func (c *chart) measure(p point) {
	if c.count == 0 {
		c.first, c.least, c.most = p, p.value, p.value
	}
	c.count++
	c.last, c.least, c.most = p, min(c.least, p.value), max(c.most, p.value)
}

// drawable reports whether a chart has anything to tell: two times at least.
func (c *chart) drawable() bool { return c.count > 1 && c.first.at != c.last.at }

// add tells a point for the second time, when all are measured and the chart is drawable.
func (c *chart) add(p point) {
	if c.count <= 2*plotBuckets {
		c.points = append(c.points, p)
		return
	}
	number := (p.at - c.first.at) * plotBuckets / (c.last.at - c.first.at + 1)
	if c.bucket.number != number {
		c.points, c.bucket = c.thinned(), bucket{}
	}
	c.bucket.add(number, p)
}

func (b *bucket) add(number int64, p point) {
	if b.number = number; b.count == 0 {
		b.least, b.most = p, p
	}
	if p.value < b.least.value {
		b.least, b.leastAt = p, b.count
	}
	if p.value > b.most.value {
		b.most, b.mostAt = p, b.count
	}
	b.count++
}

// thinned are the points that can be told apart: of many that are near to each other the least
// and the most.
func (c *chart) thinned() []point {
	switch b := &c.bucket; {
	case b.count == 0:
		return c.points
	case b.leastAt < b.mostAt:
		return append(c.points, b.least, b.most)
	case b.leastAt > b.mostAt:
		return append(c.points, b.most, b.least)
	default:
		return append(c.points, b.least)
	}
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

// plot draws a chart that is drawable.
func (c *chart) plot() plot {
	s := c.scale()
	var out strings.Builder
	label := fmt.Sprintf("%s over time: from %s on %s to %s on %s, between %s and %s", c.title,
		c.unit(c.first.value), day(c.first.at), c.unit(c.last.value), day(c.last.at), c.unit(c.least), c.unit(c.most))
	fmt.Fprintf(&out, `<svg class="plot" viewBox="0 0 %d %d" role="img" aria-label="%s">`, plotWide, plotHigh, html.EscapeString(label))
	s.axes(&out, c.unit)
	c.curve(&out, s)
	out.WriteString("</svg>")
	return plot{Title: c.title, SVG: template.HTML(out.String())} // all texts in it are escaped
}

// A scale leads from times and values to places.
type scale struct {
	begin, end      int64
	low, high, step float64 // of the axis
}

func (c *chart) scale() scale {
	s := scale{begin: c.first.at, end: c.last.at, low: c.least, high: c.most}
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

// curve draws the values, and a dot for each where they are few.
func (c *chart) curve(out *strings.Builder, s scale) {
	var path strings.Builder
	command := "M"
	for _, p := range c.thinned() {
		if c.steps && command == "L" {
			fmt.Fprintf(&path, "H%.1f", s.x(p.at))
		}
		fmt.Fprintf(&path, "%s%.1f %.1f", command, s.x(p.at), s.y(p.value))
		command = "L"
	}
	fmt.Fprintf(out, `<path class="curve c0" d="%s"/>`, path.String())
	if c.count > plotDots || c.steps {
		return
	}
	for _, p := range c.points {
		fmt.Fprintf(out, `<circle class="c0" cx="%.1f" cy="%.1f" r="2.4"><title>%s: %s</title></circle>`,
			s.x(p.at), s.y(p.value), day(p.at), html.EscapeString(c.unit(p.value)))
	}
}
