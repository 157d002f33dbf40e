package blobs

import (
	"context"
	"errors"
	"strings"

	"github.com/git-datapact/git-datapact/blobs/backend"
)

// Rely makes an object part of the upload of which it is known how it was stored for the
// branch, and does what [Upload.Put] does with bytes that turn out to be there, but for
// comparing them. It reports false where the store does not have an object of that size under
// the key, or cannot make it young: then the file itself is to be put. It also does about a
// small one for a bucket that had none of the last ones, such as a new bucket, without asking.
func (u *Upload) Rely(ctx context.Context, branch string, stored Stored) (bool, error) {
	key, err := NewKey(branch, stored.Blob)
	if err != nil {
		return false, err
	}
	if u.isOver() {
		return false, errDone
	}
	if u.sender != nil && stored.Size <= unaskedSize && u.vain.Load() >= unaskedAfter {
		return false, nil
	}
	object := Object{Key: key, Size: stored.Size, SHA256: stored.SHA256}
	mine := &item{Item: backend.Item{Object: object}, existed: true, sure: true, settled: make(chan struct{})}
	first := u.claim(mine)
	if first != mine {
		select {
		case <-first.settled:
			return first.err == nil && first.Object == object, nil
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
	there, err := u.store.young(ctx, object)
	if !there || err != nil {
		mine.err = errors.Join(err, ErrNotFound)
		u.disclaim(mine)
		u.vain.Add(1)
	} else {
		u.vain.Store(0)
	}
	close(mine.settled)
	return there, err
}

// young looks whether an object is there, and makes it young: so a collection of garbage
// either leaves it, or is seen to have set it aside.
func (s *Store) young(ctx context.Context, object Object) (bool, error) {
	have, err := s.backend.Stat(ctx, object.Key)
	if err != nil || !is(have, object) {
		return false, missing(err)
	}
	return s.backend.Refresh(ctx, have)
}

// is reports whether what a store has may be an object.
func is(have backend.Entry, object Object) bool {
	return have.Size == object.Size && (have.SHA256 == "" || strings.EqualFold(have.SHA256, object.SHA256))
}

// missing takes an error for none that says that there is no object, or that this cannot be
// told.
func missing(err error) error {
	if errors.Is(err, ErrNotFound) || backend.Lacking(err) != "" {
		return nil
	}
	return err
}
