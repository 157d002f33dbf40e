package provenance

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// An Execution is a receipt with what it was made from.
type Execution struct {
	Entry  *ledger.Entry
	Inputs []Source // in the order of the receipt's inputs
}

// A Source is an input of an execution.
type Source struct {
	receipts.Input
	Entry *ledger.Entry // the execution that was read; nil for what no branch holds
	Exact bool          // whether the input says which execution of its receipt was read
}

// Trace finds the executions that a receipt was made from: those that its inputs name and,
// with deep, those that these were made from, back to every source. It returns the execution
// of the receipt, with deep behind those that it was made from.
//
// An execution is looked for as 'git datapact verify --lineage' does: at the tip of its
// branch, and in its history where that has another execution of the receipt, or none any
// more. That one of them is not there is a negative answer, which names each.
func Trace(ctx context.Context, repository *gitcmd.Repository, entry *ledger.Entry, deep bool) ([]Execution, error) {
	t := tracer{repository: repository, found: map[want]*ledger.Entry{}}
	for layer := []*ledger.Entry{entry}; len(layer) > 0; {
		found, err := t.find(ctx, layer)
		if err != nil {
			return nil, err
		}
		if layer = found; !deep {
			break
		}
	}
	if len(t.lost) > 0 {
		return nil, gitcmd.WithHint(gitcmd.Negative(errors.Join(t.lost...)), "'git datapact pull' brings what others recorded")
	}
	if !deep {
		return []Execution{t.execution(entry)}, nil
	}
	return t.order(nil, entry, map[want]bool{}), nil
}

// order appends an execution to a list, what it was made from first, and nothing twice.
func (t *tracer) order(list []Execution, entry *ledger.Entry, done map[want]bool) []Execution {
	w := wanted(entry.Input())
	if done[w] {
		return list
	}
	done[w] = true // also ends a circle that receipts could claim
	e := t.execution(entry)
	for _, in := range e.Inputs {
		if in.Entry != nil {
			list = t.order(list, in.Entry, done)
		}
	}
	return append(list, e)
}

// A tracer finds executions.
type tracer struct {
	repository *gitcmd.Repository
	found      map[want]*ledger.Entry // nil for what is not here
	lost       []error                // one for each that is not here
}

// A want names an execution as an input does.
type want struct {
	branch, result string
	at             receipts.Timestamp // zero for any execution
}

func wanted(in receipts.Input) want { return want{in.Branch, in.Result, in.Timestamp} }

func (w want) satisfied(e *ledger.Entry) bool {
	return w.result == string(e.ID) && (w.at.IsZero() || w.at == e.Receipt.Timestamp)
}

func (w want) String() string {
	name := fmt.Sprintf("input %s@%s", w.branch, w.result)
	if !w.at.IsZero() {
		name += " of " + w.at.String()
	}
	return name
}

func isPseudo(branch string) bool { return strings.HasPrefix(branch, ":") }

// execution is an entry with its inputs, all of which were looked for.
func (t *tracer) execution(entry *ledger.Entry) Execution {
	e := Execution{Entry: entry}
	for _, in := range entry.Receipt.Input {
		e.Inputs = append(e.Inputs, Source{Input: in, Entry: t.found[wanted(in)], Exact: !in.Timestamp.IsZero()})
	}
	return e
}

// find finds the inputs of some entries that were not looked for before.
func (t *tracer) find(ctx context.Context, layer []*ledger.Entry) ([]*ledger.Entry, error) {
	byBranch := map[string][]want{}
	for _, e := range layer {
		for _, in := range e.Receipt.Input {
			w := wanted(in)
			if _, known := t.found[w]; known || isPseudo(in.Branch) {
				continue
			}
			t.found[w] = nil
			byBranch[in.Branch] = append(byBranch[in.Branch], w)
		}
	}
	var found []*ledger.Entry
	for _, branch := range slices.Sorted(maps.Keys(byBranch)) {
		wants := byBranch[branch]
		if err := t.findOn(ctx, branch, wants); err != nil {
			return nil, err
		}
		for _, w := range wants {
			if e := t.found[w]; e != nil {
				found = append(found, e)
			}
		}
	}
	return found, nil
}

// findOn finds executions of one branch.
func (t *tracer) findOn(ctx context.Context, name string, wants []want) error {
	branch, err := t.repository.FindBranch(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		for _, w := range wants {
			t.lose(w, "there is no branch "+name)
		}
		return nil
	}
	if err != nil {
		return err
	}
	l := ledger.At(t.repository, branch)
	left, err := t.findCurrent(ctx, l, wants)
	if err != nil || len(left) == 0 {
		return err
	}
	if left, err = t.findEarlier(l.History(ctx), left); err != nil {
		return err
	}
	why := "the branch and its history hold no such receipt"
	if shallow := t.repository.WholeHistory(ctx); shallow != nil {
		why = "the branch holds no such receipt, and of its history nothing is known: " + shallow.Error()
	}
	for _, w := range left {
		t.lose(w, why)
	}
	return ctx.Err()
}

// findCurrent takes the current receipts of a branch, and returns what is wanted still.
func (t *tracer) findCurrent(ctx context.Context, l *ledger.Ledger, wants []want) (left []want, err error) {
	for _, w := range wants {
		id, err := receipts.ParseID(w.result)
		if err != nil {
			t.lose(w, "not the id of a receipt")
			continue
		}
		entry, err := l.Find(ctx, id)
		bad, damaged := errors.AsType[*ledger.ReceiptError](err)
		switch {
		case damaged:
			t.lose(w, fmt.Sprintf("receipt: %v", bad.Err))
		case err == nil && w.satisfied(entry):
			t.found[w] = entry
		case err == nil, errors.Is(err, fs.ErrNotExist):
			left = append(left, w)
		default:
			return nil, err
		}
	}
	return left, nil
}

// findEarlier takes recordings of a branch, and returns what is not among them.
func (t *tracer) findEarlier(recordings iter.Seq2[*ledger.Entry, error], wants []want) ([]want, error) {
	byID := map[string][]want{}
	for _, w := range wants {
		byID[w.result] = append(byID[w.result], w)
	}
	for entry, err := range recordings {
		if _, damaged := errors.AsType[*ledger.ReceiptError](err); damaged {
			continue
		}
		if err != nil {
			return nil, err
		}
		id := string(entry.ID)
		left := slices.DeleteFunc(byID[id], func(w want) bool {
			if !w.satisfied(entry) {
				return false
			}
			t.found[w] = entry
			return true
		})
		if byID[id] = left; len(left) == 0 {
			delete(byID, id)
		}
		if len(byID) == 0 {
			return nil, nil
		}
	}
	return slices.DeleteFunc(wants, func(w want) bool { return t.found[w] != nil }), nil
}

func (t *tracer) lose(w want, why string) {
	t.lost = append(t.lost, fmt.Errorf("%s: %s", w, why))
}
