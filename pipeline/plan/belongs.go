package plan

import (
	"context"
	"errors"
	"io/fs"
	"iter"

	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// A Lookup finds receipts one at a time. The errors for what is not there are
// [fs.ErrNotExist].
type Lookup interface {
	Job(ctx context.Context, branch string) (*jobs.Job, error)
	Find(ctx context.Context, branch string, id receipts.ID) (*ledger.Entry, error)
}

// Belongs says why receipts that an execution read do not belong together, "" if they do
// or that cannot be told from them and from what they descend from: it reads no more than
// that, whatever the branches hold. So it finds joins that do not fit, and does not know
// which pairs were the newest at a time.
func Belongs(ctx context.Context, lookup Lookup, job *jobs.Job, read []receipts.Input) (string, error) {
	source := &descent{lookup: lookup, job: job, found: map[string]map[receipts.ID]*ledger.Entry{}}
	if err := source.collect(ctx, read); err != nil {
		return "", err
	}
	p := New(source)
	p.trusting = true
	why, err := p.Calls(ctx, job, read)
	if why == byPairing {
		why = ""
	}
	return why, err
}

// A descent is the receipts that some descend from.
type descent struct {
	lookup Lookup
	job    *jobs.Job
	found  map[string]map[receipts.ID]*ledger.Entry
}

// collect finds receipts, and what they descend from.
func (d *descent) collect(ctx context.Context, read []receipts.Input) error {
	for _, in := range read {
		id, err := receipts.ParseID(in.Result)
		if isPseudo(in.Branch) || err != nil {
			continue
		}
		if _, known := d.found[in.Branch][id]; known {
			continue
		}
		entry, err := d.lookup.Find(ctx, in.Branch, id)
		if errors.Is(err, fs.ErrNotExist) {
			continue // whoever wants it there says so
		}
		if err != nil {
			return err
		}
		if d.found[in.Branch] == nil {
			d.found[in.Branch] = map[receipts.ID]*ledger.Entry{}
		}
		d.found[in.Branch][id] = entry
		if err := d.collect(ctx, entry.Receipt.Input); err != nil {
			return err
		}
	}
	return nil
}

func (d *descent) Job(ctx context.Context, branch string) (*jobs.Job, error) {
	if branch == d.job.Branch {
		return d.job, nil
	}
	job, err := d.lookup.Job(ctx, branch)
	if err != nil && ctx.Err() == nil {
		return nil, nil // then the receipts tell what it reads
	}
	return job, err
}

func (d *descent) Receipts(_ context.Context, branch string) iter.Seq2[*ledger.Entry, error] {
	return func(yield func(*ledger.Entry, error) bool) {
		if branch == d.job.Branch {
			return
		}
		for _, entry := range d.found[branch] {
			if !yield(entry, nil) {
				return
			}
		}
	}
}

func (*descent) Firsts(context.Context, string, func(receipts.ID, receipts.Timestamp, int)) error {
	return nil
}

func (*descent) Changed(context.Context, *jobs.Job) (receipts.Timestamp, error) {
	return receipts.Timestamp{}, nil
}

func (*descent) HasTree(context.Context, string) (bool, error) { return false, nil }
