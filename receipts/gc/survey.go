package gc

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/gitcmd"
)

// manyBranches is of how many branches beyond the known ones a store may have objects
// before the rest is not listed: it will not be touched anyway.
const manyBranches = 1000

// survey lists the store: what there is, what of it no receipt names, and whether
// there is a reason not to touch it.
func (c *collection) survey(ctx context.Context) error {
	listed, most := 0, len(c.roots.branches)+len(c.opts.Gone)+manyBranches
	var open []blobs.Attributes // objects that a receipt may name by another spelling
	for object, err := range c.store.List(ctx, "") {
		if err == nil {
			err = c.sane(object)
		}
		if err != nil {
			return err
		}
		folder := path.Dir(string(object.Key))
		c.listed[folder], c.objects[folder] = true, path.Base(string(object.Key))
		named, err := c.roots.uses(object.Key)
		switch {
		case err == nil && !named && len(c.alike(folder)) > 0:
			open = append(open, object)
		case err == nil:
			err = c.judge(object)
		}
		if err != nil {
			return err
		}
		if len(c.datasets) > most {
			if err := c.strangers(ctx); err != nil {
				return err
			}
			most = len(c.datasets) + manyBranches
		}
		if listed++; listed%1000 == 0 {
			c.progress(Listing, listed, 0)
		}
	}
	for _, object := range open { // once all folders are known
		if err := c.judge(object); err != nil {
			return err
		}
	}
	for q, err := range c.store.Quarantined(ctx) {
		if err != nil {
			return err
		}
		folder := path.Dir(string(q.Key))
		c.objects[folder] = path.Base(string(q.Key))
		c.dataset(folder).Quarantined.add(q.Size)
		if c.opts.Delete || c.opts.Purge {
			c.aside = append(c.aside, q)
		}
	}
	return c.strangers(ctx)
}

// sane refuses to compare ages where the clocks are off.
func (c *collection) sane(object blobs.Attributes) error {
	if ahead := time.Until(object.ModTime); ahead > blobs.ClockTolerance {
		return gitcmd.WithHint(fmt.Errorf("blob %q was stored %v in the future: the clock of this machine, or of the store, is off",
			string(object.Key), ahead.Round(time.Second)), "set the clocks right: how old objects are cannot be told")
	}
	return nil
}

// judge counts an object, and remembers it if it is garbage that is to be deleted.
func (c *collection) judge(object blobs.Attributes) error {
	used, err := c.uses(object.Key)
	if err != nil {
		return err
	}
	if !used && !isRecorded(object.Key) {
		c.left.add(object.Size)
		return nil
	}
	d := c.dataset(path.Dir(string(object.Key)))
	d.All.add(object.Size)
	switch {
	case used:
	case object.ModTime.After(c.opts.Before):
		d.Recent.add(object.Size)
	default:
		d.Garbage.add(object.Size)
		if d.Oldest.IsZero() || object.ModTime.Before(d.Oldest) {
			d.Oldest = object.ModTime
		}
		if c.opts.Delete || c.opts.Retention != nil {
			c.garbage = append(c.garbage, candidate{object.Key, object.Size})
		}
	}
	return nil
}

// isRecorded reports whether an object has a name as recordings give them: 40
// hexadecimal digits below the branch.
func isRecorded(key blobs.Key) bool {
	name := path.Base(string(key))
	return len(name) == 40 && strings.Trim(name, "0123456789abcdef") == ""
}

// strangers refuses a store with objects of branches that this repository does not have: they
// may be those of another repository. It also refuses to take a branch for deleted
// that is there.
func (c *collection) strangers(ctx context.Context) error {
	unknown, err := c.unknown(ctx)
	if err == nil && len(unknown) > 0 { // unless they are younger than the list of branches
		if err := c.roots.refresh(ctx); err != nil {
			return err
		}
		unknown, err = c.unknown(ctx)
	}
	if err != nil {
		return err
	}
	if len(unknown) > 0 {
		return gitcmd.WithHint(fmt.Errorf("the store holds objects of branches that this repository does not have: %s", few(unknown)),
			"if another repository keeps its blobs there, nothing must be deleted; a branch that was deleted is named with --gone=BRANCH")
	}
	var faults []error
	for _, branch := range c.opts.Gone {
		if c.roots.branches[branch] {
			faults = append(faults, fmt.Errorf("branch %s is not gone: a ref or a receipt of this repository is of it", branch))
		}
	}
	return errors.Join(faults...)
}

func (c *collection) unknown(ctx context.Context) ([]string, error) {
	var unknown []string
	for _, d := range sorted(c.datasets) {
		if c.roots.branches[d.Branch] || slices.Contains(c.opts.Gone, d.Branch) {
			continue
		}
		known, err := c.isSpelling(ctx, d.Branch)
		if err != nil {
			return nil, err
		}
		if !known {
			unknown = append(unknown, d.Branch)
		}
	}
	return unknown, nil
}
