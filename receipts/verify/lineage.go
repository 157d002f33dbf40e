package verify

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// tracedAtOnce is how many inputs are gathered before their receipts are looked
// for, so that the history of a branch is read once for many of them.
const tracedAtOnce = 1 << 16

// manyWants is from how many inputs on one branch all its receipts are read to find
// theirs, which is about ten times as fast for each.
const manyWants = 10_000

// A lineage is what is known of the executions that others read. It belongs to the
// one goroutine that walks.
type lineage struct {
	entered map[mark]struct{} // executions, and inputs asked for
	wanted  map[string][]want // by branch
	waiting int               // in wanted
}

// A want is an input whose receipt is to be found.
type want struct {
	id receipts.ID
	at receipts.Timestamp // zero for any execution
	by Place              // the first that reads it
}

func (w want) satisfied(e *ledger.Entry) bool {
	return w.id == e.ID && (w.at.IsZero() || w.at == e.Receipt.Timestamp)
}

// once reports whether it is asked for the first time.
func (l *lineage) once(what ...string) bool {
	if l.entered == nil {
		l.entered, l.wanted = map[mark]struct{}{}, map[string][]want{}
	}
	sum := sha256.Sum256([]byte(strings.Join(what, "\n")))
	m := mark(sum[:16])
	_, known := l.entered[m]
	l.entered[m] = struct{}{}
	return !known
}

// enter asks for the inputs of an execution. It reports false if it was there
// before.
func (l *lineage) enter(branch string, entry *ledger.Entry) bool {
	r := entry.Receipt
	if !l.once("execution", branch, string(entry.ID), r.Timestamp.String()) {
		return false
	}
	for _, in := range r.Input {
		if strings.HasPrefix(in.Branch, ":") || !l.once("input", in.Branch, in.Result, in.Timestamp.String()) {
			continue
		}
		by := Place{Branch: branch, ID: entry.ID, Timestamp: r.Timestamp}
		// Cloned, they do not keep the whole receipt.
		id, name := receipts.ID(strings.Clone(in.Result)), strings.Clone(in.Branch)
		l.wanted[name] = append(l.wanted[name], want{id, in.Timestamp, by})
		l.waiting++
	}
	return true
}

// trace finds the receipts that are wanted, and those that these want.
func (r *run) trace(ctx context.Context) error {
	for len(r.lineage.wanted) > 0 {
		branch := slices.Min(slices.Collect(maps.Keys(r.lineage.wanted)))
		wants := r.lineage.wanted[branch]
		delete(r.lineage.wanted, branch)
		r.lineage.waiting -= len(wants)
		if err := r.traceBranch(ctx, branch, wants); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) traceBranch(ctx context.Context, branch string, wants []want) error {
	l, err := r.openBranch(ctx, branch)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		for _, w := range wants {
			r.lost(branch, w, err.Error())
		}
		return nil
	}
	if len(wants) >= manyWants {
		wants, err = r.traceIn(ctx, branch, l.All(ctx), wants)
	}
	if err == nil {
		wants, err = r.traceCurrent(ctx, branch, l, wants)
	}
	if err != nil || len(wants) == 0 {
		return err
	}
	wants, err = r.traceIn(ctx, branch, l.History(ctx), wants)
	why := "the branch and its history hold no such receipt"
	if shallow := r.repository.WholeHistory(ctx); shallow != nil {
		why = "the branch holds no such receipt, and of its history nothing is known: " + shallow.Error()
	}
	for _, w := range wants {
		r.lost(branch, w, why)
	}
	return err
}

// traceCurrent takes the current receipts of a branch, and returns what is wanted
// still.
func (r *run) traceCurrent(ctx context.Context, branch string, l *ledger.Ledger, wants []want) ([]want, error) {
	var left []want
	for _, w := range wants {
		if _, err := receipts.ParseID(string(w.id)); err != nil {
			r.lost(branch, w, "not the id of a receipt")
			continue
		}
		entry, err := l.Find(ctx, w.id)
		switch {
		case err == nil && w.satisfied(entry):
			if err := r.receipt(ctx, branch, entry); err != nil {
				return nil, err
			}
		case err == nil, errors.Is(err, gitcmd.ErrNotFound), r.damaged(err):
			left = append(left, w)
		default:
			return nil, err
		}
	}
	return left, nil
}

// traceIn takes executions of a branch, and returns what is not among them.
func (r *run) traceIn(ctx context.Context, branch string, executions iter.Seq2[*ledger.Entry, error], wants []want) ([]want, error) {
	byID := map[receipts.ID][]want{}
	for _, w := range wants {
		byID[w.id] = append(byID[w.id], w)
	}
	for entry, err := range executions {
		if _, bad := errors.AsType[*ledger.ReceiptError](err); bad {
			continue
		}
		if err != nil {
			return nil, err
		}
		left := slices.DeleteFunc(byID[entry.ID], func(w want) bool { return w.satisfied(entry) })
		if len(left) == len(byID[entry.ID]) {
			continue
		}
		if byID[entry.ID] = left; len(left) == 0 {
			delete(byID, entry.ID)
		}
		if err := r.receipt(ctx, branch, entry); err != nil || len(byID) == 0 {
			return nil, err
		}
	}
	return slices.Concat(slices.Collect(maps.Values(byID))...), nil
}

// lost tells of an input whose receipt is not there.
func (r *run) lost(branch string, w want, why string) {
	name := fmt.Sprintf("input %s@%s", branch, w.id)
	if !w.at.IsZero() {
		name += " of " + w.at.String()
	}
	r.report(Finding{Place: w.by, Kind: Input, What: name + ": " + why})
}
