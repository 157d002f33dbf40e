package site

import (
	"slices"
	"strings"
	"unique"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
)

// A record is what is remembered of a receipt.
type record struct {
	branch  *branch
	id      receipts.ID
	at      receipts.Timestamp
	blob    gitcmd.Hash // of the receipt's file
	inputs  []input
	job     unique.Handle[job] // the zero handle when unknown
	facts   []fact             // its metadata, and then those of its inputs
	outputs int
	bytes   int64  // of all stored outputs
	length  int64  // of its entry in the index for scripts, 0 until that is written
	offset  int64  // of it, where it was written before
	expired string // since when and why its blobs are not kept any more, "" where they are

	reads   []*record // for each input, nil for what is not here
	readers []*record
	dirty   bool // its page and its row are to be written
}

// A job is what an execution ran, by what names the content of each part.
type job struct{ config, docker, image, ref, tree string }

// An input is what an execution read.
type input struct{ branch, result string }

// A fact is metadata that is short enough for a table.
type fact struct{ key, value string }

// longest is how many bytes a fact has at most.
const longest = 80

// newRecord is what is remembered of a receipt. Strings that many have are kept once.
func newRecord(b *branch, id receipts.ID, blob gitcmd.Hash, r *receipts.Receipt) *record {
	rec := &record{branch: b, id: id, at: r.Timestamp, blob: blob, outputs: len(r.Output), dirty: true}
	for _, o := range r.Output {
		rec.bytes += o.Size
	}
	rec.addFacts(r.Metadata)
	for _, in := range r.Input {
		rec.inputs = append(rec.inputs, input{once(in.Branch), strings.Clone(in.Result)})
		rec.addFacts(in.Metadata)
	}
	if r.Job != nil {
		rec.job = unique.Make(jobOf(r.Job))
	}
	return rec
}

// once returns a text that is kept once, however many have it.
func once(text string) string { return unique.Make(text).Value() }

func jobOf(j *receipts.Job) job {
	one := job{config: j.Config, docker: j.Docker, image: j.Image}
	if j.Code != nil {
		one.ref, one.tree = j.Code.Ref, j.Code.Tree
	}
	return one
}

// buildenv is the key of the metadata in which receipts without a job name what they ran. It
// is a hash, of no use in a table.
const buildenv = "buildenv"

func (r *record) addFacts(list []receipts.Metadata) {
	for _, m := range list {
		if text := m.Text(); len(text) <= longest && len(m.Key) <= longest && m.Key != buildenv {
			r.facts = append(r.facts, fact{once(m.Key), once(text)})
		}
	}
}

// name is the receipt as a selector names it, with as much of the id as one needs.
func (r *record) name() string { return r.branch.name + "@" + string(r.id[:12]) }

// compareRecords puts older receipts first, and of one second those with the smaller id.
func compareRecords(a, b *record) int {
	if order := a.at.Compare(b.at); order != 0 {
		return order
	}
	return strings.Compare(string(a.id), string(b.id))
}

// traits are the facts of a receipt, its own and those of what it descends from, the nearest
// first, each key once.
func (r *record) traits() []fact {
	list := slices.Clone(r.facts)
	for _, k := range kinOf(r, up, inheritFrom)[1:] {
		if k.record != nil {
			list = append(list, k.record.facts...)
		}
	}
	seen := map[string]bool{}
	return slices.DeleteFunc(list, func(f fact) bool {
		known := seen[f.key]
		seen[f.key] = true
		return known
	})
}
