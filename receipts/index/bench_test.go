package index

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/git-datapact/git-datapact/receipts"
)

const many = 100_000

// BenchmarkBuild writes a segment of many receipts.
func BenchmarkBuild(b *testing.B) {
	records := shuffled()
	for b.Loop() {
		b.SetBytes(int64(len(stackOf(b, records).over)))
	}
}

// BenchmarkEach reads all of them.
func BenchmarkEach(b *testing.B) {
	stack := stackOf(b, shuffled())
	for b.Loop() {
		if err := stack.Each(func(*Record) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFacts opens a segment and looks up one.
func BenchmarkFacts(b *testing.B) {
	stack := stackOf(b, shuffled())
	for b.Loop() {
		opened, err := openSegment(bytes.NewReader(stack.over), int64(len(stack.over)))
		if err == nil {
			err = (&Stack{segments: []*segment{opened}}).Facts("n", "77777", func(*Record) error { return nil })
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

// shuffled are many records with ids that say nothing of their numbers.
func shuffled() []*Record {
	records := make([]*Record, many)
	for i := range records {
		records[i] = numbered(i, 0)
		records[i].ID, _ = receipts.KeyOf(fmt.Sprintf("%08x%032x", uint32(i)*2654435761, i))
	}
	slices.SortFunc(records, func(a, b *Record) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	return records
}
