package remote

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/git-datapact/git-datapact/blobs/backend"
	"github.com/git-datapact/git-datapact/blobs/wire"
)

// Refresh is part of [backend.Backend].
func (r *Remote) Refresh(_ context.Context, have backend.Entry) (bool, error) {
	return have.Young(), nil
}

// SetAside copies the object, looks whether it is still the same, and deletes it:
// no bucket does that at once. A copy that was not needed stays in quarantine, since
// another process may have made the same one, and needs it.
func (r *Remote) SetAside(ctx context.Context, from, to backend.Key, before time.Time) (bool, error) {
	old, err := r.Stat(ctx, from)
	if errors.Is(err, backend.ErrNotFound) || err == nil && old.ModTime.After(before) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err := r.copy(ctx, old, to); err != nil {
		if errors.Is(err, backend.ErrNotFound) { // another process was first
			return false, nil
		}
		return false, fmt.Errorf("moving blob %q to quarantine: %w", string(from), err)
	}
	now, err := r.Stat(ctx, from)
	if err != nil && !errors.Is(err, backend.ErrNotFound) {
		return false, err
	}
	if err != nil || !now.ModTime.Equal(old.ModTime) {
		return false, nil
	}
	return true, r.removeIfThere(ctx, from)
}

// Restore is part of [backend.Backend].
func (r *Remote) Restore(ctx context.Context, from, to backend.Key) error {
	have, err := r.Stat(ctx, from)
	if err != nil {
		return err
	}
	if err := r.copy(ctx, have, to); err != nil {
		return fmt.Errorf("bringing blob %q back from quarantine: %w", string(to), err)
	}
	return r.removeIfThere(ctx, from)
}

func (r *Remote) removeIfThere(ctx context.Context, key backend.Key) error {
	if err := r.Remove(ctx, key); !errors.Is(err, backend.ErrNotFound) {
		return err
	}
	return nil
}

// copy makes sure that the copy is there and whole. What it says is the helper's.
func (r *Remote) copy(ctx context.Context, have backend.Entry, to backend.Key) error {
	var err error
	if r.copies {
		header := http.Header{"Destination": {(&url.URL{Path: "/" + string(to)}).EscapedPath()}}
		header.Set(wire.SizeHeader, strconv.FormatInt(have.Size, 10))
		if have.SHA256 != "" {
			header.Set(wire.SHA256Header, have.SHA256)
		}
		err = r.simple(ctx, call{method: "COPY", key: string(have.Key), header: header})
	} else {
		err = r.carry(ctx, have, to)
	}
	if err != nil {
		return err
	}
	made, err := r.Stat(ctx, to)
	if err == nil && made.Size != have.Size {
		err = fmt.Errorf("the copy has %d bytes, want %d", made.Size, have.Size)
	}
	return err
}

// carry copies an object by reading and storing it.
func (r *Remote) carry(ctx context.Context, have backend.Entry, to backend.Key) (err error) {
	b, err := r.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	object, err := r.Open(ctx, have.Key)
	if err != nil {
		return err
	}
	defer object.Close()
	staged, err := b.Create(ctx, backend.Once)
	if err != nil {
		return err
	}
	sum := sha256.New()
	_, err = io.Copy(io.MultiWriter(staged, sum), object)
	if err = errors.Join(err, staged.Close()); err != nil {
		return err
	}
	copied := backend.Object{Key: to, Size: have.Size, SHA256: hex.EncodeToString(sum.Sum(nil))}
	return b.Publish(ctx, []backend.Item{{Object: copied, Path: staged.Name(), Replace: true}})
}
