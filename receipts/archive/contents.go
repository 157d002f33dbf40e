package archive

import (
	"context"
	"fmt"
	"slices"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// HasFolder reports whether a receipt has an output that is a packed folder.
func HasFolder(receipt *receipts.Receipt) bool {
	return slices.ContainsFunc(receipt.Output, func(o receipts.Output) bool { return IsFolder(&o) })
}

// IsFolder reports whether an output is a packed folder.
func IsFolder(output *receipts.Output) bool {
	t, err := newTarget(output, false)
	return err == nil && t.isFolder()
}

// Unpacked lists the files of an output that is a packed folder, read from the store and
// proved: each as an output would be that is stored as it is. For any other output it is nil.
func (a *Archive) Unpacked(ctx context.Context, entry *ledger.Entry, output *receipts.Output) ([]receipts.Output, error) {
	t, err := newTarget(output, false)
	if err != nil || !t.isFolder() {
		return nil, err
	}
	p, err := a.openPack(ctx, entry.Receipt.Branch, t)
	if err != nil {
		err = fmt.Errorf("reading the list of the packed folder %q: %w", t.path, a.explain(ctx, entry, err))
		return nil, gitcmd.WithHint(err, "'git datapact ls --raw' lists what is stored, without looking into it")
	}
	files := make([]receipts.Output, len(p.files))
	for i, file := range p.targets() {
		files[i] = receipts.Output{
			Blob: output.Blob, Path: file.path, Size: file.told.Size, Mode: file.mode,
			Checksum: receipts.Checksum{SHA256: file.told.SHA256},
		}
	}
	return files, nil
}
