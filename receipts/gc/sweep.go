package gc

import (
	"context"
	"errors"
	"path"
	"slices"
	"sync"

	"github.com/git-datapact/git-datapact/blobs"
)

// batch is how many objects are moved or removed between two looks at the refs.
const batch = 500

// sweep does what the options ask for. Whatever was set aside before and is named
// by a receipt is brought back first.
func (c *collection) sweep(ctx context.Context) error {
	if !c.opts.Delete && !c.opts.Purge {
		return nil
	}
	if err := c.heal(ctx); err != nil {
		return err
	}
	if c.opts.Purge {
		if err := c.purge(ctx); err != nil {
			return err
		}
	}
	if !c.opts.Delete {
		return nil
	}
	if err := c.delete(ctx); err != nil {
		return err
	}
	if err := c.store.Tidy(ctx, c.opts.Before); !errors.Is(err, blobs.ErrDenied) { // keys that may not list them made none here
		return err
	}
	return nil
}

// heal brings back what receipts name: a recording or a collection that was killed
// may have left it in quarantine.
func (c *collection) heal(ctx context.Context) error {
	for _, q := range c.aside {
		if err := c.restoreNamed(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

// restoreNamed brings an object back by the names that receipts have for it, any of which
// may open it.
func (c *collection) restoreNamed(ctx context.Context, q blobs.Quarantined) error {
	names, err := c.named(q.Key)
	if err != nil {
		return err
	}
	for _, key := range names {
		if err := c.restore(ctx, candidate{key, q.Size}); err != nil {
			return err
		}
	}
	return nil
}

func (c *collection) restore(ctx context.Context, object candidate) error {
	restored, err := c.store.Restore(ctx, object.key)
	if errors.Is(err, blobs.ErrNotFound) { // nothing to be done about it here
		return nil
	}
	if restored {
		c.dataset(path.Dir(string(object.key))).Restored.add(object.size)
	}
	return err
}

// purge removes what has been in quarantine for long enough.
func (c *collection) purge(ctx context.Context) error {
	old := slices.DeleteFunc(slices.Clone(c.aside), func(q blobs.Quarantined) bool {
		since, err := q.Run.Time()
		return err != nil || since.After(c.opts.Before) || q.ModTime.After(c.opts.Before)
	})
	done := 0
	for some := range slices.Chunk(old, batch) {
		if err := c.roots.refresh(ctx); err != nil {
			return err
		}
		for _, q := range some {
			if err := c.purgeOne(ctx, q); err != nil {
				return err
			}
		}
		done += len(some)
		c.progress(Purging, done, len(old))
	}
	return nil
}

// purgeOne removes a copy that no receipt names, or that is one too many.
func (c *collection) purgeOne(ctx context.Context, q blobs.Quarantined) error {
	if err := c.restoreNamed(ctx, q); err != nil {
		return err
	}
	purged, err := c.store.Purge(ctx, q)
	if purged {
		c.dataset(path.Dir(string(q.Key))).Purged.add(q.Size)
	}
	return err
}

// delete moves the garbage to quarantine, and brings back what receipts name that
// were committed meanwhile.
func (c *collection) delete(ctx context.Context) error {
	run := blobs.NewRun(c.begun)
	done := 0
	for some := range slices.Chunk(c.garbage, batch) {
		if err := c.roots.refresh(ctx); err != nil {
			return err
		}
		moved, err := c.move(ctx, run, some)
		// Also after a failure or an interrupt, nothing in use stays in quarantine.
		if err := errors.Join(err, c.check(context.WithoutCancel(ctx), moved)); err != nil {
			return err
		}
		done += len(some)
		c.progress(Deleting, done, len(c.garbage))
	}
	return nil
}

// move sets aside those of some objects that no receipt names now, and returns them.
func (c *collection) move(ctx context.Context, run blobs.Run, some []candidate) ([]candidate, error) {
	var mu sync.Mutex
	var moved []candidate
	sizes := make(map[blobs.Key]int64, len(some))
	var keys []blobs.Key
	for _, object := range some {
		used, err := c.uses(object.key)
		if err != nil {
			return nil, err
		}
		if !used {
			keys = append(keys, object.key)
			sizes[object.key] = object.size
		}
	}
	err := c.store.Each(ctx, keys, func(key blobs.Key) error {
		done, err := c.store.Quarantine(ctx, key, run, c.opts.Before)
		if done {
			mu.Lock()
			defer mu.Unlock()
			moved = append(moved, candidate{key, sizes[key]})
		}
		return err
	})
	return moved, err
}

// check brings back those of the objects just moved that a receipt names by now.
func (c *collection) check(ctx context.Context, moved []candidate) error {
	if err := c.roots.refresh(ctx); err != nil {
		return err
	}
	for _, object := range moved {
		used, err := c.uses(object.key)
		if err != nil {
			return err
		}
		if !used {
			c.dataset(path.Dir(string(object.key))).Deleted.add(object.size)
			continue
		}
		if err := c.restore(ctx, object); err != nil {
			return err
		}
	}
	return nil
}

// Restore brings back everything that is in quarantine, and reports it.
func Restore(ctx context.Context, store *blobs.Store) (*Report, error) {
	c := &collection{store: store, datasets: map[string]*Dataset{}, roots: &roots{}}
	for q, err := range store.Quarantined(ctx) {
		if err != nil {
			return nil, err
		}
		c.dataset(path.Dir(string(q.Key))).Quarantined.add(q.Size)
		c.aside = append(c.aside, q)
	}
	for _, q := range c.aside {
		if err := c.restore(ctx, candidate{q.Key, q.Size}); err != nil {
			return nil, err
		}
	}
	return c.report(), nil
}
