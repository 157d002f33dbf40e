package plan

import (
	"context"
	"io/fs"
	"strings"
	"testing"

	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// Find makes a world a Lookup, with Job.
func (w *world) Find(_ context.Context, branch string, id receipts.ID) (*ledger.Entry, error) {
	for _, r := range w.recorded[branch] {
		if r.ID() == id {
			return &ledger.Entry{ID: id, Receipt: r}, nil
		}
	}
	return nil, fs.ErrNotExist
}

// TestBelongs meets the branches that others were made from only while it looks for what
// their receipts have in common: more of them than there were before.
func TestBelongs(t *testing.T) {
	var list []*jobs.Job
	for _, text := range []string{"top", "a top", "b a", "left b", "right b", "both left right"} {
		list = append(list, reads(text))
	}
	w := newWorld(list...)
	made := func(top string) (left, right *receipts.Receipt) {
		first := receipt("top", 1, seed(top), receipts.Input{Branch: ":other", Result: top})
		a := receipt("a", 2, input(first), receipts.Input{Branch: ":third", Result: top})
		b := receipt("b", 3, input(a))
		left, right = receipt("left", 4, input(b)), receipt("right", 5, input(b))
		w.record(first, a, b, left, right)
		return left, right
	}
	left1, right1 := made("1")
	_, right2 := made("2")
	for _, test := range []struct {
		left, right *receipts.Receipt
		want        string
	}{{left1, right1, ""}, {left1, right2, "and what it was paired with from"}} {
		why, err := Belongs(t.Context(), w, list[5], []receipts.Input{input(test.left), input(test.right)})
		if err != nil || !strings.Contains(why, test.want) || test.want == "" && why != "" {
			t.Errorf("Belongs = %q, %v, want %q", why, err, test.want)
		}
	}
}
