package bundle

import (
	"bytes"
	"fmt"
	"io"
	"testing"
)

// BenchmarkPack packs small files that are in memory.
func BenchmarkPack(b *testing.B) {
	f := fake{}
	for i := range 2000 {
		f[fmt.Sprintf("%05d", i)] = bytes.Repeat([]byte(fmt.Sprint(i, " ")), 1500)[:3000]
	}
	p := f.packing(true)
	b.SetBytes(2000 * 3000)
	for b.Loop() {
		if _, err := Pack(b.Context(), io.Discard, p); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkEntries unpacks a group of small files.
func BenchmarkEntries(b *testing.B) {
	f := fake{}
	for i := range 200 {
		f[fmt.Sprintf("%05d", i)] = bytes.Repeat([]byte(fmt.Sprint(i, " ")), 1500)[:3000]
	}
	stored, content := pack(b, f, true)
	index, err := OpenIndex(rangesOf(stored), int64(len(stored)), content)
	if err != nil {
		b.Fatal(err)
	}
	g := index.Groups[0]
	b.SetBytes(200 * 3000)
	for b.Loop() {
		if _, _, err := g.Entries(stored[:g.Stored], "images", nil); err != nil {
			b.Fatal(err)
		}
	}
}
