package receipts_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/git-datapact/git-datapact/receipts"
)

// TestMemory reads documents of small values, which take many times their text in
// memory, and short ones that grow when they are written.
func TestMemory(t *testing.T) {
	const size, most = 16 << 20, 256 << 20
	list := func(open, item, end string) string {
		return open + strings.Repeat(item+",", size/(len(item)+1)) + item + end
	}
	numbered := func(form string) string {
		var b strings.Builder
		for i := 0; b.Len() < size; i++ {
			fmt.Fprintf(&b, form, i)
		}
		return b.String()
	}
	deep := strings.Repeat("[", 90)
	for name, more := range map[string]string{
		"numbers":        list(`"metadata":[{"key":"a","value":[`, "1", `]}]`),
		"empty lists":    list(`"metadata":[{"key":"a","value":[`, "[]", `]}]`),
		"empty objects":  list(`"input":[{"branch":"b","result":"r","metadata":[{"key":"a","value":[`, "{}", `]}]}]`),
		"small objects":  list(`"metadata":[{"key":"a","value":[`, `{"":0}`, `]}]`),
		"facts":          list(`"metadata":[`, `{"key":"","value":0}`, `]`),
		"inputs":         list(`"input":[`, `{"branch":"","result":""}`, `]`),
		"outputs":        list(`"output":[`, `{"blob":"","checksum":{"sha256":""},"path":"","size":-1}`, `]`),
		"filters":        list(`"output":[{"blob":"b","checksum":{"sha256":""},"path":"p","size":0,"filters":[`, `""`, `]}]`),
		"unknown list":   list(`"later":[`, "0", `]`),
		"unknown keys":   numbered(`"k%d":0,`) + `"last":0`,
		"keys in a fact": `"metadata":[{"key":"a","value":{` + numbered(`"k%d":0,`) + `"last":0}}]`,
		"keys skipped":   `"later":{` + numbered(`"k%d":0,`) + `"last":0}`,
		"deep":           `"metadata":[{"key":"a","value":` + deep + strings.Repeat("1,", 1<<20) + "1" + strings.Repeat("]", 90) + `}]`,
	} {
		data := []byte(`{"branch":"b","timestamp":"2020-01-01T00:00:00Z",` + more + `}`)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		receipt, err := receipts.Parse(data)
		if err == nil {
			err = receipt.Validate()
		}
		if err != nil {
			_ = err.Error()
		}
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > most {
			t.Errorf("%s: %d MiB took %d MiB, want at most %d (%.200v)", name, len(data)>>20, took>>20, most>>20, err)
		}
	}
}

// TestManyOutputs reads a receipt as large as honest ones are, whose list of outputs is not
// copied over and over while it grows.
func TestManyOutputs(t *testing.T) {
	digest := strings.Repeat("0", 64)
	var b strings.Builder
	b.WriteString(`{"branch":"b","timestamp":"2020-01-01T00:00:00Z","output":[`)
	const outputs = 150_000
	for i := range outputs {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"blob":"%040d","checksum":{"sha256":"%s"},"content":{"sha256":"%s","size":10},"filters":["zstd"],"path":"some/folder/%08d.png.zst","size":9}`, i, digest, digest, i)
	}
	b.WriteString("]}")
	data := []byte(b.String())
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	receipt, err := receipts.Parse(data)
	runtime.ReadMemStats(&after)
	if err != nil || len(receipt.Output) != outputs {
		t.Fatalf("%d MiB: %v", len(data)>>20, err)
	}
	const each = 512 // bytes beside the text
	if took, most := after.TotalAlloc-before.TotalAlloc, uint64(len(data)+outputs*each); took > most {
		t.Errorf("%d MiB took %d MiB, want at most %d", len(data)>>20, took>>20, most>>20)
	}
}
