package gc

import (
	"fmt"
	"strings"
	"time"

	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/cmd/internal/units"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts/gc"
)

// print prints a line for each dataset of which something is to say, and one for
// all of them.
func (c *command) print(env *frame.Env, report *gc.Report) error {
	total := report.Total()
	total.Branch = "total"
	if report.Left.Objects > 0 {
		env.Warnf("%s (%s) left alone: not named as recordings name theirs", units.Count(report.Left.Objects, "object"), units.Bytes(report.Left.Bytes))
	}
	if c.JSON {
		return c.printJSON(env, report, &total)
	}
	width := len(total.Branch)
	for _, d := range report.Datasets {
		width = max(width, len(d.Branch))
	}
	for _, d := range append(report.Datasets, &total) {
		said := c.said(d)
		if len(said) == 0 && d != &total {
			continue
		}
		if len(said) == 0 {
			said = []string{"nothing"}
		}
		if err := env.Printf("%-*s  %s\n", width, d.Branch, strings.Join(said, ", ")); err != nil {
			return err
		}
	}
	return c.answer(&total)
}

// said is what there is to say of a dataset.
func (c *command) said(d *gc.Dataset) []string {
	var said []string
	add := func(a gc.Amount, what string) {
		if a.Objects > 0 {
			said = append(said, fmt.Sprintf("%s (%s) %s", units.Count(a.Objects, "blob"), units.Bytes(a.Bytes), what))
		}
	}
	if d.Expired > 0 {
		said = append(said, units.Count(d.Expired, "execution")+" not kept")
	}
	if !c.Delete {
		what := fmt.Sprintf("of %d (%s) unnamed", d.All.Objects, units.Bytes(d.All.Bytes))
		if !d.Oldest.IsZero() {
			what += ", the oldest from " + stamp(d.Oldest)
		}
		add(d.Garbage, what)
	}
	add(d.Deleted, "moved to quarantine")
	add(d.Purged, "purged")
	add(d.Restored, "brought back")
	add(d.Recent, "unnamed but too young")
	if !c.Delete && !c.Purge && !c.Restore {
		add(d.Quarantined, "in quarantine")
	}
	return said
}

// answer is negative where nothing was found that the flags are about.
func (c *command) answer(total *gc.Dataset) error {
	found := total.Deleted.Objects + total.Purged.Objects + total.Restored.Objects
	if !c.Delete && !c.Purge {
		found += total.Garbage.Objects
	}
	if found == 0 {
		return gitcmd.ErrNegative
	}
	return nil
}

// An amount is one as JSON.
type amount struct {
	Objects int   `json:"objects"`
	Bytes   int64 `json:"bytes"`
}

// printJSON prints the same lines as objects; that of the total has no branch.
func (c *command) printJSON(env *frame.Env, report *gc.Report, total *gc.Dataset) error {
	for _, d := range append(report.Datasets, total) {
		line := map[string]any{
			"all": amount(d.All), "garbage": amount(d.Garbage), "recent": amount(d.Recent), "quarantined": amount(d.Quarantined),
			"deleted": amount(d.Deleted), "purged": amount(d.Purged), "restored": amount(d.Restored), "expired": d.Expired, "oldest": nil,
		}
		if c.shown != "" {
			line["store"] = c.shown
		}
		if !d.Oldest.IsZero() {
			line["oldest"] = stamp(d.Oldest)
		}
		if d != total {
			line["branch"] = d.Branch
		} else {
			line["total"], line["receipts"], line["left"] = true, report.Receipts, amount(report.Left)
		}
		if err := env.PrintJSON(line); err != nil {
			return err
		}
	}
	return c.answer(total)
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
