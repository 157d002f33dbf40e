// Package cloud serves buckets of gocloud.dev/blob to commands, by the protocol of package
// wire: it is what the helpers for clouds have in common.
package cloud

import (
	"context"
	"errors"
	"io/fs"
	"sync"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/git-datapact/git-datapact/blobs/backend"
	"github.com/git-datapact/git-datapact/blobs/wire"
)

// A Bucket is a bucket of gocloud.dev/blob and what its driver knows beside.
type Bucket struct {
	*blob.Bucket
	Name string // for messages, "" if unknown
	// Explain tells what an error of the driver means: the reason, on a line and
	// without anything secret, and what errors.Is is to know it by: nil or one of
	// backend.ErrNotFound, ErrNoBucket, ErrDenied and ErrURL. It answers "", nil about
	// one that it does not know. May be nil.
	Explain func(err error) (reason string, kind error)
	// Unconditional reports whether the server was found not to know writes on the
	// condition that a key is free. May be nil.
	Unconditional func() bool
	Unordered     bool // nothing is known of the order in which it lists

	mu    sync.Mutex
	known bool // the bucket exists, or cannot be asked for
}

// fault tells what a driver's error means.
func (b *Bucket) fault(ctx context.Context, err error) *wire.Error {
	reason, kind := b.meaning(err)
	if kind == backend.ErrNotFound && b.gone(ctx) {
		kind = backend.ErrNoBucket
	}
	silent, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	w := &wire.Error{Message: reason}
	switch {
	case kind == backend.ErrNotFound:
		w.Kind = wire.NotFound
	case kind == backend.ErrNoBucket:
		w.Kind = wire.NoBucket
	case kind == backend.ErrDenied:
		w.Kind = wire.Denied
	case kind == backend.ErrURL, errors.Is(err, backend.ErrURL):
		w.Kind = wire.Invalid
	case kind == fs.ErrExist:
		w.Kind = wire.Exists
	case ok && silent.Timeout():
		w.Kind = wire.Silent
	}
	return w
}

// meaning is what the driver's own words and codes say.
func (b *Bucket) meaning(err error) (reason string, kind error) {
	if b.Explain != nil {
		reason, kind = b.Explain(err)
	}
	switch code := gcerrors.Code(err); {
	case code == gcerrors.FailedPrecondition && kind == nil:
		kind = fs.ErrExist
	case reason != "" || kind != nil:
	case code == gcerrors.NotFound, backend.IsMissing(err):
		kind = backend.ErrNotFound
	case code == gcerrors.PermissionDenied:
		kind = backend.ErrDenied
	}
	if reason == "" {
		reason = err.Error()
	}
	return reason, kind
}

// gone reports whether it is the bucket that is not there: some servers answer
// to a look-up of an object alike. It asks once.
func (b *Bucket) gone(ctx context.Context) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.known {
		return false
	}
	var a advance // for servers that go on without an object
	_, _, err := b.ListPage(ctx, blob.FirstPageToken, 1, &blob.ListOptions{
		BeforeList: func(func(any) bool) error { return a.nextPage() },
	})
	missing := false
	if err != nil && ctx.Err() == nil {
		_, kind := b.meaning(err)
		missing = kind == backend.ErrNotFound || kind == backend.ErrNoBucket
	}
	b.known = !missing && ctx.Err() == nil
	return missing
}
