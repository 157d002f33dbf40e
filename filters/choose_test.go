package filters

import (
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestChoose(t *testing.T) {
	text, random := csvText(2*SampleSize), noise(2*SampleSize)
	tests := []struct {
		name   string
		path   string
		sample []byte
		want   Chain
	}{
		{"text", "a.csv", text, Chain{Zstd}},
		{"no suffix", "d.gz/a", text, Chain{Zstd}},
		{"empty", "a.csv", nil, nil},
		{"tiny", "a.csv", make([]byte, 63), nil},
		{"small", "a.csv", make([]byte, 64), Chain{Zstd}},
		{"noise", "a.bin", random, nil},
		{"small noise", "a.bin", random[:100], nil},
		{"suffix", "d/a.zip", text, nil},
		{"table", "d/a.parquet", text, nil},
		{"array", "a.2026.H5", text, nil},
		{"upper case", "A.JPG", text, nil},
		{"two suffixes", "a.csv.zst", text, nil},
		{"suffix within", "a.gz.csv", text, Chain{Zstd}},
		{"shrinks 4 %", "a.bin", mixed(SampleSize, 4), nil},
		{"shrinks 6 %", "a.bin", mixed(SampleSize, 6), Chain{Zstd}},
		{"beyond the sample", "a.bin", append(random[:SampleSize:SampleSize], text...), nil},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, chosen(tt.path, tt.sample)); diff != "" {
			t.Errorf("%s: Choose(%q, %d bytes) (-want +got):\n%s", tt.name, tt.path, len(tt.sample), diff)
		}
	}
}

// mixed returns n bytes of noise but for so many percent of zeros.
func mixed(n, percent int) []byte {
	b := noise(n)
	clear(b[:n*percent/100])
	return b
}

func TestChooseNumbers(t *testing.T) {
	var sample []byte
	for i := range 10_000 {
		sample = append(strconv.AppendInt(sample, int64(i), 10), '\n')
	}
	if got := chosen("numbers.csv", sample); !slices.Equal(got, Chain{Zstd}) {
		t.Errorf("Choose(column of numbers) = %v, want zstd", got)
	}
}

// chosen are the filters for a file that is its sample.
func chosen(path string, sample []byte) Chain {
	chain, _ := Choose(path, int64(len(sample)), func() (bool, error) { return Shrinks(sample), nil })
	return chain
}
