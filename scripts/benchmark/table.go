package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
)

// A table is what tools took for the steps of cases.
type table struct {
	Machine string    `json:"machine"`
	Figures []*figure `json:"figures"`
}

// A figure is what one tool took for one step.
type figure struct {
	Case   string  `json:"case"`
	Step   string  `json:"step"`
	Tool   string  `json:"tool"`
	Median float64 `json:"median"` // seconds
	Worst  float64 `json:"worst"`
	CPU    float64 `json:"cpu"`              // seconds of all processes, median
	Memory int64   `json:"memory"`           // bytes of all processes together, the most
	Stored int64   `json:"stored,omitempty"` // bytes that there are after it
	Failed string  `json:"failed,omitempty"`

	all []cost
}

// lookup returns the figure of a tool and a step, nil if there is none.
func (t *table) lookup(name, step, tool string) *figure {
	for _, f := range t.Figures {
		if f.Case == name && f.Step == step && f.Tool == tool {
			return f
		}
	}
	return nil
}

// find returns the figure of a tool and a step, and adds one if there is none yet.
func (t *table) find(name, step, tool string) *figure {
	if f := t.lookup(name, step, tool); f != nil {
		return f
	}
	f := &figure{Case: name, Step: step, Tool: tool}
	t.Figures = append(t.Figures, f)
	return f
}

func (t *table) add(name, step, tool string, one cost) {
	f := t.find(name, step, tool)
	f.all = append(f.all, one)
	var seconds, cpu []float64
	for _, one := range f.all {
		seconds, cpu = append(seconds, one.seconds), append(cpu, one.cpu)
	}
	f.Median, f.CPU, f.Worst, f.Memory = median(seconds), median(cpu), slices.Max(seconds), max(f.Memory, one.memory)
}

// fail notes that a tool did not do a step.
func (t *table) fail(name, step, tool string, why error) {
	f := t.find(name, step, tool)
	f.Failed = "failed"
	if errors.Is(why, context.DeadlineExceeded) {
		f.Failed = fmt.Sprintf("over %.0f s", stepTime.Seconds())
	}
}

// print writes the table as Markdown: a row for each step, a column for each tool, and what
// ours took beside the limit.
func (t *table) print(title string) {
	t.Machine = machine()
	fmt.Printf("%s; %s\n\n", title, t.Machine)
	var names []string
	for _, f := range t.Figures {
		if !slices.Contains(names, f.Tool) {
			names = append(names, f.Tool)
		}
	}
	fmt.Printf("| | %s | ours / limit | MiB |\n|---|%s\n", strings.Join(names, " | "), strings.Repeat("---|", len(names)+2))
	var done []string
	for _, f := range t.Figures {
		if row := f.Case + ", " + f.Step; !slices.Contains(done, row) {
			done = append(done, row)
			fmt.Printf("| %s %s |\n", row, t.row(f, names))
		}
	}
	fmt.Print("\nStored, MB:")
	for _, f := range t.Figures {
		if f.Stored > 0 {
			fmt.Printf(" %s %s %.1f;", f.Case, f.Tool, float64(f.Stored)/1e6)
		}
	}
	fmt.Print("\n\n")
}

// row is what the tools took for the step of a figure.
func (t *table) row(f *figure, names []string) string {
	var row strings.Builder
	for _, name := range names {
		row.WriteString("| ")
		if one := t.lookup(f.Case, f.Step, name); one != nil {
			row.WriteString(one.String() + " ")
		}
	}
	ours, limit := t.lookup(f.Case, f.Step, "datapact"), t.lookup(f.Case, f.Step, "limit")
	ratio, memory := "", ""
	if ours != nil {
		memory = fmt.Sprint(ours.Memory >> 20)
		if limit != nil && limit.Median > 0 {
			ratio = fmt.Sprintf("%.2f", ours.Median/limit.Median)
		}
	}
	fmt.Fprintf(&row, "| %s | %s", ratio, memory)
	return row.String()
}

func (f *figure) String() string {
	if f.Failed != "" {
		return f.Failed
	}
	return fmt.Sprintf("%.3g (%.3g)", f.Median, f.Worst)
}

// write writes the table as JSON, unless there is no name of a file.
func (t *table) write(file string) error {
	return writeJSON(file, t)
}

// writeJSON writes a value as JSON, unless there is no name of a file.
func writeJSON(file string, value any) error {
	if file == "" {
		return nil
	}
	data, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(data, '\n'), 0o666)
}

// machine names what this runs on.
func machine() string {
	data, _ := os.ReadFile("/proc/cpuinfo")
	model := ""
	for line := range strings.Lines(string(data)) {
		if key, value, _ := strings.Cut(line, ":"); strings.TrimSpace(key) == "model name" {
			model = strings.TrimSpace(value)
			break
		}
	}
	return fmt.Sprintf("%d cores, %s, %s/%s", runtime.NumCPU(), cmp.Or(model, "unknown processor"), runtime.GOOS, runtime.GOARCH)
}
