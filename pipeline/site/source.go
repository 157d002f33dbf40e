package site

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"unique"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/plan"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// A source gives a planner the receipts that the site has read anyway.
type source struct {
	plan.Source
	site *Site
}

// Source is another source with the receipts that the site has read.
func (s *Site) Source(other plan.Source) plan.Source { return source{other, s} }

func (s source) Receipts(_ context.Context, branch string) iter.Seq2[*ledger.Entry, error] {
	return s.site.receipts(branch)
}

// receipts are those of a branch, as far as a planner needs them.
func (s *Site) receipts(branch string) iter.Seq2[*ledger.Entry, error] {
	return func(yield func(*ledger.Entry, error) bool) {
		b := s.named[branch]
		if b == nil || b.commit == "" {
			yield(nil, fmt.Errorf("branch %s: %w", branch, gitcmd.ErrNotFound))
			return
		}
		for path, why := range b.bad {
			if !yield(nil, &ledger.ReceiptError{Branch: branch, Path: path, Err: errors.New(why)}) {
				return
			}
		}
		entry := &ledger.Entry{Receipt: &receipts.Receipt{Branch: branch}} // one for all: a planner keeps none
		for _, r := range b.records {
			entry.ID, entry.Blob = r.id, r.blob
			r.describe(entry.Receipt)
			if !yield(entry, nil) {
				return
			}
		}
	}
}

// describe says in a receipt what a planner needs of this one.
func (r *record) describe(receipt *receipts.Receipt) {
	receipt.Timestamp, receipt.Input, receipt.Job, receipt.Metadata = r.at, receipt.Input[:0], nil, nil
	for _, in := range r.inputs {
		receipt.Input = append(receipt.Input, receipts.Input{Branch: in.branch, Result: in.result, Timestamp: in.at})
	}
	if r.job != (unique.Handle[job]{}) {
		receipt.Job = r.job.Value().receipt()
	} else if r.buildenv != "" {
		receipt.Metadata = []receipts.Metadata{{Key: buildenv, Value: r.buildenv}}
	}
}
