// Package plans prints what jobs have recorded and what they should have.
package plans

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/git-datapact/git-datapact/cmd/internal/units"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/pipeline/local/failures"
	"github.com/git-datapact/git-datapact/pipeline/plan"
	"github.com/git-datapact/git-datapact/receipts"
)

// Columns is the width that the lines about jobs keep to, where names allow.
const Columns = 80

// Status is a plan as JSON.
type Status struct {
	Branch     string      `json:"branch"`
	Recorded   int         `json:"recorded"`
	Pending    int         `json:"pending"`
	Stale      int         `json:"stale"`
	Outdated   int         `json:"outdated"`
	Waiting    int         `json:"waiting"`
	Unplanned  int         `json:"unplanned"`
	Newest     *string     `json:"newest"` // null for none
	Failed     *string     `json:"failed"` // when, null for none
	Failure    string      `json:"failure,omitempty"`
	Ahead      *int        `json:"ahead,omitempty"` // commits, of a branch that the remote has too
	Behind     *int        `json:"behind,omitempty"`
	Executions []Execution `json:"executions,omitempty"`
	Left       []Left      `json:"unplanned_receipts,omitempty"`
}

// Execution is one that is not fresh, as JSON.
type Execution struct {
	ID      receipts.ID `json:"id"`
	State   string      `json:"state"`
	Waiting bool        `json:"waiting,omitempty"`
	Inputs  []Input     `json:"inputs"`
	Why     string      `json:"why"`
}

// Left is a receipt that no plan calls for, as JSON.
type Left struct {
	ID  receipts.ID `json:"id"`
	Why string      `json:"why"`
}

// Input is what an execution reads, as JSON. The timestamp is "" for what is not
// recorded yet.
type Input struct {
	Branch    string `json:"branch"`
	Result    string `json:"result"`
	Timestamp string `json:"timestamp"`
}

// Bad is a job that cannot be planned, as JSON.
type Bad struct {
	Branch string `json:"branch"`
	Error  string `json:"error"`
}

// JSON is the plan, with the executions that are not fresh if they are to be
// explained.
func JSON(p *plan.Plan, failed *failures.Failure, explain bool) Status {
	s := Status{
		Branch: p.Job.Branch, Recorded: p.Recorded, Pending: p.Count(plan.Pending), Stale: p.Count(plan.Stale),
		Outdated: p.Count(plan.Outdated), Waiting: p.Waiting(), Unplanned: len(p.Unplanned),
	}
	if !p.Newest.IsZero() {
		newest := p.Newest.String()
		s.Newest = &newest
	}
	if failed != nil {
		when := failed.Time.String()
		s.Failed, s.Failure = &when, failed.Why
	}
	if !explain {
		return s
	}
	for _, e := range p.Executions {
		s.Executions = append(s.Executions, ExecutionJSON(&e))
	}
	for _, u := range p.Unplanned {
		s.Left = append(s.Left, Left(u))
	}
	return s
}

// ExecutionJSON is an execution as JSON.
func ExecutionJSON(e *plan.Execution) Execution {
	one := Execution{ID: e.ID, State: string(e.State), Waiting: e.Waiting, Why: e.Why, Inputs: []Input{}}
	for _, in := range e.Inputs {
		one.Inputs = append(one.Inputs, Input{in.Branch, in.Result, in.Timestamp.String()})
	}
	return one
}

// State is the word for how an execution stands.
func State(e *plan.Execution) string {
	if e.Waiting {
		return "waiting"
	}
	return string(e.State)
}

// A Line is what the line of a job tells.
type Line struct {
	Plan   *plan.Plan
	Failed *failures.Failure // the last one here, nil for none

	Ahead, Behind *int // commits, nil where the remote does not have the branch
}

// JSON is the line as JSON, with the executions that are not fresh if they are to be
// explained.
func (l Line) JSON(explain bool) Status {
	s := JSON(l.Plan, l.Failed, explain)
	s.Ahead, s.Behind = l.Ahead, l.Behind
	return s
}

// distance is how the branch stands to the remote's, "" where both are the same.
func (l Line) distance() string {
	text := ""
	if l.Ahead != nil && *l.Ahead > 0 {
		text += fmt.Sprintf(" ↑%d", *l.Ahead)
	}
	if l.Behind != nil && *l.Behind > 0 {
		text += fmt.Sprintf(" ↓%d", *l.Behind)
	}
	return text
}

// Text is the line about a job, after its name padded to a width, one that says why it
// failed last, and if it is to be explained one for each execution that is not fresh, else
// what makes executions outdated.
func (l Line) Text(width int, explain bool, now time.Time) string {
	p := l.Plan
	var out strings.Builder
	text := fmt.Sprintf("%d recorded, %d pending, %d stale, %d outdated", p.Recorded, p.Count(plan.Pending), p.Count(plan.Stale), p.Count(plan.Outdated))
	if n := p.Waiting(); n > 0 {
		text += fmt.Sprintf(", %d waiting", n)
	}
	if n := len(p.Unplanned); n > 0 {
		text += fmt.Sprintf(", %d unplanned", n)
	}
	text += l.distance()
	line := fmt.Sprintf("%-*s  %s", width, p.Job.Branch, text)
	if len(line) > Columns && width > Columns-len(text)-2 {
		line = p.Job.Branch + "\n  " + text
	}
	if l.Failed != nil {
		line += ", failed " + units.Ago(l.Failed.Time.Time(), now)
	} else if newest := ", " + units.Ago(p.Newest.Time(), now); !p.Newest.IsZero() && lastLine(line)+len(newest) <= Columns {
		line += newest
	}
	out.WriteString(line + "\n")
	if l.Failed != nil {
		fmt.Fprintf(&out, "  failed    %s  %s\n", failures.Short(l.Failed.Key), gitcmd.Printable(l.Failed.Why))
	}
	if explain {
		l.explain(&out)
	} else {
		l.outdated(&out)
	}
	return out.String()
}

// reasons is how many reasons are told for which executions are outdated.
const reasons = 3

// outdated tells what has changed since executions were recorded, each change once.
func (l Line) outdated(out *strings.Builder) {
	var said []string
	for _, e := range l.Plan.Executions {
		if e.State != plan.Outdated || e.Waiting || slices.Contains(said, e.Why) {
			continue
		}
		if said = append(said, e.Why); len(said) > reasons {
			fmt.Fprintf(out, "  outdated  and more: --explain tells all\n")
			return
		}
		fmt.Fprintf(out, "  outdated  %s\n", e.Why)
	}
}

// lastLine is how long the last line of a text is.
func lastLine(text string) int { return len(text) - strings.LastIndexByte(text, '\n') - 1 }

func (l Line) explain(out *strings.Builder) {
	for _, e := range l.Plan.Executions {
		var inputs []string
		for _, in := range e.Inputs {
			inputs = append(inputs, in.Branch+"@"+in.Result[:12])
		}
		fmt.Fprintf(out, "  %-9s %s  %s: %s\n", State(&e), e.ID[:12], strings.Join(inputs, " "), e.Why)
	}
	for _, u := range l.Plan.Unplanned {
		fmt.Fprintf(out, "  unplanned %s  %s\n", u.ID[:12], u.Why)
	}
}

// Total sums up the lines.
func Total(lines []Line, bad []jobs.Bad) string {
	recorded, due, waiting, outdated, unplanned := 0, 0, 0, 0, 0
	for _, l := range lines {
		recorded += l.Plan.Recorded
		due += l.Plan.Count(plan.Pending) + l.Plan.Count(plan.Stale)
		waiting += l.Plan.Waiting()
		outdated += l.Plan.Count(plan.Outdated)
		unplanned += len(l.Plan.Unplanned)
	}
	text := fmt.Sprintf("%s: %d recorded, %d due, %d waiting, %d outdated, %d unplanned", units.Count(len(lines), "job"), recorded, due, waiting, outdated, unplanned)
	if len(bad) > 0 {
		text += fmt.Sprintf(", %d cannot be planned", len(bad))
	}
	return text + "\n"
}
