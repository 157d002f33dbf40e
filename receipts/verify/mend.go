package verify

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/git-datapact/git-datapact/blobs"
)

// mend copies a blob that is missing or has other bytes from the mirror, where it
// proves itself, and checks the store again. What other bytes cannot mend, or what
// the store does not answer about, stays as it is.
func (r *run) mend(ctx context.Context, c *check, v verdict) verdict {
	if v.kind != Missing && v.kind != Size && v.kind != Digest {
		return v
	}
	if r.opts.DryRun {
		return r.foresee(ctx, c, v)
	}
	if err := r.copy(ctx, c.object); err != nil {
		if errors.Is(err, blobs.ErrNoBucket) {
			r.stop(fmt.Errorf("reading the other store: %w", err))
		}
		v.what = fmt.Sprintf("%s; not mended: %v", v.what, err)
		return v
	}
	if after := r.prove(ctx, c); after.kind != "" {
		after.what = fmt.Sprintf("%s; copied from the other store, and then: %s", v.what, after.what)
		return after
	}
	v.what += "; mended from the other store"
	v.mended = true
	return v
}

// foresee tells whether a blob would be mended, as far as that can be told without
// reading it.
func (r *run) foresee(ctx context.Context, c *check, v verdict) verdict {
	err := r.anyMirror(func(mirror *blobs.Store) error {
		found, err := mirror.Stat(ctx, c.object.Key)
		if err == nil && found.Size != c.object.Size {
			err = fmt.Errorf("size is %d, want %d", found.Size, c.object.Size)
		}
		return err
	})
	if v.mended = err == nil; !v.mended {
		v.what = fmt.Sprintf("%s; in the other store: %s", v.what, reason(err))
	}
	return v
}

// copy mends the store from the first mirror that has the object right.
func (r *run) copy(ctx context.Context, object blobs.Object) error {
	return r.anyMirror(func(mirror *blobs.Store) error {
		var away error
		err := r.store.Mend(ctx, object, func(ctx context.Context) (good io.ReadCloser, err error) {
			if good, err = mirror.Get(ctx, object); err != nil {
				err = fmt.Errorf("in the other store: %w", err)
			}
			away = err
			return good, err
		})
		if away != nil {
			return away
		}
		return err
	})
}

// anyMirror calls do with each mirror until it succeeds. The error is that of the last one.
func (r *run) anyMirror(do func(*blobs.Store) error) error {
	var err error
	for _, mirror := range r.opts.Mirrors {
		if err = do(mirror); err == nil {
			return nil
		}
	}
	return err
}
