package site

import (
	"runtime"
	"testing"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/gitcmd/gittest"
	"github.com/git-datapact/git-datapact/receipts"
)

// TestMemory wants a site that has all to write to hold few bytes for each receipt. What is
// held for any number of receipts counts for nothing.
func TestMemory(t *testing.T) {
	const few, many, most = 2000, 12_000, 64
	if each := (held(t, many) - held(t, few)) / (2 * (many - few)); each > most {
		t.Errorf("%d bytes are held for each receipt, want at most %d", each, most)
	}
}

// held is how many bytes of memory a site of two branches of so many receipts holds, those of
// the second made from those of the first.
func held(t *testing.T, n int) int {
	t.Helper()
	dir := gittest.New(t)
	gittest.Import(t, dir, imported("a", n, noInputs))
	gittest.Import(t, dir, imported("b", n, func(i int) []receipts.Input {
		return []receipts.Input{{Branch: "a", Result: string(sample("a", i).ID())}}
	}))
	repository := gitcmd.Open(dir)
	defer repository.Close()
	before := heap()
	s, err := Open(t.Context(), repository, t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.load(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s.kin.size != 2*n || len(s.kin.readings) != n {
		t.Fatalf("there are %d receipts, and %d are made from others, want %d and %d", s.kin.size, len(s.kin.readings), 2*n, n)
	}
	return heap() - before
}

// heap is how many bytes are in use.
func heap() int {
	for range 3 { // pools let go of things at the second time
		runtime.GC()
	}
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int(stats.HeapAlloc)
}
