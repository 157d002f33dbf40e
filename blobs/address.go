package blobs

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// An addressed backend knows where other programs find its objects. The time is 0, or that
// for which anybody is to be able to read the object by the URL, without keys.
type addressed interface {
	Address(ctx context.Context, key Key, valid time.Duration) (Address, error)
}

// Address is where other programs find an object as it is stored, which is there now and has
// the size that it should have. With a time, anybody can read the object by the URL for so
// long, or until Expires if that is sooner. A store that is not able to is an
// [errors.ErrUnsupported]. A missing object is an [ErrNotFound]; one in quarantine is not
// missing.
func (s *Store) Address(ctx context.Context, obj Object, valid time.Duration) (Address, error) {
	if err := obj.Key.Check(); err != nil {
		return Address{}, err
	}
	b, ok := s.backend.(addressed)
	if !ok {
		return Address{}, fmt.Errorf("making a URL of blob %q: %w", string(obj.Key), errors.ErrUnsupported)
	}
	var found Address
	err := s.anywhere(ctx, obj.Key, func(at Key) error {
		e, err := s.backend.Stat(ctx, at)
		if err == nil && e.Size != obj.Size {
			err = &CorruptError{Key: obj.Key, What: "size", Got: strconv.FormatInt(e.Size, 10), Want: strconv.FormatInt(obj.Size, 10)}
		}
		if err == nil {
			found, err = b.Address(ctx, at, valid)
		}
		return err
	})
	return found, err
}
