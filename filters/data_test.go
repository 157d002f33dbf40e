package filters

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
)

// csvText returns n bytes of a table of measurements, the same on every run.
func csvText(n int) []byte {
	rng := rand.New(rand.NewPCG(1, 2))
	kinds := []string{"temperature", "pressure", "humidity", "wind-speed"}
	var b bytes.Buffer
	for id := 0; b.Len() < n; id++ {
		fmt.Fprintf(&b, "%d,2016-11-%02dT%02d:%02d:%02dZ,station-%04d,%s,%d.%04d,%d\n",
			id, id/50000%28+1, id/2400%24, id/40%60, id*3/2%60, rng.IntN(3000),
			kinds[rng.IntN(len(kinds))], rng.IntN(120), rng.IntN(10000), rng.IntN(100000))
	}
	return b.Bytes()[:n]
}

// noise returns n bytes that do not compress, the same on every run.
func noise(n int) []byte {
	var seed [32]byte
	b := make([]byte, n)
	_, _ = rand.NewChaCha8(seed).Read(b)
	return b
}

// encode filters data, written in pieces of step bytes.
func encode(t testing.TB, c Chain, data []byte, step int) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := c.NewWriter(&out)
	if err != nil {
		t.Fatal(err)
	}
	for len(data) > 0 {
		n, err := w.Write(data[:min(step, len(data))])
		if err != nil {
			t.Fatal(err)
		}
		data = data[n:]
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// decode reads all that c makes of stored and closes the reader.
func decode(c Chain, stored io.Reader, limit int64) ([]byte, error) {
	r, err := c.NewReader(context.Background(), stored, limit)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(r)
	if cerr := r.Close(); err == nil {
		err = cerr
	}
	return data, err
}
