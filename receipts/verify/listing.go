package verify

import (
	"context"
	"crypto/sha256"
	"sync"
	"time"

	"github.com/git-datapact/git-datapact/blobs"
)

// few is how many blobs of a branch are looked up one by one. For more, all of the
// branch are listed, which takes a request for a thousand of them.
const few = 256

// most is how many blobs of a branch a listing keeps, which takes some 100 MiB. The
// others are looked up one by one.
const most = 2_000_000

// listings are the blobs of branches as the store lists them.
type listings struct {
	store    *blobs.Store
	mu       sync.Mutex
	branches map[string]*listing
}

// A listing is that of one branch.
type listing struct {
	mu    sync.Mutex
	asked int
	blobs map[mark]listed // by their keys; nil before the branch is listed
}

type listed struct{ size, modified int64 } // in bytes, and in nanoseconds since 1970

// lookUp tells what the store knows of a blob. One that a listing does not have is
// looked up by itself: it may have come since, or listing may be forbidden.
func (l *listings) lookUp(ctx context.Context, c *claim) (blobs.Attributes, error) {
	key := c.object.Key
	known, ok := l.branch(c.branch).find(ctx, l.store, c)
	if ok {
		return blobs.Attributes{Key: key, Size: known.size, ModTime: time.Unix(0, known.modified)}, nil
	}
	return l.store.Stat(ctx, key)
}

func (l *listings) branch(name string) *listing {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.branches[name] == nil {
		l.branches[name] = &listing{}
	}
	return l.branches[name]
}

func (l *listing) find(ctx context.Context, store *blobs.Store, c *claim) (listed, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.asked++; l.asked > few && l.blobs == nil {
		l.blobs = map[mark]listed{}
		for a, err := range store.List(ctx, c.branch+"/") {
			if err != nil || len(l.blobs) == most {
				break // what is not in the list is looked up
			}
			l.blobs[keyMark(a.Key)] = listed{a.Size, a.ModTime.UnixNano()}
		}
	}
	found, ok := l.blobs[keyMark(c.object.Key)]
	return found, ok
}

// keyMark stands for a key.
func keyMark(key blobs.Key) mark {
	sum := sha256.Sum256([]byte(key))
	return mark(sum[:16])
}
