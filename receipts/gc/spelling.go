package gc

import (
	"context"
	"errors"
	"path"
	"slices"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/receipts/names"
)

// Where the store's file system ignores case or normalises names, branches such as prices
// and Prices share a folder, which is listed by one of the names. An object in it is in
// use if a receipt names it by any of them.

// uses reports whether a receipt names an object, by the key that the store lists it
// under or by another that opens it. A branch whose folder is listed itself has none of
// its objects in another folder.
func (c *collection) uses(key blobs.Key) (bool, error) {
	names, err := c.named(key)
	return slices.ContainsFunc(names, func(by blobs.Key) bool { return by == key || !c.listed[path.Dir(string(by))] }), err
}

// named returns the keys by which receipts may name an object: its own, and those in
// folders that some file system takes for its folder.
func (c *collection) named(key blobs.Key) (by []blobs.Key, err error) {
	all := []blobs.Key{key}
	for _, other := range c.alike(path.Dir(string(key))) {
		all = append(all, blobs.Key(other+"/"+path.Base(string(key))))
	}
	for _, one := range all {
		used, err := c.roots.uses(one)
		if err != nil {
			return nil, err
		}
		if used {
			by = append(by, one)
		}
	}
	return by, nil
}

// alike returns the other branches whose folder some file system takes for this one.
func (c *collection) alike(folder string) []string {
	if c.forms == nil || c.known != len(c.roots.branches) {
		c.forms, c.known = map[string][]string{}, len(c.roots.branches)
		for branch := range c.roots.branches {
			form := names.Fold(branch)
			c.forms[form] = append(c.forms[form], branch)
		}
	}
	same := c.forms[names.Fold(folder)]
	if !slices.Contains(same, folder) {
		return same
	}
	return slices.DeleteFunc(slices.Clone(same), func(branch string) bool { return branch == folder })
}

// isSpelling reports whether a folder that the store lists is that of a branch which is
// known by another spelling: the one opens what is in the other.
func (c *collection) isSpelling(ctx context.Context, folder string) (bool, error) {
	form := names.Fold(folder)
	others := slices.Clip(c.alike(folder))
	for _, gone := range c.opts.Gone {
		if names.Fold(gone) == form {
			others = append(others, gone)
		}
	}
	for _, other := range others {
		if _, apart := c.objects[other]; apart {
			continue
		}
		_, err := c.store.Stat(ctx, blobs.Key(other+"/"+c.objects[folder]))
		if !errors.Is(err, blobs.ErrNotFound) {
			return err == nil, err
		}
	}
	return false, nil
}
