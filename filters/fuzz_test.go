package filters

import (
	"bytes"
	"testing"
)

// chains are those that the fuzz targets choose from.
func chains() []Chain {
	return []Chain{nil, {Gz}, {Zstd}, {Gz, Zstd}, {Zstd, Gz}, {Zstd, Zstd}}
}

func pick(n uint8) Chain {
	return chains()[int(n)%len(chains())]
}

func FuzzRoundTrip(f *testing.F) {
	for i := range chains() {
		f.Add(uint8(i), "d/a.csv", uint16(100), uint8(40), csvText(3000))
		f.Add(uint8(i), ".gz", uint16(1), uint8(0), []byte{})
	}
	f.Fuzz(func(t *testing.T, chain uint8, path string, step uint16, repeat uint8, data []byte) {
		c := pick(chain)
		data = bytes.Repeat(data, 1+int(repeat))
		stored := encode(t, c, data, 1+int(step))
		if again := encode(t, c, data, len(data)+1); !bytes.Equal(again, stored) {
			t.Errorf("%q: the size of writes changes the output", c)
		}
		got, err := decode(c, bytes.NewReader(stored), int64(len(data)))
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("%q: %d bytes came back as %d, %v", c, len(data), len(got), err)
		}
		base := path[1+bytes.LastIndexByte([]byte(path), '/'):]
		if base == "" || base == "." || base == ".." {
			return
		}
		if got := c.OriginalPath(c.StoredPath(path)); got != path {
			t.Errorf("%q: path %q came back as %q", c, path, got)
		}
	})
}

func FuzzDecode(f *testing.F) {
	const limit = 300_000
	for i, c := range chains() {
		stored := encode(f, c, csvText(5000), 5000)
		f.Add(uint8(i), stored)
		f.Add(uint8(i), stored[:len(stored)/2])
		f.Add(uint8(i), encode(f, c, make([]byte, 2*limit), limit))
	}
	f.Fuzz(func(t *testing.T, chain uint8, stored []byte) {
		c := pick(chain)
		data, err := decode(c, bytes.NewReader(stored), limit)
		if len(data) > limit {
			t.Errorf("%q: %d bytes, limit %d", c, len(data), limit)
		}
		if err == nil && c != nil && len(stored) == 0 {
			t.Errorf("%q: an empty stream was taken", c)
		}
	})
}
