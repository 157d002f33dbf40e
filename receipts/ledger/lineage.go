package ledger

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
)

// A Lineage tells what the metadata of receipts say of a key, or else those of what they were
// made from, the nearest first: see [Lineage.Values]. Receipts that inputs name are read as
// their branches have them now, in bulk, and each once. It is not for several goroutines.
type Lineage struct {
	repository *gitcmd.Repository
	bad        func(error)
	branches   map[string]*lineageBranch
	keys       []string
	known      map[source]*origin
}

// whole is how many receipts of a branch are read one by one before all of them are, which
// is about ten times as fast for each.
const whole = 2000

// A lineageBranch is a branch that inputs name.
type lineageBranch struct {
	ledger *Ledger // nil where it is not here
	asked  int     // how many of its receipts were asked for
	read   bool    // whether all were read
}

// A source is a receipt as inputs name it.
type source struct {
	branch string
	id     receipts.Key
}

func sourceOf(branch string, id receipts.ID) source {
	key, _ := receipts.KeyOf(string(id)) // it is one
	return source{branch, key}
}

// An origin is a receipt that others were made from.
type origin struct {
	said   []nearest // of each key
	inputs []source  // where these are to tell the rest
	done   bool      // whether they have
}

// nearest is what was found of a key, so many steps away; nil values for nothing.
type nearest struct {
	values []string
	steps  int
}

// NewLineage makes a lineage of receipts of a repository. What could not be looked at is told
// to bad: branches that are not here, which are [gitcmd.ErrNotFound], and receipts that cannot
// be read, see [ReceiptError].
func NewLineage(repository *gitcmd.Repository, bad func(error)) *Lineage {
	return &Lineage{repository: repository, bad: bad, branches: map[string]*lineageBranch{}, known: map[source]*origin{}}
}

// Values lists what the nearest metadata say of a key: those of the receipt; or else those of
// its inputs; or else those that the inputs were made from, and so on. Beyond the inputs'
// metadata that the receipt itself has, it knows what [Lineage.Load] has read.
func (l *Lineage) Values(r *receipts.Receipt, key string) []string {
	if values := r.Values(key); values != nil {
		return values
	}
	if at := slices.Index(l.keys, key); at >= 0 {
		return l.best(sources(r), at).values
	}
	return nil
}

// Load reads what is needed for the values of some keys of some receipts.
func (l *Lineage) Load(ctx context.Context, keys []string, list []*receipts.Receipt) error {
	l.add(keys)
	var next []source
	for _, r := range list {
		if lacks(r, keys) {
			next = append(next, sources(r)...)
		}
	}
	for len(next) > 0 {
		wanted := map[string][]receipts.ID{}
		for _, s := range next {
			if l.known[s] == nil {
				l.known[s] = &origin{said: make([]nearest, len(l.keys))}
				wanted[s.branch] = append(wanted[s.branch], s.id.ID())
			}
		}
		next = nil
		for _, branch := range slices.Sorted(maps.Keys(wanted)) {
			more, err := l.read(ctx, branch, wanted[branch])
			if err != nil {
				return err
			}
			next = append(next, more...)
		}
	}
	return nil
}

// add makes keys known. What was read before a new one is read again.
func (l *Lineage) add(keys []string) {
	for _, key := range keys {
		if slices.Contains(l.keys, key) {
			continue
		}
		l.keys, l.known = append(l.keys, key), map[source]*origin{}
		for _, branch := range l.branches {
			branch.asked, branch.read = 0, false
		}
	}
}

// lacks reports whether a receipt and its inputs' metadata say nothing of one of the keys.
func lacks(r *receipts.Receipt, keys []string) bool {
	return slices.ContainsFunc(keys, func(key string) bool { return r.Values(key) == nil })
}

// sources are the inputs of a receipt that branches hold.
func sources(r *receipts.Receipt) []source {
	var list []source
	for _, in := range r.Input {
		if id, err := InputID(in); err == nil && id != "" {
			list = append(list, sourceOf(strings.Clone(in.Branch), id))
		}
	}
	return list
}

// read reads receipts of a branch, and returns what they were made from where that matters.
// A receipt that the branch does not have, or that cannot be read, says nothing.
func (l *Lineage) read(ctx context.Context, name string, ids []receipts.ID) ([]source, error) {
	branch, err := l.open(ctx, name)
	if err != nil || branch.ledger == nil || branch.read {
		return nil, err
	}
	list := branch.ledger.FindAll(ctx, ids)
	if branch.asked += len(ids); branch.asked > whole {
		list, branch.read = branch.ledger.Sketches(ctx), true
	}
	var next []source
	for entry, err := range list {
		if damaged, ok := errors.AsType[*ReceiptError](err); ok {
			l.bad(damaged)
			continue
		}
		if err != nil {
			return nil, err
		}
		next = append(next, l.note(sourceOf(name, entry.ID), entry.Receipt)...)
	}
	return next, nil
}

func (l *Lineage) open(ctx context.Context, name string) (*lineageBranch, error) {
	if branch := l.branches[name]; branch != nil {
		return branch, nil
	}
	branch := &lineageBranch{}
	found, err := l.repository.FindBranch(ctx, name)
	switch {
	case errors.Is(err, gitcmd.ErrNotFound):
		l.bad(fmt.Errorf("branch %s: %w in this clone, so the metadata of its receipts is unknown", name, gitcmd.ErrNotFound))
	case err != nil:
		return nil, err
	default:
		branch.ledger = At(l.repository, found)
	}
	l.branches[name] = branch
	return branch, nil
}

// note notes what a receipt says of the keys, and returns what it was made from where it, and
// its inputs' metadata, say nothing of one.
func (l *Lineage) note(s source, r *receipts.Receipt) []source {
	o := &origin{said: make([]nearest, len(l.keys))}
	l.known[s] = o
	for i, key := range l.keys {
		if own := receipts.MetadataValues(r.Metadata, key); own != nil {
			o.said[i] = nearest{cloned(own), 0}
		} else if values := r.Values(key); values != nil {
			o.said[i] = nearest{cloned(values), 1}
		} else if o.inputs == nil {
			o.inputs = sources(r)
		}
	}
	return o.inputs
}

// cloned are strings that do not keep the receipt that they are from.
func cloned(list []string) []string {
	for i := range list {
		list[i] = strings.Clone(list[i])
	}
	return list
}

// best is the nearest that some sources have of a key.
func (l *Lineage) best(list []source, key int) nearest {
	var best nearest
	for _, s := range list {
		one := l.resolve(s)[key]
		switch one.steps++; {
		case one.values == nil:
		case best.values == nil || one.steps < best.steps:
			best = one
		case one.steps == best.steps:
			best.values = slices.Concat(best.values, one.values)
		}
	}
	return best
}

// resolve is what is known of a source, with what its own sources tell.
func (l *Lineage) resolve(s source) []nearest {
	o := l.known[s]
	if o == nil {
		return make([]nearest, len(l.keys))
	}
	if !o.done {
		o.done = true // also ends a circle that receipts could claim
		for i := range l.keys {
			if o.said[i].values == nil {
				o.said[i] = l.best(o.inputs, i)
			}
		}
		o.inputs = nil
	}
	return o.said
}
