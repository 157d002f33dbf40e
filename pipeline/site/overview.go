package site

import (
	"html/template"
	"slices"
	"strings"

	"github.com/git-datapact/git-datapact/pipeline/graph"
)

// An Overview is what is known of the jobs.
type Overview struct {
	Graph *graph.Graph // the jobs by the names of their branches, sorted; nil for none
	Jobs  []Job
}

// A Job is how one stands.
type Job struct {
	Branch string
	State  graph.State
	// Executions that are not recorded as they should be.
	Pending, Stale, Waiting, Outdated int
	Says                              string // the state in words
	Error                             string // why it cannot be planned, "" if it can
}

// overviewPage is what the overview shows.
type overviewPage struct {
	head
	Count    totals
	Graph    template.HTML
	Branches []branchRow
	Newest   []newestRow
	Plots    []plot
}

// A branchRow is a line about a branch.
type branchRow struct {
	Name, Href, Says                            string
	State                                       graph.State
	Recorded, Pending, Stale, Waiting, Outdated string
	Newest, Stored, Index, Error                string
}

// A newestRow is a line about a receipt of any branch.
type newestRow struct {
	row
	Branch, BranchHref, Traits string
}

// mostNewest is how many of the newest executions are listed.
const mostNewest = 20

func (s *Site) overview(o *Overview) *overviewPage {
	p := &overviewPage{head: s.head("index.html", ""), Count: s.totals(s.branches...), Plots: s.sizePlots()}
	if o.Graph != nil && len(o.Graph.Nodes) > 0 {
		p.Graph = drawing(o.Graph.SVG(func(name string) string {
			if b := s.named[name]; b != nil && len(b.records) > 0 {
				return p.address(pageOf(name))
			}
			return ""
		}))
	}
	planned := map[string]bool{}
	for _, job := range o.Jobs {
		planned[job.Branch] = true
		p.Branches = append(p.Branches, s.branchRow(p.head, job))
	}
	for _, b := range s.branches {
		if !planned[b.name] && len(b.records) > 0 {
			p.Branches = append(p.Branches, s.branchRow(p.head, Job{Branch: b.name, State: graph.Outside, Says: "not a job"}))
		}
	}
	for _, r := range s.newest() {
		p.Newest = append(p.Newest, s.newestRow(p.head, r))
	}
	return p
}

func (s *Site) branchRow(h head, job Job) branchRow {
	line := branchRow{
		Name: job.Branch, Says: job.Says, State: job.State, Error: job.Error,
		Pending: counted(job.Pending), Stale: counted(job.Stale), Waiting: counted(job.Waiting), Outdated: counted(job.Outdated),
	}
	b := s.named[job.Branch]
	if b == nil {
		b = &branch{name: job.Branch}
	}
	t := s.totals(b)
	line.Recorded, line.Stored, line.Newest = t.Receipts, t.Stored, t.Newest
	if len(b.records) > 0 {
		line.Href, line.Index = h.address(pageOf(b.name)), h.address(indexOf(b.name))
	}
	return line
}

// newest are the newest receipts of all branches, the newest first.
func (s *Site) newest() []*record {
	var list []*record
	for _, b := range s.branches {
		list = append(list, b.records[max(0, len(b.records)-mostNewest):]...)
	}
	slices.SortStableFunc(list, func(a, b *record) int { return b.at.Compare(a.at) })
	return list[:min(len(list), mostNewest)]
}

func (s *Site) newestRow(h head, r *record) newestRow {
	line := newestRow{Branch: r.branch.name, BranchHref: h.address(pageOf(r.branch.name))}
	line.row = row{Date: date(r.at), ID: string(r.id[:12]), Href: h.address(r.page()), Files: counted(r.outputs), Size: s.opts.Bytes(r.bytes)}
	for _, f := range r.traits() {
		if text := f.key + "=" + f.value; len(line.Traits)+len(text) <= longestTraits && len(f.value) <= longestDrawn {
			line.Traits = strings.TrimSpace(line.Traits + "  " + text)
		}
	}
	return line
}

// longestTraits is how many letters about a receipt there are in a line.
const longestTraits = 48

// sizePlots show how much each branch has stored in all, over time.
func (s *Site) sizePlots() []plot {
	var plots []plot
	for _, b := range s.branches {
		var points []point
		total := 0.0
		for _, r := range b.records {
			total += float64(r.bytes)
			if !r.at.IsZero() {
				points = append(points, point{r.at.Time().Unix(), total})
			}
		}
		c := chart{title: b.name, points: points, unit: func(v float64) string { return s.opts.Bytes(int64(v)) }, binary: true, steps: true}
		if p, ok := c.plot(); ok {
			p.Note = "stored by all receipts"
			plots = append(plots, p)
		}
	}
	return plots[:min(len(plots), mostPlots)]
}

// mostPlots is how many plots a page has.
const mostPlots = 24

// branchPlots show sizes, and metadata that are numbers, over time.
func (s *Site) branchPlots(b *branch) []plot {
	var sizes []point
	numbers, others := map[string][]point{}, map[string]int{}
	var keys []string
	for _, r := range b.records {
		if r.at.IsZero() {
			continue
		}
		sizes = append(sizes, point{r.at.Time().Unix(), float64(r.bytes)})
		for i, f := range r.facts {
			if slices.ContainsFunc(r.facts[:i], func(earlier fact) bool { return earlier.key == f.key }) {
				continue
			}
			v, ok := number(f.value)
			if !ok {
				others[f.key]++
				continue
			}
			if numbers[f.key] == nil {
				keys = append(keys, f.key)
			}
			numbers[f.key] = append(numbers[f.key], point{r.at.Time().Unix(), v})
		}
	}
	charts := []chart{{title: "Size", points: sizes, unit: func(v float64) string { return s.opts.Bytes(int64(v)) }, binary: true}}
	for _, key := range keys {
		if others[key]*4 <= len(numbers[key]) { // some that are no numbers do no harm
			charts = append(charts, chart{title: key, points: numbers[key], unit: plain})
		}
	}
	var plots []plot
	for _, c := range charts {
		if p, ok := c.plot(); ok && len(plots) < mostPlots {
			plots = append(plots, p)
		}
	}
	return plots
}
