package site

import (
	"slices"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
)

// A record is what is remembered of a receipt.
type record struct {
	raw     receipts.Key
	at      receipts.Timestamp
	blob    gitcmd.Hash // of the receipt's file
	inputs  []input
	job     job    // all empty when unknown
	facts   []fact // its metadata, and then those of its inputs
	outputs int
	bytes   int64  // of all stored outputs
	expired string // since when and why its blobs are not kept any more, "" where they are
	body    string // what all of this is encoded as, "" where that is not known

	fresh  bool    // it is new, or something else is said of it than before
	branch *branch // where it was found
	number serial
}

// A job is what an execution ran, by what names the content of each part.
type job struct{ config, docker, image, ref, tree string }

// An input is what an execution read.
type input struct{ branch, result string }

// A fact is metadata that is short enough for a table.
type fact struct{ key, value string }

// longest is how many bytes a fact has at most.
const longest = 80

// newRecord is what is remembered of a receipt.
func newRecord(id receipts.ID, blob gitcmd.Hash, r *receipts.Receipt) *record {
	rec := &record{at: r.Timestamp, blob: blob, outputs: len(r.Output)}
	rec.raw, _ = receipts.KeyOf(string(id)) // it is one
	for _, o := range r.Output {
		rec.bytes += o.Size
	}
	rec.addFacts(r.Metadata)
	for _, in := range r.Input {
		rec.inputs = append(rec.inputs, input{in.Branch, in.Result})
		rec.addFacts(in.Metadata)
	}
	if r.Job != nil {
		rec.job = jobOf(r.Job)
	}
	return rec
}

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
			r.facts = append(r.facts, fact{m.Key, text})
		}
	}
}

func (r *record) id() receipts.ID { return r.raw.ID() }

// short is as much of the id as a selector needs.
func (r *record) short() string { return string(r.id()[:12]) }

// name is the receipt as a selector names it.
func (r *record) name() string { return r.branch.name + "@" + r.short() }

// traits are the facts of a receipt, its own and those of what it descends from, the nearest
// first, each key once.
func (k *kinship) traits(r *record) ([]fact, error) {
	list := slices.Clone(r.facts)
	kin, err := k.kinOf(r.number, up, inheritFrom)
	if err != nil {
		return nil, err
	}
	for _, one := range kin[1:] {
		if !one.here {
			continue
		}
		other, err := k.record(one.number)
		if err != nil {
			return nil, err
		}
		list = append(list, other.facts...)
	}
	seen := map[string]bool{}
	return slices.DeleteFunc(list, func(f fact) bool {
		known := seen[f.key]
		seen[f.key] = true
		return known
	}), nil
}
