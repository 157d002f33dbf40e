package gc

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// A Retention says which executions of a branch keep their blobs: those that any of its
// rules keeps, and always the newest. The receipts of the others stay.
type Retention struct {
	Last   int           // so many of the newest; 0 for no such rule
	Within time.Duration // those that finished within this time; 0 for no such rule
	Tagged bool          // those that tags name
	Why    string        // where it is said, for whoever misses a blob
}

// A keeper is a retention, as it is for the receipts that there are: what has finished
// since then is kept, and so is what is tagged.
type keeper struct {
	since  receipts.Timestamp
	tagged map[gitcmd.Hash]bool // files of receipts
	tips   []gitcmd.Branch      // the branch, here and on remotes
	why    string
}

func (k *keeper) keeps(receipt *receipts.Receipt, file gitcmd.Hash) bool {
	return receipt.Timestamp.Compare(k.since) >= 0 || k.tagged[file]
}

// newKeepers reads the dates of all receipts of the branches that have a retention.
func (c *collection) newKeepers(ctx context.Context) (map[string]*keeper, error) {
	if c.opts.Retention == nil {
		return nil, nil
	}
	branches, err := c.repository.AllBranches(ctx)
	if err != nil {
		return nil, err
	}
	keepers := map[string]*keeper{}
	for _, branch := range branches {
		if k := keepers[branch.Name]; k != nil {
			k.tips = append(k.tips, branch)
		} else if gitcmd.CheckBranchName(branch.Name) == nil {
			keepers[branch.Name] = &keeper{tips: []gitcmd.Branch{branch}, tagged: map[gitcmd.Hash]bool{}}
		}
	}
	tagged := map[string]*keeper{}
	for name, k := range keepers {
		retention, ok, err := c.opts.Retention(ctx, name)
		if err == nil && ok {
			err = c.since(ctx, k, retention)
		}
		if err != nil {
			return nil, fmt.Errorf("retention of %s: %w", name, err)
		}
		if !ok {
			delete(keepers, name)
		} else if retention.Tagged {
			tagged[name] = k
		}
	}
	return keepers, c.tagged(ctx, tagged)
}

// since finds the date from which a retention keeps all.
func (c *collection) since(ctx context.Context, k *keeper, retention Retention) error {
	newest := map[receipts.ID]receipts.Timestamp{}
	for _, branch := range k.tips {
		for entry, err := range ledger.At(c.repository, branch).Sketches(ctx) {
			if err != nil {
				return err
			}
			if known, ok := newest[entry.ID]; !ok || known.Before(entry.Receipt.Timestamp) {
				newest[entry.ID] = entry.Receipt.Timestamp
			}
		}
	}
	var dates []receipts.Timestamp
	for _, date := range newest {
		dates = append(dates, date)
	}
	slices.SortFunc(dates, func(a, b receipts.Timestamp) int { return b.Compare(a) })
	k.why = retention.Why
	if len(dates) == 0 {
		return nil
	}
	k.since = dates[min(max(retention.Last, 1), len(dates))-1]
	if within := receipts.NewTimestamp(c.begun.Add(-retention.Within)); retention.Within > 0 && within.Before(k.since) {
		k.since = within
	}
	return nil
}

// tagged finds the receipts of some branches that tags name.
func (c *collection) tagged(ctx context.Context, keepers map[string]*keeper) error {
	if len(keepers) == 0 {
		return nil
	}
	tags, err := c.repository.Tags(ctx)
	if err != nil {
		return err
	}
	for _, tag := range tags {
		tagged, err := ledger.ReadTag(ctx, c.repository, tag)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		k := keepers[tagged.Branch]
		if err != nil || k == nil {
			continue // the tag names none of them
		}
		entry, err := ledger.At(c.repository, gitcmd.Branch{Name: tagged.Branch, Commit: tag.Commit}).Find(ctx, tagged.ID)
		if err != nil {
			return err
		}
		k.tagged[entry.Blob] = true
	}
	return nil
}

// expiring are the receipts of a branch that name garbage only because its retention does
// not keep them, and of which that has not been said yet.
func (c *collection) expiring(ctx context.Context, k *keeper, garbage map[key]bool) ([]receipts.ID, error) {
	var ids []receipts.ID
	seen := map[receipts.ID]bool{}
	for _, branch := range k.tips {
		said, err := ledger.Expired(ctx, c.repository, branch.Commit)
		if err != nil {
			return nil, err
		}
		for entry, err := range ledger.At(c.repository, branch).Named(ctx) {
			if err != nil {
				return nil, err
			}
			if seen[entry.ID] || k.keeps(entry.Receipt, entry.Blob) || !slices.ContainsFunc(entry.Receipt.Output, func(o receipts.Output) bool {
				return garbage[keyOf(blobs.Key(entry.Receipt.Branch+"/"+o.Blob))]
			}) {
				continue
			}
			seen[entry.ID] = true
			c.dataset(entry.Receipt.Branch).Expired++
			if expiry, ok := said[entry.ID]; !ok || expiry.Time.Before(entry.Receipt.Timestamp.Time()) {
				ids = append(ids, entry.ID)
			}
		}
	}
	return ids, nil
}

// expire says on the branches which receipts lose blobs, before they do.
func (c *collection) expire(ctx context.Context) error {
	garbage := make(map[key]bool, len(c.garbage))
	for _, object := range c.garbage {
		garbage[keyOf(object.key)] = true
	}
	for _, name := range slices.Sorted(maps.Keys(c.roots.keepers)) {
		k := c.roots.keepers[name]
		ids, err := c.expiring(ctx, k, garbage)
		if err != nil {
			return err
		}
		if len(ids) > 0 && c.opts.Delete {
			if err := ledger.Expire(ctx, c.repository, name, ids, k.why); err != nil {
				return fmt.Errorf("saying which receipts of %s are not kept: %w", name, err)
			}
		}
	}
	return nil
}
