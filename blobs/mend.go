package blobs

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/git-datapact/git-datapact/blobs/backend"
)

// Mend puts good bytes under obj's key, in the place of what is there, if anything. It is
// the one way to replace an object, for those whose stored bytes are not what their receipt
// says: the caller has found out that they are not.
//
// What open reads is compared with obj's size and sha256 before any of it shows; if it is
// something else, the store stays as it is. What is large is read as it is sent to a bucket,
// and again where that is tried again. The exchange is a single step: whoever reads the key
// meanwhile has either the old bytes or the new ones. After nil the new ones survive a power
// cut.
func (s *Store) Mend(ctx context.Context, obj Object, open func(context.Context) (io.ReadCloser, error)) error {
	if err := obj.Key.Check(); err != nil {
		return err
	}
	b, err := s.backend.Begin(ctx)
	if err == nil {
		if _, sends := b.(backend.Sender); sends && obj.Size >= bigSize {
			err = pass(ctx, b, obj, open)
		} else {
			err = mend(ctx, b, obj, open)
		}
		if closeErr := b.Close(); err == nil {
			err = closeErr
		}
	}
	if err != nil {
		return fmt.Errorf("mending blob %q: %w", string(obj.Key), err)
	}
	return nil
}

// pass publishes good bytes as they are read.
func pass(ctx context.Context, b backend.Batch, obj Object, open func(context.Context) (io.ReadCloser, error)) error {
	again := func(ctx context.Context) (io.ReadCloser, error) {
		good, err := open(ctx)
		if err != nil {
			return nil, err
		}
		return newProof(good, obj), nil
	}
	return b.Publish(ctx, []backend.Item{{Object: obj, Again: again, Replace: true}})
}

// mend stages good bytes, and publishes them.
func mend(ctx context.Context, b backend.Batch, obj Object, open func(context.Context) (io.ReadCloser, error)) error {
	good, err := open(ctx)
	if err != nil {
		return err
	}
	defer good.Close()
	f, err := b.Create(ctx, backend.Once)
	if err != nil {
		return err
	}
	sum := sha256.New()
	// One byte more than wanted shows that there are more.
	size, err := io.Copy(io.MultiWriter(f, sum), io.LimitReader(backend.ContextReader(ctx, named(good)), obj.Size+1))
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	if size != obj.Size || !strings.EqualFold(hexSum(sum), obj.SHA256) {
		return errors.New("the bytes to put there are not the recorded ones")
	}
	return b.Publish(ctx, []backend.Item{{Object: obj, Path: f.Name(), Replace: true}})
}
