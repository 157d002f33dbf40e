package diff

import (
	"context"
	"slices"
	"strings"

	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/cmd/internal/storeflag"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/archive"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// unpack puts the files of packed folders in the place of these, in both entries, where the two
// do not have the same folder packed.
func (c *command) unpack(ctx context.Context, env *frame.Env, repository *gitcmd.Repository, catalog jobs.Opener, sides []*ledger.Entry) (err error) {
	if !archive.HasFolder(sides[0].Receipt) && !archive.HasFolder(sides[1].Receipt) {
		return nil
	}
	a, err := c.FindArchive(ctx, env, repository, catalog, storeflag.Reading)
	if err != nil {
		return err
	}
	defer storeflag.CloseArchive(a)
	defer c.MissingHint(ctx, repository, catalog, &err)
	were := []*receipts.Receipt{sides[0].Receipt, sides[1].Receipt}
	for i, entry := range sides {
		other := were[1-i]
		changed, err := unpacked(ctx, a, entry, func(o *receipts.Output) bool {
			return !slices.ContainsFunc(other.Output, func(x receipts.Output) bool {
				return x.Path == o.Path && x.Content != nil && o.Content != nil && x.Content.SHA256 == o.Content.SHA256 && x.Content.Files == o.Content.Files
			})
		})
		if err != nil {
			return err
		}
		*entry = *changed
	}
	return nil
}

// unpacked is an entry with the files of packed folders, those that are wanted, in their place.
func unpacked(ctx context.Context, a *archive.Archive, entry *ledger.Entry, wanted func(*receipts.Output) bool) (*ledger.Entry, error) {
	receipt := *entry.Receipt
	receipt.Output = nil
	for i := range entry.Receipt.Output {
		o := &entry.Receipt.Output[i]
		var files []receipts.Output
		if wanted(o) {
			var err error
			if files, err = a.Unpacked(ctx, entry, o); err != nil {
				return nil, err
			}
		}
		if len(files) == 0 {
			files = []receipts.Output{*o}
		}
		receipt.Output = append(receipt.Output, files...)
	}
	slices.SortFunc(receipt.Output, func(x, y receipts.Output) int { return strings.Compare(x.Path, y.Path) })
	changed := *entry
	changed.Receipt = &receipt
	return &changed, nil
}
