package plan

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"slices"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// Kin is a receipt that another one was made from, or that was made from it.
type Kin struct {
	Branch, Result string        // as an input names it
	Entry          *ledger.Entry // nil for what is not here, or on no branch
	Reads          []int         // places among the kin
}

// Steps say how far to look for kin, each way; a negative number is for any distance.
type Steps struct{ Up, Down int }

// Lineage finds what a receipt was made from, and what was made from it. The receipt itself
// is the first. What was made from it is looked for among all receipts of all branches;
// what cannot be read there is told to bad, and left out.
func Lineage(ctx context.Context, repository *gitcmd.Repository, entry *ledger.Entry, steps Steps, bad func(error)) ([]Kin, error) {
	f := newFamily(repository, []*ledger.Entry{entry}, bad)
	if err := f.up(ctx, steps.Up); err != nil {
		return nil, err
	}
	if err := f.down(ctx, steps.Down); err != nil {
		return nil, err
	}
	f.connect()
	return f.list, nil
}

// Ancestors are some receipts, each once, and behind them everything that they were made
// from. What cannot be read there is told to bad, and has no entry.
func Ancestors(ctx context.Context, repository *gitcmd.Repository, entries []*ledger.Entry, bad func(error)) ([]Kin, error) {
	f := newFamily(repository, entries, bad)
	if err := f.up(ctx, -1); err != nil {
		return nil, err
	}
	f.connect()
	return f.list, nil
}

func newFamily(repository *gitcmd.Repository, entries []*ledger.Entry, bad func(error)) *family {
	f := &family{repository: repository, bad: bad, places: map[relative]int{}, ledgers: map[string]*ledger.Ledger{}}
	for _, entry := range entries {
		own := entry.Input()
		if _, known := f.places[relative{own.Branch, own.Result}]; !known {
			f.add(own.Branch, own.Result, entry)
		}
	}
	return f
}

// A relative names a receipt as inputs do.
type relative struct{ branch, result string }

// A family is kin as far as they are known.
type family struct {
	repository *gitcmd.Repository
	bad        func(error)
	list       []Kin
	places     map[relative]int
	ledgers    map[string]*ledger.Ledger // nil for branches that are not here
}

func (f *family) add(branch, result string, entry *ledger.Entry) {
	f.places[relative{branch, result}] = len(f.list)
	f.list = append(f.list, Kin{Branch: branch, Result: result, Entry: entry})
}

// up adds what the receipts were made from, so many steps up.
func (f *family) up(ctx context.Context, steps int) error {
	for from := 0; steps != 0 && from < len(f.list); steps-- {
		wanted := map[string][]receipts.ID{} // by branch
		for to := len(f.list); from < to; from++ {
			if f.list[from].Entry == nil {
				continue
			}
			for _, in := range f.list[from].Entry.Receipt.Input {
				if _, known := f.places[relative{in.Branch, in.Result}]; known {
					continue
				}
				f.add(in.Branch, in.Result, nil)
				if id, err := ledger.InputID(in); id != "" && err == nil {
					wanted[in.Branch] = append(wanted[in.Branch], id)
				}
			}
		}
		for _, branch := range slices.Sorted(maps.Keys(wanted)) {
			if err := f.fill(ctx, branch, wanted[branch]); err != nil {
				return err
			}
		}
	}
	return nil
}

// fill finds receipts that were added without their entries, as far as they are here.
func (f *family) fill(ctx context.Context, branch string, ids []receipts.ID) error {
	l, err := f.open(ctx, branch)
	if l == nil {
		return err
	}
	for entry, err := range l.FindAll(ctx, ids) {
		if _, damaged := errors.AsType[*ledger.ReceiptError](err); damaged {
			f.bad(err)
			continue
		}
		if err != nil {
			return err
		}
		f.list[f.places[relative{branch, string(entry.ID)}]].Entry = entry
	}
	return nil
}

// open opens a branch, nil for one that is not here.
func (f *family) open(ctx context.Context, branch string) (*ledger.Ledger, error) {
	l, known := f.ledgers[branch]
	if known {
		return l, nil
	}
	found, err := f.repository.FindBranch(ctx, branch)
	switch {
	case err == nil:
		l = ledger.At(f.repository, found)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	f.ledgers[branch] = l
	return l, nil
}

// down adds what was made from the first receipt, so many steps down.
func (f *family) down(ctx context.Context, steps int) error {
	if steps == 0 {
		return nil
	}
	branches, err := f.repository.ReadableBranches(ctx)
	if err != nil {
		return err
	}
	sets := f.datasets(branches)
	last := f.list[:1] // what it was made from comes after it
	for ; steps != 0 && len(last) > 0; steps-- {
		inputs := make([]receipts.Input, len(last))
		for i, k := range last {
			inputs[i] = receipts.Input{Branch: k.Branch, Result: k.Result}
		}
		known := len(f.list)
		for _, b := range branches {
			ids, err := f.readers(ctx, sets, b.Name, inputs)
			if err != nil {
				return err
			}
			if err := f.addAll(ctx, b.Name, ids); err != nil {
				return err
			}
		}
		last = f.list[known:]
	}
	return nil
}

// addAll adds receipts of a branch that are not among the kin yet.
func (f *family) addAll(ctx context.Context, branch string, ids []receipts.ID) error {
	var more []receipts.ID
	for _, id := range ids {
		if _, known := f.places[relative{branch, string(id)}]; !known {
			f.add(branch, string(id), nil)
			more = append(more, id)
		}
	}
	return f.fill(ctx, branch, more)
}

// datasets opens all branches, and returns those that are read whole, none so far.
func (f *family) datasets(branches []gitcmd.Branch) *datasets {
	commits := make(map[string]gitcmd.Hash, len(branches))
	for _, b := range branches {
		commits[b.Name] = b.Commit
		f.ledgers[b.Name] = ledger.At(f.repository, b)
	}
	sets := newDatasets(&gitSource{f.repository, jobs.At(f.repository, commits, nil)})
	sets.bad = f.bad
	return sets
}

// readers lists the receipts of a branch that read any of some inputs, whatever execution of
// them. If the branch has no index, all its receipts are read, once.
func (f *family) readers(ctx context.Context, sets *datasets, branch string, inputs []receipts.Input) ([]receipts.ID, error) {
	if sets.read(branch) == nil {
		if ids, ok := f.ledgers[branch].Readers(ctx, inputs); ok || ctx.Err() != nil {
			return ids, ctx.Err()
		}
	}
	return sets.readers(ctx, branch, inputs)
}

// readers lists the records of a branch that read any of some inputs, at whatever time.
func (d *datasets) readers(ctx context.Context, branch string, inputs []receipts.Input) (ids []receipts.ID, err error) {
	links := map[link]bool{}
	for _, in := range inputs {
		links[link{branch: d.number(in.Branch), result: keyOf(in.Result)}] = true
	}
	set, err := d.get(ctx, d.number(branch))
	if err != nil {
		return nil, err
	}
	for at := range set.all {
		if set.readsAny(int32(at), links) {
			ids = append(ids, set.all[at].id.ID())
		}
	}
	return ids, nil
}

// readsAny reports whether a record read any of some receipts, at whatever time.
func (s *dataset) readsAny(at int32, links map[link]bool) bool {
	for _, in := range s.inputs(at) {
		if links[link{branch: in.branch, result: in.result}] {
			return true
		}
	}
	return false
}

// connect notes what each read, as far as it is among the kin.
func (f *family) connect() {
	for i := range f.list {
		k := &f.list[i]
		if k.Entry == nil {
			continue
		}
		for _, in := range k.Entry.Receipt.Input {
			if place, ok := f.places[relative{in.Branch, in.Result}]; ok {
				k.Reads = append(k.Reads, place)
			}
		}
	}
}
