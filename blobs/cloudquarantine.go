package blobs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"gocloud.dev/blob"
)

const (
	// refreshAge is from which age on an object that an upload relies on is sent
	// again: half the time for which collections of garbage leave young ones alone.
	refreshAge = 7 * 24 * time.Hour
	// copyLimit is the size in bytes up to which servers copy objects themselves:
	// 5 GiB in S3.
	copyLimit = 5 << 30
)

func (c *cloud) refresh(_ context.Context, have entry) (bool, error) {
	return time.Since(have.ModTime) < refreshAge, nil
}

func (c *cloud) folders(ctx context.Context, prefix string) ([]string, error) {
	var names []string
	for o, err := range c.objects(ctx, blob.ListOptions{Prefix: prefix, Delimiter: "/"}) {
		if err != nil {
			return nil, err
		}
		if o.IsDir {
			names = append(names, strings.TrimSuffix(strings.TrimPrefix(o.Key, prefix), "/"))
		}
	}
	return names, nil
}

// setAside copies the object, looks whether it is still the same, and deletes it:
// no bucket does that at once. A copy that was not needed stays in quarantine, since
// another process may have made the same one, and needs it.
func (c *cloud) setAside(ctx context.Context, from, to Key, before time.Time) (bool, error) {
	old, err := c.stat(ctx, from)
	if errors.Is(err, ErrNotFound) || err == nil && old.ModTime.After(before) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err := c.copy(ctx, old, to); err != nil {
		if errors.Is(err, ErrNotFound) { // another process was first
			return false, nil
		}
		return false, fmt.Errorf("moving blob %q to quarantine: %w", string(from), err)
	}
	now, err := c.stat(ctx, from)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return false, err
	}
	if err != nil || !now.ModTime.Equal(old.ModTime) {
		return false, nil
	}
	return true, c.removeIfThere(ctx, from)
}

func (c *cloud) restore(ctx context.Context, from, to Key) error {
	have, err := c.stat(ctx, from)
	if err != nil {
		return err
	}
	if err := c.copy(ctx, have, to); err != nil {
		return fmt.Errorf("bringing blob %q back from quarantine: %w", string(to), err)
	}
	return c.removeIfThere(ctx, from)
}

func (c *cloud) removeIfThere(ctx context.Context, key Key) error {
	if err := c.remove(ctx, key); !errors.Is(err, ErrNotFound) {
		return err
	}
	return nil
}

// copy makes sure that the copy is there and whole. What it says is the server's.
func (c *cloud) copy(ctx context.Context, have entry, to Key) error {
	var err error
	if have.Size > copyLimit {
		err = c.stream(ctx, have, to)
	} else {
		err = c.bucket.Copy(ctx, string(to), string(have.Key), nil)
	}
	if err != nil {
		return c.translate(ctx, err)
	}
	made, err := c.stat(ctx, to)
	if err == nil && made.Size != have.Size {
		err = fmt.Errorf("the copy has %d bytes, want %d", made.Size, have.Size)
	}
	return err
}

// stream copies an object by reading and writing it.
func (c *cloud) stream(ctx context.Context, have entry, to Key) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // before the reader fails, so that no partial object is published
	r, err := c.open(ctx, have.Key)
	if err != nil {
		return err
	}
	defer r.Close()
	guarded := readerFunc(func(p []byte) (int, error) {
		n, err := r.Read(p)
		if err != nil && err != io.EOF {
			cancel()
		}
		return n, err
	})
	opts := &blob.WriterOptions{BufferSize: int(partFor(have.Size)), MaxConcurrency: 1, ContentType: contentType}
	if have.sha256 != "" {
		opts.Metadata = map[string]string{digestKey: have.sha256}
	}
	return c.bucket.Upload(ctx, string(to), guarded, opts)
}
