package blobs

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/git-datapact/git-datapact/filters"
	"github.com/git-datapact/git-datapact/filters/bundle"
)

// PutFolder is [Upload.Put] of a folder that chain packs. Its files are read once, some MiB ahead
// of what is stored. What the receipt is to say of the folder is returned beside what is stored.
func (u *Upload) PutFolder(ctx context.Context, branch string, p bundle.Packing, chain filters.Chain) (Stored, bundle.Content, error) {
	if err := chain.Validate(); err != nil {
		return Stored{}, bundle.Content{}, err
	}
	rest, ok := chain.Folder()
	if !ok {
		return Stored{}, bundle.Content{}, errors.New("storing a folder: no filter packs it")
	}
	if p.Zstd = slices.Equal(rest, filters.Chain{filters.Zstd}); p.Zstd {
		rest = nil // it compresses its groups itself
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r, w := io.Pipe()
	var content bundle.Content
	var packing error
	done := make(chan struct{})
	go func() {
		defer close(done)
		content, packing = bundle.Pack(ctx, w, p)
		_ = w.CloseWithError(packing) // io.EOF if that is nil
	}()
	stored, err := u.Put(ctx, branch, r, rest)
	_ = r.CloseWithError(err)
	cancel()
	<-done
	if packing != nil && (err == nil || errors.Is(err, packing)) { // else it was given up
		err = packing
	}
	return stored, content, err
}
