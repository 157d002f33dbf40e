package validate

import (
	"context"
	"errors"
	"fmt"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
	"github.com/git-datapact/git-datapact/receipts/verify"
)

// A named receipt is one whose blobs should be in the store.
type named struct {
	branch string
	id     receipts.ID
	commit gitcmd.Hash
}

// checkBlobs looks for the blobs of new receipts in the store. It sees the branches, and
// what they say about the store, as they will be.
func (c *checker) checkBlobs(ctx context.Context) error {
	if len(c.fresh) == 0 {
		return nil
	}
	preview, err := c.repository.Preview(ctx, c.tips)
	if err == nil {
		repository := preview.Open()
		err = errors.Join(c.lookUp(ctx, repository), repository.Close(), preview.Close())
	}
	if err != nil {
		return fmt.Errorf("checking rule %s: %w", Blobs, err)
	}
	return nil
}

func (c *checker) lookUp(ctx context.Context, repository *gitcmd.Repository) error {
	if c.opts.Open == nil {
		return errors.New("no store is given")
	}
	stores, err := c.opts.Open(ctx, repository)
	if err != nil {
		return err
	}
	commits := map[named]gitcmd.Hash{} // the newest of each receipt
	_, err = verify.Run(ctx, repository, stores[0], &verify.Options{
		Given: c.brought(ctx, repository, commits), Exists: true, Mirrors: stores[1:], DryRun: true,
		Found: func(f verify.Finding) error {
			if f.Mended { // a mirror has it
				return nil
			}
			message := f.What
			if f.Path != "" {
				message = fmt.Sprintf("output %q: %s", f.Path, f.What)
			}
			return c.find(Finding{Rule: Blobs, Branch: f.Branch, Path: f.ID.Path(), Commit: commits[named{branch: f.Branch, id: f.ID}], Message: message})
		},
	})
	for _, store := range stores {
		err = errors.Join(err, store.Close())
	}
	return err
}

// brought are the new receipts as their branches will have them, each once. It notes the
// newest commit of each: the walk through the history went backwards.
func (c *checker) brought(ctx context.Context, repository *gitcmd.Repository, commits map[named]gitcmd.Hash) []verify.Source {
	ids := map[string][]receipts.ID{}
	var sources []verify.Source
	for _, n := range c.fresh {
		key := named{branch: n.branch, id: n.id}
		if _, again := commits[key]; again {
			continue
		}
		if commits[key] = n.commit; ids[n.branch] == nil {
			sources = append(sources, verify.Source{Branch: n.branch})
		}
		ids[n.branch] = append(ids[n.branch], n.id)
	}
	for i := range sources {
		s := &sources[i]
		l := ledger.At(repository, gitcmd.Branch{Name: s.Branch, Commit: c.tips[s.Branch]})
		s.Receipts = func(yield func(*ledger.Entry, error) bool) {
			for _, id := range ids[s.Branch] {
				entry, err := l.Find(ctx, id)
				if errors.Is(err, gitcmd.ErrNotFound) {
					continue // the same push takes it back
				}
				if !yield(entry, err) {
					return
				}
			}
		}
	}
	return sources
}
