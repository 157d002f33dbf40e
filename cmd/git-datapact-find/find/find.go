// Package find is the command git-datapact-find, which finds receipts on all branches.
package find

import (
	"context"
	"errors"
	"strings"

	"github.com/git-datapact/git-datapact/cmd/internal/entries"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/cmd/internal/units"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

type command struct {
	Where    []receipts.Condition `sep:"none" placeholder:"CONDITION" help:"Receipts whose metadata, or else those of what they were made from, the nearest first, fulfil this: KEY=VALUE, or with != < <= > >= or ~ for =; several must all hold."`
	Since    ledger.Since         `placeholder:"DATE" help:"Receipts of executions that finished at DATE or after (UTC)."`
	Until    ledger.Until         `placeholder:"DATE" help:"Receipts of executions that finished at DATE or before (UTC)."`
	Path     receipts.Pattern     `placeholder:"GLOB" help:"Outputs whose paths match."`
	Checksum receipts.Digest      `placeholder:"SHA256" help:"Outputs with this SHA-256, of the file or of what is stored, or the first digits of it."`
	Blob     receipts.Digest      `placeholder:"BLOB" help:"Outputs stored in this blob, or in one whose name begins so."`
	File     string               `placeholder:"FILE" help:"Outputs that have the bytes of a file here."`
	MinSize  units.Size           `placeholder:"SIZE" help:"Files of at least this size, such as 4096, 64M or 2G."`
	MaxSize  *units.Size          `placeholder:"SIZE" help:"Files of at most this size."`
	Number   int                  `short:"n" placeholder:"NUMBER" default:"-1" help:"List this many at most."`
	JSON     bool                 `name:"json" help:"Print one JSON object per receipt, or per output, and line."`
	Branch   []string             `type:"branch" arg:"" optional:"" help:"The branches to look at (default: all)."`
}

func (*command) Help() string {
	return "Find receipts on all branches, by their metadata and dates, or outputs, by what they are called and what is in them. Those of a branch are listed newest first."
}

// Run lists what is found; nothing found is a negative answer.
func (c *command) Run(ctx context.Context, env *frame.Env) error {
	wanted, digest, err := c.outputs()
	if err != nil {
		return err
	}
	repository := gitcmd.Open("")
	defer repository.Close()
	branches, err := c.branches(ctx, repository)
	if err != nil {
		return err
	}
	s := search{command: c, env: env, outputs: wanted, digest: digest, left: c.Number}
	s.lineage = entries.Lineage(env, repository, &s.damaged)
	for _, branch := range branches {
		if s.left == 0 {
			break
		}
		if err := s.branch(ctx, ledger.At(repository, branch)); err != nil {
			return err
		}
	}
	if s.found == 0 && c.Number != 0 || s.damaged {
		return gitcmd.ErrNegative
	}
	return nil
}

// branches are those to look at.
func (c *command) branches(ctx context.Context, repository *gitcmd.Repository) ([]gitcmd.Branch, error) {
	if len(c.Branch) == 0 {
		return repository.ReadableBranches(ctx)
	}
	var list []gitcmd.Branch
	for _, name := range c.Branch {
		branch, err := repository.FindBranch(ctx, name)
		if err != nil {
			return nil, err
		}
		list = append(list, branch)
	}
	return list, nil
}

// A search is the command at work.
type search struct {
	*command
	env     *frame.Env
	outputs func(entries.File) bool // nil where receipts are looked for, and not outputs
	digest  string                  // that one of each output begins with, "" for any
	left    int                     // to be listed, negative for any number
	lineage *ledger.Lineage
	found   int
	damaged bool
}

func (s *search) branch(ctx context.Context, l *ledger.Ledger) error {
	query := ledger.Query{Where: s.Where, Since: s.Since.Time, Until: s.Until.Time, Limit: -1, Digest: s.digest, Lineage: s.lineage}
	if s.Path != "" {
		query.Outputs = entries.HaveFiles(s.Path)
	}
	list, err := l.Search(ctx, query)
	if err != nil {
		return err
	}
	for entry, err := range list {
		if bad, ok := errors.AsType[*ledger.ReceiptError](err); ok {
			s.env.Warnf("%v", bad)
			s.damaged = true
			continue
		}
		if err != nil {
			return err
		}
		if err := s.list(entry); err != nil || s.left == 0 {
			return err
		}
	}
	return nil
}

// list prints a receipt, or those of its outputs that are looked for.
func (s *search) list(entry *ledger.Entry) error {
	if s.outputs == nil {
		s.count()
		return entries.Print(s.env, entry, s.JSON, entries.Style{Branch: true}.Line)
	}
	for _, f := range entries.Files(entry.Receipt, nil) {
		if s.left == 0 || !s.outputs(f) {
			continue
		}
		s.count()
		if err := s.print(entry, f); err != nil {
			return err
		}
	}
	return nil
}

func (s *search) count() {
	s.found++
	s.left--
}

// print prints an output of a receipt, as other commands take it.
func (s *search) print(entry *ledger.Entry, f entries.File) error {
	r := entry.Receipt
	if s.JSON {
		return s.env.PrintJSON(struct {
			Branch    string      `json:"branch"`
			ID        receipts.ID `json:"id"`
			Timestamp string      `json:"timestamp"`
			Output    any         `json:"output"`
		}{r.Branch, entry.ID, r.Timestamp.String(), f.JSON()})
	}
	size := "?"
	if f.Size >= 0 {
		size = units.Bytes(f.Size)
	}
	return s.env.Printf("%s@%s:%s  %s  %s\n", r.Branch, entry.ID[:12], strings.ReplaceAll(f.Path, "\n", `\n`), size, r.Timestamp)
}

// New returns the command.
func New() frame.Command { return &command{} }
