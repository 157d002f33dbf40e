package archive

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/known"
)

// storeCopies stores what a receipt names in the store and in its mirrors, one after the
// other, each from the files themselves. A store that fails is told, as long as as many take
// all as are to. It returns the recordings that are confirmed.
func (a *Archive) storeCopies(ctx context.Context, receipt *receipts.Receipt, result *Result, opts *RecordOptions, files *known.Files) ([]*recording, error) {
	total := 1 + len(a.Mirrors)
	needed := min(cmp.Or(a.Copies, total), total)
	var done []*recording
	var first error
	for i, c := range append([]Copy{{a.Store, a.Name}}, a.Mirrors...) {
		one, stored := &recording{blobs: c.Store, result: result, opts: opts, known: files, branch: receipt.Branch}, *receipt
		err := one.storeAll(ctx, &stored)
		switch {
		case err == nil && len(done) > 0 && !sameOutputs(receipt.Output, stored.Output):
			return nil, errDiffer
		case err == nil:
			receipt.Output = stored.Output
			done = append(done, one)
			continue
		case first == nil:
			first = err
		}
		if ctx.Err() != nil || len(done)+total-i-1 < needed {
			return nil, first
		}
		if changed := result.unchanged(); changed != nil {
			return nil, changed
		}
		a.miss(c, Unstored(err))
	}
	return done, nil
}

// errDiffer is also that one store has what another release made of a file, which is known of
// it, and another one what this release makes.
var errDiffer = errors.New("the result was changed while it was recorded")

// Unstored says of a store that does not take what is recorded how it gets that later.
func Unstored(err error) error {
	return fmt.Errorf("what is recorded is not there, until 'git datapact store push' brings it: %w", err)
}

// sameOutputs reports whether two stores have the same objects.
func sameOutputs(a, b []receipts.Output) bool {
	return slices.EqualFunc(a, b, func(x, y receipts.Output) bool {
		return x.Path == y.Path && x.Blob == y.Blob && x.Size == y.Size && x.Checksum.SHA256 == y.Checksum.SHA256
	})
}
