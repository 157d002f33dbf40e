package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"

	"github.com/git-datapact/git-datapact/blobs/backend"
	"github.com/git-datapact/git-datapact/blobs/wire"
)

// stagedMode is for this user alone.
const stagedMode = 0o600

// A batch keeps bytes in temporary files until their key is known, which it is at their
// end, and they are stored. An upload that is given up leaves no trace.
type batch struct {
	remote *Remote
	spool  backend.Spool
}

// Begin is part of [backend.Backend].
func (r *Remote) Begin(context.Context) (backend.Batch, error) {
	dir, err := os.MkdirTemp("", "git-datapact-")
	if err != nil {
		return nil, err
	}
	return &batch{remote: r, spool: backend.Spool{Dir: dir, Mode: stagedMode}}, nil
}

// Create is part of [backend.Batch].
func (b *batch) Create(ctx context.Context, size int64) (backend.StagedFile, error) {
	f := &staged{scratch: &b.remote.scratch, again: size != backend.Once}
	if err := f.reserve(ctx, size); err != nil {
		return nil, err
	}
	var err error
	if f.file, err = b.spool.Create(); err != nil {
		f.release()
		return nil, err
	}
	return f, nil
}

// Close is part of [backend.Batch].
func (b *batch) Close() error { return os.RemoveAll(b.spool.Dir) }

// Publish sends objects side by side, the fewer the larger they are.
func (b *batch) Publish(ctx context.Context, items []backend.Item) error {
	return backend.EachOf(ctx, b.remote.Transfers(), items, func(it backend.Item) error {
		if !it.HasBytes() {
			return nil
		}
		err := b.Send(ctx, it, nil)
		if errors.Is(err, fs.ErrExist) {
			if same, holdsErr := backend.Holds(ctx, b.remote, it); same || holdsErr != nil {
				return holdsErr
			}
		}
		return err
	})
}

// Send is part of [backend.Sender]. Whatever the helper says, an item that is there then is
// stored: an answer got lost.
func (b *batch) Send(ctx context.Context, it backend.Item, moved func(int64)) error {
	done, err := b.remote.lanes.enter(ctx, it.Size)
	if err != nil {
		return err
	}
	defer done()
	header := http.Header{wire.SHA256Header: {it.SHA256}, "Content-Type": {"application/octet-stream"}}
	if !it.Replace {
		header.Set("If-None-Match", "*")
	}
	err = b.remote.simple(ctx, call{
		method: http.MethodPut, key: string(it.Key), header: header, size: it.Size,
		body: func() (io.ReadCloser, error) { return opened(ctx, it, moved) },
	})
	if err != nil && ctx.Err() == nil && !errors.Is(err, fs.ErrExist) {
		if same, holdsErr := backend.Holds(ctx, b.remote, it); same {
			err = nil
		} else if conflict, ok := holdsErr.(*backend.ConflictError); ok && !it.Replace {
			return conflict
		}
	}
	if err != nil {
		return fmt.Errorf("storing blob %q: %w", string(it.Key), err)
	}
	return nil
}

// opened is the bytes of an item, of which moved is told.
func opened(ctx context.Context, it backend.Item, moved func(int64)) (io.ReadCloser, error) {
	r, err := it.Open(ctx)
	if err != nil || moved == nil {
		return r, err
	}
	return readCloser{backend.Counted(r, moved), r}, nil
}

// A readCloser reads from one place and closes another.
type readCloser struct {
	io.Reader
	io.Closer
}
