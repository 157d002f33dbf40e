package site

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/git-datapact/git-datapact/receipts"
)

// someRecords are as many, in no order.
func someRecords(n int) []*record {
	var list []*record
	for i := range n {
		r := sample("a", i%7, receipts.Input{Branch: "b", Result: string(sample("b", i).ID())})
		list = append(list, newRecord(sample("a", i).ID(), "00", r))
	}
	return list
}

// TestRoll wants each record to be found and read as it was written, and one that is not there
// not to be found.
func TestRoll(t *testing.T) {
	list := someRecords(3000)
	path := filepath.Join(t.TempDir(), "records")
	rewrite(t, path, func(yield func(*record, error) bool) {
		for _, r := range list {
			if !yield(r, nil) {
				return
			}
		}
	}, len(list))
	r, err := recall(path)
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range list {
		at, ok := r.find(want.raw)
		if !ok || at != n {
			t.Fatalf("record %d is found as %d, %t", n, at, ok)
		}
		got, err := r.read(n)
		if err != nil || got.raw != want.raw || got.at != want.at || !slices.Equal(got.inputs, want.inputs) || !slices.Equal(got.facts, want.facts) {
			t.Fatalf("record %d is %v, %v, want %v", n, got, err, want)
		}
	}
	if n, ok := r.find(receipts.Key{1}); ok {
		t.Errorf("a record that is not there is found as %d", n)
	}
	if err := os.Truncate(path, r.starts[2999]+10); err != nil {
		t.Fatal(err)
	}
	if got, err := r.read(2999); err == nil {
		t.Errorf("half of a record is read as %v", got)
	}
	count := 0
	for _, failed := range r.all() {
		if count++; failed != nil {
			err = failed
		}
	}
	if err == nil || count > 3000 {
		t.Errorf("%d records are read of a file that ends too early, without an error", count)
	}
}

// TestMerged wants two lists in their order to become one.
func TestMerged(t *testing.T) {
	list := someRecords(100)
	slices.SortFunc(list, compareRecords)
	each := func(of func(n int) bool) func(func(*record, error) bool) {
		return func(yield func(*record, error) bool) {
			for n, r := range list {
				if of(n) && !yield(r, nil) {
					return
				}
			}
		}
	}
	for name, of := range map[string]func(int) bool{
		"none": func(int) bool { return false }, "all": func(int) bool { return true },
		"first": func(n int) bool { return n < 40 }, "last": func(n int) bool { return n >= 40 },
		"some": func(n int) bool { return n%3 == 0 },
	} {
		var got []*record
		for r, err := range merged(each(of), each(func(n int) bool { return !of(n) })) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, r)
		}
		if !slices.Equal(got, list) {
			t.Errorf("%s: %d records are merged in another order than %d", name, len(got), len(list))
		}
	}
}

// TestMergedFails wants the error of either list to come through, and nothing after it.
func TestMergedFails(t *testing.T) {
	list := someRecords(2)
	broken := func(yield func(*record, error) bool) { _ = yield(list[0], nil) && yield(nil, os.ErrInvalid) }
	whole := func(yield func(*record, error) bool) { yield(list[1], nil) }
	for name, records := range map[string]func(func(*record, error) bool){"first": merged(broken, whole), "second": merged(whole, broken)} {
		var last error
		for _, err := range records {
			if last != nil {
				t.Errorf("%s: something comes after the error", name)
			}
			last = cmp.Or(err, last)
		}
		if last == nil {
			t.Errorf("%s: the error is lost", name)
		}
	}
}
