package gc

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/gitcmd"
)

// DefaultGrace is how long an object is left alone after it was stored or relied
// upon, and then in quarantine: two weeks, like git's gc.pruneExpire.
const DefaultGrace = 14 * 24 * time.Hour

// Options are what a collection may be told.
type Options struct {
	// Before says which objects are old enough: those that were stored, and last
	// relied upon, before it. The zero time means DefaultGrace ago.
	Before time.Time
	// TipsOnly keeps what the current receipts of branches and tags name, and not
	// what those in their history do.
	TipsOnly bool
	// Offline does not ask the remotes whether they have receipts that are not here.
	Offline bool
	// Gone lists branches that were deleted: their objects are collected too.
	Gone []string
	// Ignore lists receipts that cannot be read, by the hashes of their git blobs:
	// what they name is not kept.
	Ignore []gitcmd.Hash
	// Retention tells of a branch which of its executions keep their blobs, and whether it
	// says so at all. Nil keeps those of all.
	Retention func(ctx context.Context, branch string) (Retention, bool, error)
	// Delete moves what no receipt names to quarantine.
	Delete bool
	// Purge removes what has been in quarantine since before Before.
	Purge bool
	// Progress is told what is being done, how much of it is, and of how much, 0 where that
	// is not known. May be nil.
	Progress func(stage Stage, done, total int)
}

// A Stage is a part of a collection's work.
type Stage string

// The stages, in their order. Their numbers are of receipts, and then of objects.
const (
	Reading  Stage = "Reading receipts"
	Listing  Stage = "Listing objects"
	Deleting Stage = "Moving to quarantine"
	Purging  Stage = "Purging"
)

// An Amount is a number of objects and of their bytes.
type Amount struct {
	Objects int
	Bytes   int64
}

func (a *Amount) add(size int64) {
	a.Objects++
	a.Bytes += size
}

// Plus is the sum of two amounts.
func (a Amount) Plus(b Amount) Amount { return Amount{a.Objects + b.Objects, a.Bytes + b.Bytes} }

// A Dataset is what a collection found of one branch.
type Dataset struct {
	Branch      string
	All         Amount    // in the store, but for the quarantine
	Garbage     Amount    // named by no receipt, and old enough
	Oldest      time.Time // when the oldest of the garbage was stored or last relied upon
	Recent      Amount    // named by no receipt, but too young
	Quarantined Amount    // found in quarantine
	Deleted     Amount    // moved to quarantine
	Purged      Amount    // removed from quarantine for good
	Expired     int       // receipts whose blobs are garbage since no retention keeps them
	Restored    Amount    // brought back, since receipts name them or it was asked for
}

// A Report is what a collection found and did.
type Report struct {
	Datasets []*Dataset // sorted by branch
	Receipts int        // different ones that were read
	// Left are objects that are not named as recordings name theirs, and are named
	// by no receipt. They are left alone.
	Left Amount
}

// Total is the sum of all datasets.
func (r *Report) Total() Dataset {
	var sum Dataset
	for _, d := range r.Datasets {
		sum.All = sum.All.Plus(d.All)
		sum.Garbage = sum.Garbage.Plus(d.Garbage)
		sum.Recent = sum.Recent.Plus(d.Recent)
		sum.Quarantined = sum.Quarantined.Plus(d.Quarantined)
		sum.Deleted = sum.Deleted.Plus(d.Deleted)
		sum.Purged = sum.Purged.Plus(d.Purged)
		sum.Expired += d.Expired
		sum.Restored = sum.Restored.Plus(d.Restored)
		if sum.Oldest.IsZero() || !d.Oldest.IsZero() && d.Oldest.Before(sum.Oldest) {
			sum.Oldest = d.Oldest
		}
	}
	return sum
}

// Collect finds the objects of a store that no receipt of a repository names, and
// deletes them if it is told to. Nothing is touched before everything that is a
// reason to refuse has been looked for; see the package documentation.
func Collect(ctx context.Context, repository *gitcmd.Repository, store *blobs.Store, opts *Options) (report *Report, err error) {
	if opts == nil {
		opts = &Options{}
	}
	c := &collection{
		repository: repository, store: store, opts: *opts, begun: time.Now(),
		datasets: map[string]*Dataset{}, listed: map[string]bool{}, objects: map[string]string{},
	}
	if c.opts.Before.IsZero() {
		c.opts.Before = c.begun.Add(-DefaultGrace)
	}
	also, err := c.whole(ctx)
	if err != nil {
		return nil, err
	}
	if c.roots, err = newRoots(ctx, repository, &c.opts); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.roots.Close()) }()
	if c.roots.keepers, err = c.newKeepers(ctx); err != nil {
		return nil, err
	}
	if err := c.roots.read(ctx, also); err != nil {
		return nil, err
	}
	if err := c.survey(ctx); err != nil {
		return nil, err
	}
	if err := c.expire(ctx); err != nil {
		return nil, err
	}
	err = c.sweep(ctx)
	return c.report(), err
}

// A collection is one call of Collect at work.
type collection struct {
	repository *gitcmd.Repository
	store      *blobs.Store
	opts       Options
	begun      time.Time
	roots      *roots
	datasets   map[string]*Dataset
	listed     map[string]bool     // folders of objects, but for the quarantine
	objects    map[string]string   // the name of one object in each folder, be it in quarantine
	forms      map[string][]string // branches by their folded names; see alike
	known      int                 // how many branches those are
	left       Amount
	garbage    []candidate
	aside      []blobs.Quarantined // in quarantine
}

// A candidate is an object that no receipt names.
type candidate struct {
	key  blobs.Key
	size int64
}

func (c *collection) dataset(branch string) *Dataset {
	d := c.datasets[branch]
	if d == nil {
		d = &Dataset{Branch: branch}
		c.datasets[branch] = d
	}
	return d
}

func (c *collection) progress(stage Stage, done, total int) {
	if c.opts.Progress != nil {
		c.opts.Progress(stage, done, total)
	}
}

func (c *collection) report() *Report {
	return &Report{Datasets: sorted(c.datasets), Receipts: c.roots.receipts, Left: c.left}
}

func sorted(datasets map[string]*Dataset) []*Dataset {
	return slices.SortedFunc(maps.Values(datasets), func(a, b *Dataset) int { return cmp.Compare(a.Branch, b.Branch) })
}
