package storeflag

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/cmd/internal/storechoice"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/receipts/archive"
)

// copiesKey is the key of git's configuration for how many stores have to have what is
// recorded.
const copiesKey = "datapact.storeCopies"

// A Use is what a command does with the blobs.
type Use int

// The uses of a store and its mirrors.
const (
	Reading Use = iota
	Offline     // reading, and not over a network
	Storing
)

// FindArchive is [Flags.OpenArchive] of the stores that are to be used.
func (f *Flags) FindArchive(ctx context.Context, env *frame.Env, repository *gitcmd.Repository, catalog jobs.Opener, use Use) (*archive.Archive, error) {
	chosen, err := f.Find(ctx, repository, catalog)
	if err != nil {
		return nil, err
	}
	return f.OpenArchive(ctx, env, repository, chosen, use)
}

// FindArchive is [Flags.FindArchive] for commands that move little.
func (f Flag) FindArchive(ctx context.Context, env *frame.Env, repository *gitcmd.Repository, catalog jobs.Opener, use Use) (*archive.Archive, error) {
	return (&Flags{Flag: f}).FindArchive(ctx, env, repository, catalog, use)
}

// OpenArchive opens the store and its mirrors, as an archive of the repository. Those that
// cannot be opened are warned of, as long as another one can, and, where something is to be
// stored, as many as are needed. The caller closes it with [CloseArchive].
func (f *Flags) OpenArchive(ctx context.Context, env *frame.Env, repository *gitcmd.Repository, chosen storechoice.Store, use Use) (*archive.Archive, error) {
	a := &archive.Archive{Repository: repository}
	if len(chosen.Mirrors) > 0 {
		a.Missed = func(store string, err error) { env.Warnf("store %s: %v", store, err) }
	}
	var first error
	opened := 0
	for _, one := range chosen.All() {
		c, err := f.openOne(ctx, repository, one, use)
		switch {
		case err == nil && opened == 0:
			a.Store, a.Name = c.Store, c.Name
		case err == nil:
			a.Mirrors = append(a.Mirrors, c)
		case first == nil:
			first = err
		}
		if err == nil {
			opened++
		} else if len(chosen.Mirrors) > 0 && ctx.Err() == nil {
			if use == Storing {
				err = archive.Unstored(err)
			}
			a.Missed(one.Shown(), err)
		}
	}
	err := checkCopies(ctx, repository, a, copies{len(chosen.Mirrors) + 1, opened, use})
	if opened == 0 || err != nil && first != nil {
		err = first
	}
	if err != nil {
		return nil, errors.Join(err, CloseArchive(a))
	}
	return a, nil
}

// openOne opens a store.
func (f *Flags) openOne(ctx context.Context, repository *gitcmd.Repository, one storechoice.Store, use Use) (c archive.Copy, err error) {
	c.Name = one.Shown()
	if scheme, _, _ := strings.Cut(one.URL, ":"); use == Offline && scheme != "file" {
		return c, gitcmd.WithHint(fmt.Errorf("the store is reached over the network (%s), which --offline excludes", scheme),
			"leave out --offline, or name a local copy with --store")
	}
	open := f.Open
	if use == Storing {
		open = f.OpenToStore
	}
	if c.Store, err = open(ctx, repository, one); err == nil {
		err = UseCache(ctx, repository, c.Store)
	}
	return c, err
}

// copies are how many stores there are, how many of them were opened, and what for.
type copies struct {
	total, opened int
	use           Use
}

// checkCopies reads how many stores have to have what is recorded, and looks whether that
// many are open.
func checkCopies(ctx context.Context, repository *gitcmd.Repository, a *archive.Archive, c copies) error {
	a.Copies = c.total
	text, told, err := repository.Config(ctx, strings.ToLower(copiesKey))
	if err != nil || c.use != Storing {
		return err
	}
	if told {
		if a.Copies, err = strconv.Atoi(text); err != nil || a.Copies < 1 || a.Copies > c.total && c.total > 1 {
			return fmt.Errorf("git config %s: %q: want a number from 1 to %d, the number of stores", copiesKey, text, c.total)
		}
	}
	if c.opened < min(a.Copies, c.total) {
		return fmt.Errorf("%d of %d stores can be opened, want %d (git config %s)", c.opened, c.total, a.Copies, copiesKey)
	}
	return nil
}

// OpenAll opens the store and its mirrors, for a command that is about what is in each. The
// caller closes them with [CloseAll].
func (f *Flags) OpenAll(ctx context.Context, repository *gitcmd.Repository, chosen storechoice.Store) ([]*blobs.Store, error) {
	var all []*blobs.Store
	for _, one := range chosen.All() {
		store, err := f.Open(ctx, repository, one)
		if err != nil {
			return nil, errors.Join(err, CloseAll(all))
		}
		all = append(all, store)
	}
	return all, nil
}

// CloseAll closes stores.
func CloseAll(all []*blobs.Store) error {
	var err error
	for _, store := range all {
		err = errors.Join(err, store.Close())
	}
	return err
}

// CloseArchive closes the stores of an archive.
func CloseArchive(a *archive.Archive) error {
	var err error
	if a.Store != nil {
		err = a.Store.Close()
	}
	for _, mirror := range a.Mirrors {
		err = errors.Join(err, mirror.Store.Close())
	}
	return err
}
