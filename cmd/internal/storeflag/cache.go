package storeflag

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/blobs/cache"
	"github.com/git-datapact/git-datapact/cmd/internal/units"
	"github.com/git-datapact/git-datapact/gitcmd"
)

const (
	// cacheKey and cacheSizeKey are keys of git's configuration.
	cacheKey, cacheSizeKey = "datapact.cache", "datapact.cacheSize"
	cacheVariable          = "DATAPACT_CACHE"
	// defaultCacheSize is the size of a cache for which none is told.
	defaultCacheSize = 10 << 30
)

// A Cache is a cache that was chosen.
type Cache struct {
	Dir   string // "" for none
	Limit int64  // bytes
	Why   string // what chose it
}

// FindCache finds the folder that $DATAPACT_CACHE, or else git config datapact.cache,
// chooses for a cache.
func FindCache(ctx context.Context, repository *gitcmd.Repository) (c Cache, err error) {
	c.Dir, c.Why = os.Getenv(cacheVariable), "$"+cacheVariable
	if c.Dir == "" {
		c.Why = "git config " + cacheKey
		if c.Dir, _, err = repository.Config(ctx, cacheKey); err != nil || c.Dir == "" {
			return c, err
		}
	}
	if below, ok := strings.CutPrefix(c.Dir, "~/"); ok {
		home, err := os.UserHomeDir()
		if err != nil {
			return c, fmt.Errorf("%s: %w", c.Why, err)
		}
		c.Dir = filepath.Join(home, below)
	}
	if !filepath.IsAbs(c.Dir) {
		return c, gitcmd.WithHint(fmt.Errorf("%s: %q is not the absolute path of a folder", c.Why, c.Dir), "want a path such as ~/.cache/git-datapact")
	}
	size := units.Size(defaultCacheSize)
	text, told, err := repository.Config(ctx, strings.ToLower(cacheSizeKey))
	if err == nil && told {
		if err = size.UnmarshalText([]byte(strings.ToUpper(text))); err != nil {
			err = fmt.Errorf("git config %s: %w", cacheSizeKey, err)
		}
	}
	c.Limit = int64(size)
	return c, err
}

// Open returns the cache, nil for none.
func (c Cache) Open() *cache.Cache {
	if c.Dir == "" {
		return nil
	}
	return cache.New(c.Dir, c.Limit)
}

// UseCache has a store read through the cache that the repository is told to use, if any.
// Commands do not that are about what is in the store itself.
func UseCache(ctx context.Context, repository *gitcmd.Repository, store *blobs.Store) error {
	chosen, err := FindCache(ctx, repository)
	if err == nil {
		store.UseCache(chosen.Open())
	}
	return err
}
