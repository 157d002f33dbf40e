package diff

import (
	"fmt"
	"slices"
	"strings"

	"github.com/git-datapact/git-datapact/cmd/internal/entries"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/cmd/internal/units"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// buildenv is the key of the metadata with which old receipts name what they ran: a long
// name, which comes last and shortened.
const buildenv = "buildenv"

// printText prints both receipts and what differs, part by part.
func printText(env *frame.Env, before, after *ledger.Entry, d *receipts.Comparison) error {
	spans := []frame.Span{
		{Style: frame.Bad, Text: "--- " + name(before) + "\n"},
		{Style: frame.Good, Text: "+++ " + name(after) + "\n"},
	}
	part := func(title string, lines []frame.Span) {
		if len(lines) > 0 {
			spans = append(append(spans, frame.Span{Style: frame.Strong, Text: title + "\n"}), lines...)
		}
	}
	part("inputs", changed(d.Inputs, short))
	slices.SortStableFunc(d.Metadata, func(a, b receipts.Change) int { return last(a) - last(b) })
	part("metadata", changed(d.Metadata, plain))
	part("job", changed(d.Job, short))
	part("outputs", outputs(d.Outputs))
	if d.Same() {
		spans = append(spans, frame.Span{Text: "inputs, metadata, job and outputs are the same\n"})
	}
	return env.PrintSpans(spans...)
}

func last(c receipts.Change) int {
	if c.Name == buildenv {
		return 1
	}
	return 0
}

func name(entry *ledger.Entry) string {
	return fmt.Sprintf("%s@%s  %s", entry.Receipt.Branch, entry.ID[:12], entry.Receipt.Timestamp)
}

// changed are the lines about values: what was, and what is instead.
func changed(list []receipts.Change, show func(name, value string) string) []frame.Span {
	width := 0
	for _, c := range list {
		width = max(width, len(c.Name))
	}
	var spans []frame.Span
	for _, c := range list {
		key := fmt.Sprintf("%-*s", width, gitcmd.Printable(c.Name))
		if c.Before != nil {
			spans = append(spans, frame.Span{Style: frame.Bad, Text: "  - " + key + "  " + show(c.Name, *c.Before) + "\n"})
		}
		if c.After != nil {
			spans = append(spans, frame.Span{Style: frame.Good, Text: "  + " + key + "  " + show(c.Name, *c.After) + "\n"})
		}
	}
	return spans
}

// short is a hash shortened; anything else stays.
func short(_, value string) string {
	if len(value) >= 40 && strings.Trim(value, "0123456789abcdef") == "" {
		return value[:12]
	}
	return gitcmd.Printable(value)
}

// plain is a value of metadata on one line.
func plain(name, value string) string {
	if name == buildenv {
		return short(name, value)
	}
	return gitcmd.Printable(strings.ReplaceAll(value, "\n", `\n`))
}

// outputs are the lines about files: those that are gone, those that are new, and those that
// are there with other bytes.
func outputs(list []receipts.OutputChange) []frame.Span {
	var spans []frame.Span
	for _, o := range list {
		path := gitcmd.Printable(o.Path)
		switch {
		case o.After == nil:
			spans = append(spans, frame.Span{Style: frame.Bad, Text: "  - " + path + "  " + size(o.Before) + "\n"})
		case o.Before == nil:
			spans = append(spans, frame.Span{Style: frame.Good, Text: "  + " + path + "  " + size(o.After) + "\n"})
		default:
			spans = append(spans, frame.Span{Style: frame.Waiting, Text: "  ~ " + path + "  " + size(o.Before) + " → " + size(o.After) + growth(o) + "\n"})
		}
	}
	return spans
}

func size(o *receipts.Output) string {
	text := units.Bytes(o.Size)
	if n := entries.FileOf(o).Size; n >= 0 {
		text = units.Bytes(n)
	} else {
		text += " as " + strings.Join(o.Filters, ",")
	}
	if o.Mode != "" {
		text += " " + o.Mode
	}
	return text
}

// growth is how much larger or smaller a file became.
func growth(o receipts.OutputChange) string {
	was, is := entries.FileOf(o.Before).Size, entries.FileOf(o.After).Size
	switch {
	case was < 0 || is < 0 || is == was:
		return ""
	case is > was:
		return " (+" + units.Bytes(is-was) + ")"
	}
	return " (-" + units.Bytes(was-is) + ")"
}
