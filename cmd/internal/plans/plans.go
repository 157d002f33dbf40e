// Package plans prints what jobs have recorded and what they should have.
package plans

import (
	"fmt"
	"strings"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline"
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
func JSON(plan *pipeline.Plan, explain bool) Status {
	s := Status{
		Branch: plan.Job.Branch, Recorded: plan.Recorded, Pending: plan.Count(pipeline.Pending),
		Stale: plan.Count(pipeline.Stale), Outdated: plan.Count(pipeline.Outdated),
	}
	if !plan.Newest.IsZero() {
		newest := plan.Newest.String()
		s.Newest = &newest
	}
	if plan.Failed != nil {
		failed := plan.Failed.Time.String()
		s.Failed, s.Failure = &failed, plan.Failed.Why
	}
	if !explain {
		return s
	}
	for _, e := range plan.Executions {
		if e.State == pipeline.Fresh {
			continue
		}
		s.Executions = append(s.Executions, ExecutionJSON(&e))
	}
	return s
}

// ExecutionJSON is an execution as JSON.
func ExecutionJSON(e *pipeline.Execution) Execution {
	one := Execution{ID: e.ID, State: string(e.State), Why: e.Why, Inputs: []Input{}}
	for _, in := range e.Inputs {
		one.Inputs = append(one.Inputs, Input{in.Branch, in.Result, in.Timestamp.String()})
	}
	return one
}

// Width is the width of the longest branch name.
func Width(list []*pipeline.Plan) int {
	width := 0
	for _, plan := range list {
		width = max(width, len(plan.Job.Branch))
	}
	return width
}

// Text is a line about a plan, and if it is to be explained one for each execution
// that is not fresh.
func Text(plan *pipeline.Plan, width int, explain bool) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%-*s  %d recorded, %d pending, %d stale, %d outdated", width, plan.Job.Branch, plan.Recorded,
		plan.Count(pipeline.Pending), plan.Count(pipeline.Stale), plan.Count(pipeline.Outdated))
	if !plan.Newest.IsZero() {
		fmt.Fprintf(&out, ", newest %s", plan.Newest)
	}
	if plan.Failed != nil {
		fmt.Fprintf(&out, ", last failure %s", plan.Failed.Time)
	}
	out.WriteString("\n")
	if explain && plan.Failed != nil {
		fmt.Fprintf(&out, "  failed   %s  %s\n", plan.Failed.Key[:min(12, len(plan.Failed.Key))], gitcmd.Printable(plan.Failed.Why))
	}
	for _, e := range plan.Executions {
		if !explain || e.State == pipeline.Fresh {
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
