package diff

import (
	"context"
	"slices"
	"strings"

	"github.com/git-datapact/git-datapact/cmd/internal/entries"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/cmd/internal/storeflag"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/archive"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// unpack puts the files of packed folders in the place of these, in both entries, where the two
// do not have the same folder packed. Only then is there a need for the store.
func (c *command) unpack(ctx context.Context, env *frame.Env, repository *gitcmd.Repository, catalog jobs.Opener, sides []*ledger.Entry) (err error) {
	differs := [2]map[int]bool{packedOnce(sides[0].Receipt, sides[1].Receipt), packedOnce(sides[1].Receipt, sides[0].Receipt)}
	if len(differs[0]) == 0 && len(differs[1]) == 0 {
		return nil
	}
	a, err := c.FindArchive(ctx, env, repository, catalog, storeflag.Reading)
	if err != nil {
		return err
	}
	defer storeflag.CloseArchive(a)
	defer c.MissingHint(ctx, repository, catalog, &err)
	for i, entry := range sides {
		if err := unpackSome(ctx, a, entry, differs[i]); err != nil {
			return err
		}
	}
	return nil
}

// packedOnce finds the packed folders among the outputs of a receipt that another one does not
// have with the same files in them.
func packedOnce(receipt, other *receipts.Receipt) map[int]bool {
	found := map[int]bool{}
	for i := range receipt.Output {
		o := &receipt.Output[i]
		same := func(x receipts.Output) bool {
			return entries.Path(&x) == entries.Path(o) && x.Content != nil && o.Content != nil && x.Content.SHA256 == o.Content.SHA256 && x.Content.Files == o.Content.Files
		}
		if archive.IsFolder(o) && !slices.ContainsFunc(other.Output, same) {
			found[i] = true
		}
	}
	return found
}

// unpackSome puts the files of some packed folders in their place, in a copy of the receipt.
func unpackSome(ctx context.Context, a *archive.Archive, entry *ledger.Entry, some map[int]bool) error {
	receipt := *entry.Receipt
	receipt.Output = nil
	for i := range entry.Receipt.Output {
		o := &entry.Receipt.Output[i]
		files := []receipts.Output{*o}
		if some[i] {
			list, err := a.Unpacked(ctx, entry, o)
			if err != nil {
				return err
			}
			if len(list) > 0 { // else the folder itself is all there is to see
				files = list
			}
		}
		receipt.Output = append(receipt.Output, files...)
	}
	slices.SortFunc(receipt.Output, func(x, y receipts.Output) int { return strings.Compare(x.Path, y.Path) })
	entry.Receipt = &receipt
	return nil
}
