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

func (s *Site) overview(o *Overview) (*overviewPage, error) {
	p := &overviewPage{head: s.head("index.html", ""), Count: s.totals(s.branches...)}
	if o.Graph != nil && len(o.Graph.Nodes) > 0 {
		p.Graph = drawing(o.Graph.SVG(func(name string) string {
			if b := s.named[name]; b != nil && b.records.len() > 0 {
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
		if !planned[b.name] && b.records.len() > 0 {
			p.Branches = append(p.Branches, s.branchRow(p.head, Job{Branch: b.name, State: graph.Outside, Says: "not a job"}))
		}
	}
	newest, err := s.newest()
	if err != nil {
		return nil, err
	}
	for _, r := range newest {
		line, err := s.newestRow(p.head, r)
		if err != nil {
			return nil, err
		}
		p.Newest = append(p.Newest, line)
	}
	p.Plots, err = s.sizePlots()
	return p, err
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
	if b.records.len() > 0 {
		line.Href, line.Index = h.address(pageOf(b.name)), h.address(indexOf(b.name))
	}
	return line
}

// newest are the newest receipts of all branches, the newest first.
func (s *Site) newest() ([]*record, error) {
	var list []*record
	for i, b := range s.branches {
		for n := max(0, b.records.len()-mostNewest); n < b.records.len(); n++ {
			r, err := s.kin.record(s.kin.first[i] + serial(n))
			if err != nil {
				return nil, err
			}
			list = append(list, r)
		}
	}
	slices.SortStableFunc(list, func(a, b *record) int { return b.at.Compare(a.at) })
	return list[:min(len(list), mostNewest)], nil
}

func (s *Site) newestRow(h head, r *record) (newestRow, error) {
	line := newestRow{Branch: r.branch.name, BranchHref: h.address(pageOf(r.branch.name))}
	line.row = row{Date: date(r.at), ID: r.short(), Href: h.address(r.page()), Files: counted(r.outputs), Size: s.opts.Bytes(r.bytes)}
	traits, err := s.kin.traits(r)
	for _, f := range traits {
		if text := f.key + "=" + f.value; len(line.Traits)+len(text) <= longestTraits && len(f.value) <= longestDrawn {
			line.Traits = strings.TrimSpace(line.Traits + "  " + text)
		}
	}
	return line, err
}

// longestTraits is how many letters about a receipt there are in a line.
const longestTraits = 48

// sizePlots show how much each branch has stored in all, over time.
func (s *Site) sizePlots() ([]plot, error) {
	var plots []plot
	for _, b := range s.branches {
		if len(plots) == mostPlots {
			break
		}
		c := &chart{title: b.name, unit: func(v float64) string { return s.opts.Bytes(int64(v)) }, binary: true, steps: true}
		for _, see := range []func(point){c.measure, c.add} {
			total := 0.0
			for r, err := range b.records.heads() {
				if err != nil {
					return nil, err
				}
				total += float64(r.bytes)
				if !r.at.IsZero() {
					see(point{r.at.Time().Unix(), total})
				}
			}
		}
		if c.drawable() {
			p := c.plot()
			p.Note = "stored by all receipts"
			plots = append(plots, p)
		}
	}
	return plots, nil
}

// mostPlots is how many plots a page has.
const mostPlots = 24
