package log

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/git-datapact/git-datapact/cmd/internal/entries"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/cmd/internal/units"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// A dateFormat says how times are said, by git's names.
type dateFormat string

// UnmarshalText reads one.
func (d *dateFormat) UnmarshalText(text []byte) error {
	switch s := dateFormat(text); s {
	case "iso", "relative", "short":
		*d = s
		return nil
	}
	return fmt.Errorf("%q: want iso, relative or short", text)
}

func (c *command) when(t receipts.Timestamp) string {
	if c.Oneline {
		return ""
	}
	switch c.Date {
	case "relative":
		return units.Ago(t.Time(), time.Now())
	case "short":
		return t.Time().Format(time.DateOnly)
	}
	return t.String()
}

// columns are keys of metadata.
type columns []string

// UnmarshalText reads keys with commas between them, beside those that are there.
func (c *columns) UnmarshalText(text []byte) error {
	for key := range strings.SplitSeq(string(text), ",") {
		if key == "" {
			return fmt.Errorf("%q: want keys of metadata with a comma between each two", text)
		}
		*c = append(*c, key)
	}
	return nil
}

// A listing prints what was found.
type listing struct {
	*command
	env     *frame.Env
	lineage *ledger.Lineage
	several bool // branches
	listed  int
	damaged bool
	tied    bool
	held    []*ledger.Entry // those to print when all are known
}

func (l *listing) print(ctx context.Context, repository *gitcmd.Repository, found iter.Seq2[*ledger.Entry, error]) error {
	hold := l.Reverse || l.Graph || len(l.Columns) > 0
	for entry, err := range found {
		if bad, ok := errors.AsType[*ledger.ReceiptError](err); ok {
			l.env.Warnf("%v", bad)
			l.damaged = true
			continue
		}
		if err != nil {
			return err
		}
		l.listed++
		l.tied = l.tied || entry.Tied
		if hold {
			l.held = append(l.held, entry)
		} else if err := l.entry(entry); err != nil {
			return err
		}
	}
	if l.Reverse {
		slices.Reverse(l.held)
	}
	switch {
	case len(l.Columns) > 0:
		return l.table(ctx)
	case l.Graph:
		return l.graph(ctx, repository)
	}
	for _, entry := range l.held {
		if err := l.entry(entry); err != nil {
			return err
		}
	}
	return nil
}

// entry prints one as a line, with its outputs, or as JSON.
func (l *listing) entry(entry *ledger.Entry) error {
	style := entries.Style{Time: l.when, Branch: l.several}
	text := style.Line
	if l.Stat {
		text = style.Stat
	}
	return entries.Print(l.env, entry, l.JSON, text)
}

// table prints a line for each, with the metadata that are asked for in columns.
func (l *listing) table(ctx context.Context) error {
	all := make([]*receipts.Receipt, len(l.held))
	for i, entry := range l.held {
		all[i] = entry.Receipt
	}
	if err := l.lineage.Load(ctx, l.Columns, all); err != nil {
		return err
	}
	header := append([]string{"ID", "DATE"}, l.Columns...)
	if l.several {
		header[0] = "RECEIPT"
	}
	rows := make([][]string, len(l.held))
	for i, entry := range l.held {
		name := string(entry.ID[:12])
		if l.several {
			name = entry.Receipt.Branch + "@" + name
		}
		rows[i] = append(rows[i], name, l.when(entry.Receipt.Timestamp))
		for _, key := range l.Columns {
			rows[i] = append(rows[i], l.value(entry.Receipt, key))
		}
	}
	for i, key := range l.Columns {
		if len(rows) > 0 && !slices.ContainsFunc(rows, func(cells []string) bool { return cells[i+2] != "" }) {
			l.env.Warnf("none of these receipts has the metadata %q", key)
		}
	}
	if l.Sort != "" {
		at := slices.Index(l.Columns, l.Sort)
		slices.SortStableFunc(rows, func(a, b []string) int { return receipts.CompareValues(a[at+2], b[at+2]) })
	}
	widths := make([]int, len(header))
	for _, row := range slices.Concat([][]string{header}, rows) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	if len(rows) > 0 {
		if err := l.row(header, widths, frame.Strong); err != nil {
			return err
		}
	}
	for _, row := range rows {
		if err := l.row(row, widths, frame.Plain); err != nil {
			return err
		}
	}
	return nil
}

func (l *listing) row(cells []string, widths []int, style frame.Style) error {
	var out strings.Builder
	for i, cell := range cells {
		out.WriteString(cell + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2))
	}
	return l.env.PrintSpans(frame.Span{Style: style, Text: strings.TrimRight(out.String(), " ")}, frame.Span{Text: "\n"})
}

// value is the first of the nearest metadata of a receipt, "" for none.
func (l *listing) value(r *receipts.Receipt, key string) string {
	for _, text := range l.lineage.Values(r, key) {
		return strings.ReplaceAll(text, "\n", `\n`)
	}
	return ""
}
