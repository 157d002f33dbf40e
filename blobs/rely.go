package blobs

import (
	"context"
	"errors"
	"strings"

	"github.com/git-datapact/git-datapact/blobs/backend"
)

// Rely makes objects of a branch part of the upload, of which it is known that a file was
// stored as them, and does what [Upload.Put] does with bytes that turn out to be there, but for
// comparing them. It reports of each whether it did: not where the store does not have an
// object of that size under the key, or cannot make it young, and the file itself is to be put.
//
// Of many it lists the branch in a bucket, before it asks for those that were not shown. It
// also does not rely on a small one in a bucket that had none of the last ones, such as a new
// bucket, without asking.
func (u *Upload) Rely(ctx context.Context, branch string, all []Object) ([]bool, error) {
	if u.isOver() {
		return nil, errDone
	}
	young := u.listYoung(ctx, branch, all)
	relied, at := make([]bool, len(all)), make([]int, len(all))
	for i := range at {
		at[i] = i
	}
	err := backend.EachOf(ctx, u.store.Transfers(), at, func(i int) (err error) {
		relied[i], err = u.rely(ctx, all[i], young[all[i].Key])
		return err
	})
	return relied, err
}

// listYoung returns which of many objects a listing of their branch in a bucket shows as young.
func (u *Upload) listYoung(ctx context.Context, branch string, objects []Object) map[Key]bool {
	if u.sender == nil || len(objects) <= fewKeys {
		return nil
	}
	sizes, young := make(map[Key]int64, len(objects)), map[Key]bool{}
	for _, object := range objects {
		sizes[object.Key] = object.Size
	}
	for have := range bounded(u.store.backend.List(ctx, branch+"/"), len(objects)) {
		if size, wanted := sizes[have.Key]; wanted && size == have.Size && have.Young() {
			if young[have.Key] = true; len(young) == len(sizes) {
				break
			}
		}
	}
	return young
}

// rely is Rely for one object, which may be known to be young.
func (u *Upload) rely(ctx context.Context, object Object, young bool) (bool, error) {
	if !young && u.sender != nil && object.Size <= unaskedSize && u.vain.Load() >= unaskedAfter {
		return false, nil
	}
	if !young {
		var err error
		if young, err = u.store.young(ctx, object); !young || err != nil {
			u.vain.Add(1)
			return false, err
		}
	}
	u.vain.Store(0)
	mine := &item{Item: backend.Item{Object: object}, existed: true, sure: true, settled: u.settled}
	first := u.claim(mine)
	select {
	case <-first.settled:
		return first.err == nil && first.Object == object, nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
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
