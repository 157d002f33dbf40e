// Package findings prints what a check found: a line each, or JSON.
package findings

import (
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/cmd/internal/units"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/validate"
)

// maxLines is how many findings a hook prints: whoever pushes reads them all.
const maxLines = 100

// A Printer prints the findings of one check.
type Printer struct {
	env        *frame.Env
	json, hook bool
	count      int
}

// NewPrinter prints to the standard output of a command. A hook prints not more than
// somebody reads, and nothing where nothing is found.
func NewPrinter(env *frame.Env, asJSON, hook bool) *Printer {
	return &Printer{env: env, json: asJSON, hook: hook}
}

// Print prints a finding.
func (p *Printer) Print(f validate.Finding) error {
	p.count++
	switch {
	case p.json:
		return p.env.PrintJSON(map[string]any{
			"branch": f.Branch, "path": f.Path, "commit": f.Commit, "rule": f.Rule, "level": f.Level, "message": f.Message,
		})
	case p.hook && p.count > maxLines:
		return nil
	}
	return p.env.Printf("%s\n", gitcmd.Printable(f.String()))
}

// Close ends the list and turns its errors into a negative answer.
func (p *Printer) Close(s validate.Summary, err error) error {
	switch {
	case err != nil:
		return err
	case !p.hook:
		p.env.Infof("checked %s in %s of %s: %s, %s", units.Count(s.Receipts, "receipt"), units.Count(s.Commits, "commit"),
			units.Count(s.Branches, "dataset"), units.Count(s.Errors, "error"), units.Count(s.Warnings, "warning"))
	case !p.json && p.count > maxLines:
		err = p.env.Printf("… and %d more\n", p.count-maxLines)
	}
	if err != nil || s.Errors == 0 {
		return err
	}
	if p.hook && !p.json {
		err = p.env.Printf("the rules of dataset branches are in git-datapact-validate(1)\n")
	}
	if err != nil {
		return err
	}
	return gitcmd.ErrNegative
}
