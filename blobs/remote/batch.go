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

const (
	// smallSize is up to which size objects are sent many at a time.
	smallSize = 1 << 20
	// mediumSize is up to which size objects are sent [mediumAtOnce] at a time: helpers hold
	// each in memory, and more while they read it. Larger ones go one by one, and their parts
	// side by side.
	mediumSize   = 8 << 20
	mediumAtOnce = 3
	// stagedMode is for this user alone.
	stagedMode = 0o600
)

// A batch keeps bytes in temporary files until they are published: their
// key is known at their end, and an upload that is given up leaves no trace.
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
func (b *batch) Create() (backend.StagedFile, error) {
	f, err := b.spool.Create()
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Close is part of [backend.Batch].
func (b *batch) Close() error { return os.RemoveAll(b.spool.Dir) }

// Publish sends objects side by side, the fewer the larger they are.
func (b *batch) Publish(ctx context.Context, items []backend.Item) error {
	var small, medium, large []backend.Item
	for _, it := range items {
		switch {
		case it.Path == "":
		case it.Size <= smallSize:
			small = append(small, it)
		case it.Size <= mediumSize:
			medium = append(medium, it)
		default:
			large = append(large, it)
		}
	}
	send := func(it backend.Item) error { return b.send(ctx, it) }
	if err := backend.Each(ctx, small, send); err != nil {
		return err
	}
	if err := backend.EachOf(ctx, mediumAtOnce, medium, send); err != nil {
		return err
	}
	return backend.EachOf(ctx, 1, large, send)
}

// send stores one item. Whatever the helper says, an item that is there then
// is stored: another upload was first, or an answer got lost.
func (b *batch) send(ctx context.Context, it backend.Item) error {
	header := http.Header{wire.SHA256Header: {it.SHA256}, "Content-Type": {"application/octet-stream"}}
	if !it.Replace {
		header.Set("If-None-Match", "*")
	}
	err := b.remote.simple(ctx, call{
		method: http.MethodPut, key: string(it.Key), header: header, size: it.Size,
		body: func() (io.ReadCloser, error) { return os.Open(it.Path) },
	})
	if err != nil && ctx.Err() == nil {
		same, holdsErr := backend.Holds(ctx, b.remote, it)
		if conflict, ok := holdsErr.(*backend.ConflictError); ok {
			return conflict
		}
		if same {
			err = nil
		} else if errors.Is(err, fs.ErrExist) && backend.Lacking(holdsErr) != "" {
			return holdsErr // what is there cannot be looked at
		}
	}
	if err != nil {
		return fmt.Errorf("storing blob %q: %w", string(it.Key), err)
	}
	return backend.Drop(it.Path)
}
