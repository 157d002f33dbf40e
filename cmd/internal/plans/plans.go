// Package plans prints what jobs have recorded and what they should have.
package plans

import (
	"fmt"
	"strings"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/local/failures"
	"github.com/git-datapact/git-datapact/pipeline/plan"
	"github.com/git-datapact/git-datapact/receipts"
)

// Status is a plan as JSON.
type Status struct {
	Branch     string      `json:"branch"`
	Recorded   int         `json:"recorded"`
	Pending    int         `json:"pending"`
	Stale      int         `json:"stale"`
	Outdated   int         `json:"outdated"`
	Newest     *string     `json:"newest"` // null for none
	Failed     *string     `json:"failed"` // when, null for none
	Failure    string      `json:"failure,omitempty"`
	Executions []Execution `json:"executions,omitempty"`
}

// Execution is one that is not fresh, as JSON.
type Execution struct {
	ID     receipts.ID `json:"id"`
	State  string      `json:"state"`
	Inputs []Input     `json:"inputs"`
	Why    string      `json:"why"`
}

// Input is what an execution reads, as JSON.
type Input struct {
	Branch    string `json:"branch"`
	Result    string `json:"result"`
	Timestamp string `json:"timestamp"`
}

// JSON is the plan, with the executions that are not fresh if they are to be
// explained.
func JSON(p *plan.Plan, failed *failures.Failure, explain bool) Status {
	s := Status{
		Branch: p.Job.Branch, Recorded: p.Recorded, Pending: p.Count(plan.Pending),
		Stale: p.Count(plan.Stale), Outdated: p.Count(plan.Outdated),
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
		if e.State == plan.Fresh {
			continue
		}
		s.Executions = append(s.Executions, ExecutionJSON(&e))
	}
	return s
}

// ExecutionJSON is an execution as JSON.
func ExecutionJSON(e *plan.Execution) Execution {
	one := Execution{ID: e.ID, State: string(e.State), Why: e.Why, Inputs: []Input{}}
	for _, in := range e.Inputs {
		one.Inputs = append(one.Inputs, Input{in.Branch, in.Result, in.Timestamp.String()})
	}
	return one
}

// Width is the width of the longest branch name.
func Width(list []*plan.Plan) int {
	width := 0
	for _, p := range list {
		width = max(width, len(p.Job.Branch))
	}
	return width
}

// Text is a line about a plan, and if it is to be explained one for each execution
// that is not fresh.
func Text(p *plan.Plan, failed *failures.Failure, width int, explain bool) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%-*s  %d recorded, %d pending, %d stale, %d outdated", width, p.Job.Branch, p.Recorded,
		p.Count(plan.Pending), p.Count(plan.Stale), p.Count(plan.Outdated))
	if !p.Newest.IsZero() {
		fmt.Fprintf(&out, ", newest %s", p.Newest)
	}
	if failed != nil {
		fmt.Fprintf(&out, ", last failure %s", failed.Time)
	}
	out.WriteString("\n")
	if explain && failed != nil {
		fmt.Fprintf(&out, "  failed   %s  %s\n", failed.Key[:min(12, len(failed.Key))], gitcmd.Printable(failed.Why))
	}
	for _, e := range p.Executions {
		if !explain || e.State == plan.Fresh {
			continue
		}
		var inputs []string
		for _, in := range e.Inputs {
			inputs = append(inputs, in.Branch+"@"+in.Result[:12])
		}
		fmt.Fprintf(&out, "  %-8s %s  %s: %s\n", e.State, e.ID[:12], strings.Join(inputs, " "), e.Why)
	}
	return out.String()
}
