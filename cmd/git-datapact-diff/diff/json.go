package diff

import (
	"github.com/git-datapact/git-datapact/cmd/internal/entries"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/receipts"
)

// A difference is one as JSON. What one side does not have is null.
type difference struct {
	Part   string `json:"part"` // "input", "metadata", "job" or "output"
	Name   string `json:"name"`
	Before any    `json:"before"`
	After  any    `json:"after"`
}

func printJSON(env *frame.Env, d *receipts.Comparison) error {
	var list []difference
	add := func(part string, changes []receipts.Change) {
		for _, c := range changes {
			list = append(list, difference{part, c.Name, value(c.Before), value(c.After)})
		}
	}
	add("input", d.Inputs)
	add("metadata", d.Metadata)
	add("job", d.Job)
	for _, o := range d.Outputs {
		list = append(list, difference{"output", o.Path, fileOf(o.Before), fileOf(o.After)})
	}
	for _, one := range list {
		if err := env.PrintJSON(one); err != nil {
			return err
		}
	}
	return nil
}

// value is a text, or null.
func value(text *string) any {
	if text == nil {
		return nil
	}
	return *text
}

// fileOf is an output, or null.
func fileOf(o *receipts.Output) any {
	if o == nil {
		return nil
	}
	return entries.FileOf(o).JSON()
}
