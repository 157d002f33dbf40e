package pipeline

import (
	"context"
	"errors"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// A dataset is the current receipts of a branch, as far as planning needs them.
type dataset struct {
	branch gitcmd.Branch
	all    []*execution // in the order of their ids
	byID   map[receipts.ID]*execution
	newest *execution // by timestamp, nil for none
}

// An execution is one receipt of a dataset.
type execution struct {
	id       receipts.ID
	finished receipts.Timestamp
	input    []receipts.Input // without metadata
}

// datasets are the branches that a plan has looked at, each read once.
type datasets struct {
	repository *gitcmd.Repository
	byBranch   map[string]*dataset
}

// get reads a branch. One that is not there has no receipts; pseudo-branches
// neither.
func (d *datasets) get(ctx context.Context, name string) (*dataset, error) {
	if known, ok := d.byBranch[name]; ok {
		return known, nil
	}
	set := &dataset{byID: map[receipts.ID]*execution{}}
	d.byBranch[name] = set
	if gitcmd.CheckBranchName(name) != nil {
		return set, nil
	}
	branch, err := d.repository.FindBranch(ctx, name)
	if errors.Is(err, gitcmd.ErrNotFound) {
		return set, nil
	}
	if err != nil {
		return nil, err
	}
	set.branch = branch
	return set, set.read(ctx, ledger.At(d.repository, branch))
}

func (s *dataset) read(ctx context.Context, l *ledger.Ledger) error {
	for entry, err := range l.All(ctx) {
		if err != nil {
			return err
		}
		s.add(entry)
	}
	return nil
}

// add takes a receipt in, in the place of an earlier one of the same id.
func (s *dataset) add(entry *ledger.Entry) {
	e := s.byID[entry.ID]
	if e == nil {
		e = &execution{id: entry.ID}
		s.all = append(s.all, e)
		s.byID[e.id] = e
	}
	e.finished, e.input = entry.Receipt.Timestamp, nil
	for _, in := range entry.Receipt.Input {
		e.input = append(e.input, receipts.Input{Branch: in.Branch, Result: in.Result, Timestamp: in.Timestamp})
	}
	if s.newest == nil || s.newest.finished.Before(e.finished) {
		s.newest = e
	}
}

// find returns the execution that an input names, nil when the dataset does not
// have it.
func (s *dataset) find(result string) *execution {
	id, err := receipts.ParseID(result)
	if err != nil {
		return nil
	}
	return s.byID[id]
}
