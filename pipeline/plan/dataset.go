package plan

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"slices"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// A dataset is the current receipts of a branch, as far as planning needs them: about
// 70 bytes for each.
type dataset struct {
	number int32 // of the branch's name
	branch gitcmd.Branch
	all    []execution
	links  []link        // of all executions
	sorted int           // how many of all are in the order of their ids
	later  map[key]int32 // where the others are
	newest int32         // by timestamp, -1 for none
}

// An execution is one receipt of a dataset.
type execution struct {
	finished receipts.Timestamp
	id       key
	from, to int32 // its inputs, among the links
}

// A link is what an execution read.
type link struct {
	at     receipts.Timestamp
	branch int32 // number of its name
	result key
}

// A key is the id of a receipt in few bytes. For the free text that names the result
// of a pseudo-branch it is a digest.
type key [sha1.Size]byte

func keyOf(result string) key {
	var k key
	if _, err := receipts.ParseID(result); err != nil {
		return sha1.Sum([]byte(result))
	}
	_, _ = hex.Decode(k[:], []byte(result)) // an id is hexadecimal
	return k
}

func (k key) id() receipts.ID { return receipts.ID(hex.EncodeToString(k[:])) }

// A ref names an execution: the number of its branch, and its place in the dataset.
type ref struct{ branch, at int32 }

// datasets are the branches that a plan has looked at, each read once.
type datasets struct {
	repository *gitcmd.Repository
	names      []string // of branches, by their numbers
	numbers    map[string]int32
	byNumber   map[int32]*dataset
}

func newDatasets(repository *gitcmd.Repository) *datasets {
	return &datasets{repository: repository, numbers: map[string]int32{}, byNumber: map[int32]*dataset{}}
}

// number is that of a branch's name.
func (d *datasets) number(name string) int32 {
	number, ok := d.numbers[name]
	if !ok {
		number = int32(len(d.names))
		d.names = append(d.names, name)
		d.numbers[name] = number
	}
	return number
}

// read returns a branch that was read already, nil for none.
func (d *datasets) read(name string) *dataset {
	number, ok := d.numbers[name]
	if !ok {
		return nil
	}
	return d.byNumber[number]
}

// get reads a branch. One that is not there has no receipts; pseudo-branches
// neither.
func (d *datasets) get(ctx context.Context, number int32) (*dataset, error) {
	if known, ok := d.byNumber[number]; ok {
		return known, nil
	}
	set := &dataset{number: number, newest: -1, later: map[key]int32{}}
	name := d.names[number]
	if gitcmd.CheckBranchName(name) == nil {
		branch, err := d.repository.FindBranch(ctx, name)
		if err != nil && !errors.Is(err, gitcmd.ErrNotFound) {
			return nil, err
		}
		if err == nil {
			if err := d.fill(ctx, set, branch); err != nil {
				return nil, err
			}
		}
	}
	d.byNumber[number] = set
	return set, nil
}

func (d *datasets) fill(ctx context.Context, set *dataset, branch gitcmd.Branch) error {
	set.branch = branch
	for entry, err := range ledger.At(d.repository, branch).All(ctx) {
		if err != nil {
			return err
		}
		d.add(set, entry)
	}
	return nil
}

// add takes a receipt in, in the place of an earlier one of the same id.
func (d *datasets) add(set *dataset, entry *ledger.Entry) {
	e := execution{id: keyOf(string(entry.ID)), finished: entry.Receipt.Timestamp, from: int32(len(set.links))}
	for _, in := range entry.Receipt.Input {
		set.links = append(set.links, link{in.Timestamp, d.number(in.Branch), keyOf(in.Result)})
	}
	e.to = int32(len(set.links))
	at, known := set.find(e.id)
	switch {
	case known:
		set.all[at] = e
	default:
		at = int32(len(set.all))
		set.all = append(set.all, e)
		if int(at) == set.sorted && (at == 0 || bytes.Compare(set.all[at-1].id[:], e.id[:]) < 0) {
			set.sorted++
		} else {
			set.later[e.id] = at
		}
	}
	if set.newest < 0 || set.all[set.newest].finished.Before(e.finished) {
		set.newest = at
	}
}

// find returns the place of an execution.
func (s *dataset) find(id key) (int32, bool) {
	at, found := slices.BinarySearchFunc(s.all[:s.sorted], id, func(e execution, id key) int { return bytes.Compare(e.id[:], id[:]) })
	if found {
		return int32(at), true
	}
	later, found := s.later[id]
	return later, found
}

// inputs are what an execution read.
func (s *dataset) inputs(at int32) []link { return s.links[s.all[at].from:s.all[at].to] }
