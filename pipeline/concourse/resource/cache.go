package resource

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/gofrs/flock"

	"github.com/git-datapact/git-datapact/gitcmd/remote"
)

// A Cache is a folder in which checks leave their clones for those that come after
// them: one for each branch of a repository. A clone that was not left in good
// order, or that has become many files, is made anew, which costs little. Any
// number of processes may use the folder.
type Cache struct {
	Dir    string
	Clones int // that are kept, 0 for 32
	Packs  int // that a clone may hold, 0 for 50
}

// NewCache is the cache of this user: git-datapact-resource in $XDG_CACHE_HOME,
// else a folder in that for temporary files.
func NewCache() *Cache {
	if dir := os.Getenv("XDG_CACHE_HOME"); filepath.IsAbs(dir) {
		return &Cache{Dir: filepath.Join(dir, "git-datapact-resource")}
	}
	return &Cache{Dir: filepath.Join(os.TempDir(), "git-datapact-resource-"+strconv.Itoa(os.Getuid()))}
}

// The files beside a clone's repository.
const (
	cloneDir  = "clone.git"
	busyFile  = "busy"  // there while a process works, or since one was killed
	wholeFile = "whole" // there when the server gives whole branches only
)

// locks is how many lock files there are. Clones that share one wait for each
// other.
const locks = 64

// clone does some work in the clone of a source. Work that fails on what was left
// there is done again in a new one.
func (c *Cache) clone(ctx context.Context, server *server, source *Source, do func(context.Context, *remote.Clone) error) error {
	if c == nil || c.prepare() != nil {
		how := server.clone
		if source.Plan != "" {
			how = server.wholeClone
		}
		clone, err := how(ctx, do)
		if err != nil {
			return err
		}
		return clone.Close()
	}
	place, err := c.take(ctx, source)
	if err != nil {
		return err
	}
	defer place.release()
	defer c.prune(place)
	if source.Plan != "" {
		if err := place.mark(wholeFile); err != nil {
			return err
		}
	}
	for {
		used, whole := place.exists(cloneDir), place.exists(wholeFile)
		err := c.work(ctx, server, place, do)
		switch {
		case err == nil || ctx.Err() != nil:
			return err
		case errors.Is(err, remote.ErrWhole) && !whole:
			if err := errors.Join(place.empty(), place.mark(wholeFile)); err != nil {
				return err
			}
		case !used || remote.IsUnreachable(err):
			return err
		default: // maybe the clone is damaged
			if err := place.empty(); err != nil {
				return err
			}
			if whole {
				if err := place.mark(wholeFile); err != nil {
					return err
				}
			}
		}
	}
}

func (c *Cache) work(ctx context.Context, server *server, place *place, do func(context.Context, *remote.Clone) error) error {
	if err := place.mark(busyFile); err != nil {
		return err
	}
	clone, err := server.Clone(filepath.Join(place.dir, cloneDir), place.exists(wholeFile))
	if err != nil {
		return err
	}
	err = server.work(ctx, func(ctx context.Context) error {
		err := do(ctx, clone)
		if err == nil && clone.Whole() {
			err = clone.Pack(ctx, c.packs())
		}
		return clone.Explain(ctx, err)
	})
	if err = errors.Join(err, clone.Close()); err != nil {
		return err
	}
	return os.Remove(filepath.Join(place.dir, busyFile))
}

// prepare makes the folder, and makes sure that nobody else can reach into it.
func (c *Cache) prepare() error {
	if err := os.MkdirAll(filepath.Dir(c.Dir), 0o700); err != nil {
		return err
	}
	if err := os.Mkdir(c.Dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	info, err := os.Lstat(c.Dir)
	if err != nil {
		return err
	}
	if !info.IsDir() || info.Mode().Perm()&0o077 != 0 || !owned(info) {
		return fmt.Errorf("%s: not a folder that only this user can use", c.Dir)
	}
	return nil
}

// A place is where a clone is kept, locked.
type place struct {
	dir  string
	lock *flock.Flock
}

// take locks the place of a source. A place in which a process was killed is
// emptied.
func (c *Cache) take(ctx context.Context, source *Source) (*place, error) {
	sum := sha256.Sum256([]byte(source.URI + "\x00" + source.Branch + "\x00" + source.Plan))
	p := &place{dir: filepath.Join(c.Dir, hex.EncodeToString(sum[:16])), lock: c.lock(sum[0])}
	if _, err := p.lock.TryLockContext(ctx, 20*time.Millisecond); err != nil {
		return nil, fmt.Errorf("waiting for another check: %w", err)
	}
	err := os.Mkdir(p.dir, 0o700)
	if errors.Is(err, os.ErrExist) {
		err = nil
		if p.exists(busyFile) {
			err = p.empty()
		}
	}
	if err == nil {
		now := time.Now()
		err = os.Chtimes(p.dir, now, now)
	}
	if err != nil {
		p.release()
		return nil, err
	}
	return p, nil
}

func (c *Cache) lock(first byte) *flock.Flock {
	return flock.New(filepath.Join(c.Dir, fmt.Sprintf("lock-%02d", first%locks)), flock.SetPermissions(0o600))
}

func (p *place) release() { _ = p.lock.Close() }

func (p *place) exists(name string) bool {
	_, err := os.Lstat(filepath.Join(p.dir, name))
	return err == nil
}

func (p *place) mark(name string) error {
	return os.WriteFile(filepath.Join(p.dir, name), nil, 0o600)
}

// empty removes the clone and what is beside it.
func (p *place) empty() error {
	if err := os.RemoveAll(p.dir); err != nil {
		return err
	}
	return os.Mkdir(p.dir, 0o700)
}

func (c *Cache) packs() int { return cmp.Or(c.Packs, 50) }

// prune removes the clone that was just used when it has become many files, and of
// the others those that were not used for longest when there are too many.
func (c *Cache) prune(used *place) {
	packs, _ := filepath.Glob(filepath.Join(used.dir, cloneDir, "objects", "pack", "*.pack"))
	if len(packs) > c.packs() {
		_ = used.empty()
	}
	entries, err := os.ReadDir(c.Dir)
	if err != nil {
		return
	}
	type clone struct {
		name string
		last time.Time
	}
	var clones []clone
	for _, entry := range entries {
		info, err := entry.Info()
		if err == nil && entry.IsDir() {
			clones = append(clones, clone{entry.Name(), info.ModTime()})
		}
	}
	slices.SortFunc(clones, func(a, b clone) int { return b.last.Compare(a.last) })
	for _, old := range clones[min(cmp.Or(c.Clones, 32), len(clones)):] {
		c.remove(old.name, used)
	}
}

// remove removes a clone that nobody uses.
func (c *Cache) remove(name string, used *place) {
	first, err := hex.DecodeString(name[:min(2, len(name))])
	dir := filepath.Join(c.Dir, name)
	if err != nil || len(first) == 0 || dir == used.dir {
		return
	}
	lock := c.lock(first[0])
	if lock.Path() != used.lock.Path() {
		if locked, err := lock.TryLock(); err != nil || !locked {
			return
		}
		defer lock.Close()
	}
	_ = os.RemoveAll(dir)
}
