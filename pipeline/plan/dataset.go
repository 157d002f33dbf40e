package plan

import (
	"bytes"
	"context"
	"crypto/sha1"
	"errors"
	"io/fs"
	"maps"
	"slices"

	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// A dataset is the current receipts of a branch, as far as planning needs them: about
// 80 bytes for each.
type dataset struct {
	number int32 // of the branch's name
	all    []record
	links  []link        // of all records
	sorted int           // how many of all are in the order of their ids
	later  map[key]int32 // where the others are
	newest int32         // by timestamp, -1 for none
	reads  []int32       // numbers of the branches that any record read, each once
	ran    []ran
	ranAt  map[ran]int32 // places in ran

	codeRefs map[string]string // a commit that each tree of code was taken from
	first    []first           // when each was recorded first; nil until it is asked for
}

// A record is one receipt of a dataset, or an execution that is expected to become one.
type record struct {
	finished receipts.Timestamp
	id       key
	from, to int32 // its inputs, among the links
	ran      int32 // what it ran, among those of the dataset, -1 when unknown
	expected bool  // not recorded yet
	due      bool  // its own execution is due, or waits for one that is
	left     bool  // no plan calls for it
}

// A first says when a receipt was recorded first. Equal times are told apart by how
// far the recording is from the beginning of the branch's history.
type first struct {
	at    receipts.Timestamp
	depth int32
}

// A link is what an execution read.
type link struct {
	at     receipts.Timestamp
	branch int32 // number of its name
	result key
}

// A key is that of a receipt. For the free text that names the result of a pseudo-branch it is
// a digest.
type key = receipts.Key

func keyOf(result string) key {
	if k, ok := receipts.KeyOf(result); ok {
		return k
	}
	return sha1.Sum([]byte(result)) // what no branch holds is seldom as long as an id
}

// A ref names a record: the number of its branch, and its place in the dataset.
type ref struct{ branch, at int32 }

// datasets are the branches that a planner has looked at, each read once.
type datasets struct {
	source   Source
	names    []string // of branches, by their numbers
	numbers  map[string]int32
	byNumber map[int32]*dataset
	shapes   map[string]shape // of branches of which not all receipts are here; nil for none
	bad      func(error)      // is told of receipts that cannot be read; nil: they are errors
}

func newDatasets(source Source) *datasets {
	return &datasets{source: source, numbers: map[string]int32{}, byNumber: map[int32]*dataset{}}
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

// get reads a branch. One that is not there has no receipts. A pseudo-branch has a
// record for each result that anything read of it.
func (d *datasets) get(ctx context.Context, number int32) (*dataset, error) {
	if known, ok := d.byNumber[number]; ok {
		return known, nil
	}
	set := &dataset{number: number, newest: -1, later: map[key]int32{}, ranAt: map[ran]int32{}, codeRefs: map[string]string{}}
	d.shape(set)
	if name := d.names[number]; !isPseudo(name) {
		for entry, err := range d.source.Receipts(ctx, name) {
			if errors.Is(err, fs.ErrNotExist) {
				break
			}
			if _, damaged := errors.AsType[*ledger.ReceiptError](err); damaged && d.bad != nil {
				d.bad(err)
				continue
			}
			if err != nil {
				return nil, err
			}
			d.add(set, entry)
		}
	}
	d.byNumber[number] = set
	return set, nil
}

// shape begins a dataset with what is known of all receipts of its branch.
func (d *datasets) shape(set *dataset) {
	known := d.shapes[d.names[set.number]]
	for _, name := range known.Reads {
		set.reads = append(set.reads, d.number(name))
	}
	maps.Copy(set.codeRefs, known.Code)
}

func isPseudo(branch string) bool { return len(branch) > 0 && branch[0] == ':' }

// add takes a receipt in, in the place of an earlier one of the same id.
func (d *datasets) add(set *dataset, entry *ledger.Entry) {
	r := record{id: keyOf(string(entry.ID)), finished: entry.Receipt.Timestamp, from: int32(len(set.links)), ran: set.runs(entry.Receipt)}
	for _, in := range entry.Receipt.Input {
		number := d.number(in.Branch)
		if !slices.Contains(set.reads, number) {
			set.reads = append(set.reads, number)
		}
		set.links = append(set.links, link{in.Timestamp, number, keyOf(in.Result)})
	}
	r.to = int32(len(set.links))
	at := set.put(r)
	if set.newest < 0 || !r.finished.Before(set.all[set.newest].finished) {
		set.newest = at
	}
}

// put adds a record, or replaces the one of the same id.
func (s *dataset) put(r record) int32 {
	at, known := s.find(r.id)
	if known {
		s.all[at] = r
		return at
	}
	at = int32(len(s.all))
	s.all = append(s.all, r)
	if int(at) == s.sorted && (at == 0 || bytes.Compare(s.all[at-1].id[:], r.id[:]) < 0) {
		s.sorted++
	} else {
		s.later[r.id] = at
	}
	if s.first != nil { // recorded after the history was read
		s.first = append(s.first, first{r.finished, int32(len(s.all))})
	}
	return at
}

// A ran is what an execution ran, as far as its receipt tells.
type ran struct {
	known                       bool // the receipt has a job, which counts; else buildenv does
	config, docker, image, code string
	buildenv                    string
}

// buildenv is the key of the metadata in which receipts without a job name what they
// ran.
const buildenv = "buildenv"

// runs notes what a receipt ran.
func (s *dataset) runs(r *receipts.Receipt) int32 {
	var what ran
	if r.Job != nil {
		what = ran{known: true, config: r.Job.Config, docker: r.Job.Docker, image: r.Job.Image}
		if r.Job.Code != nil {
			what.code = r.Job.Code.Tree
			if known, ok := s.codeRefs[what.code]; !ok || r.Job.Code.Ref < known { // any would do, but always the same
				s.codeRefs[what.code] = r.Job.Code.Ref
			}
		}
	} else if i := slices.IndexFunc(r.Metadata, func(m receipts.Metadata) bool { return m.Key == buildenv }); i >= 0 {
		what.buildenv, _ = r.Metadata[i].Value.(string)
	}
	at, ok := s.ranAt[what]
	if !ok {
		at = int32(len(s.ran))
		s.ran, s.ranAt[what] = append(s.ran, what), at
	}
	return at
}

// find returns the place of a record.
func (s *dataset) find(id key) (int32, bool) {
	at, found := slices.BinarySearchFunc(s.all[:s.sorted], id, func(r record, id key) int { return bytes.Compare(r.id[:], id[:]) })
	if found {
		return int32(at), true
	}
	later, found := s.later[id]
	return later, found
}

// inputs are what an execution read.
func (s *dataset) inputs(at int32) []link { return s.links[s.all[at].from:s.all[at].to] }

// firsts tells when each record was recorded first.
func (d *datasets) firsts(ctx context.Context, set *dataset) ([]first, error) {
	if set.first != nil || len(set.all) == 0 {
		return set.first, nil
	}
	list := make([]first, len(set.all))
	for i := range set.all {
		list[i].at = set.all[i].finished
	}
	err := d.source.Firsts(ctx, d.names[set.number], func(id receipts.ID, at receipts.Timestamp, depth int) {
		if place, ok := set.find(keyOf(string(id))); ok {
			list[place].depth = int32(depth)
			if !at.IsZero() {
				list[place].at = at
			}
		}
	})
	if err == nil {
		set.first = list
	}
	return list, err
}
