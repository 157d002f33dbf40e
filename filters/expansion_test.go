package filters

import (
	"bytes"
	"math"
	"testing"
)

// TestLimitOfHonest decodes what shrinks as far as it can within its limit.
func TestLimitOfHonest(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long under the race detector, and starts nothing that could race")
	}
	for _, size := range []int{0, 1, 1 << 16, 8 << 20} {
		for _, c := range []Chain{nil, {Gz}, {Zstd}, {Gz, Zstd}} {
			stored := encode(t, c, make([]byte, size), 1<<20)
			if len(c) > 1 && size > 1<<20 { // out of all proportion
				stored = encode(t, c, csvText(size), 1<<20)
			}
			if _, err := decode(c, bytes.NewReader(stored), c.Limit(int64(len(stored)))); err != nil {
				t.Errorf("%q: %d bytes stored as %d: %v", c, size, len(stored), err)
			}
		}
	}
}

func TestLimitOfHuge(t *testing.T) {
	for _, stored := range []int64{1 << 43, 1 << 62, math.MaxInt64} {
		for _, c := range []Chain{nil, {Gz}, {Zstd}, {Gz, Zstd, Gz}} {
			if got := c.Limit(stored); got < stored {
				t.Errorf("%q.Limit(%d) = %d, want at least as much", c, stored, got)
			}
		}
	}
}
