package filters

import (
	"bytes"
	"io"
	"testing"
)

func BenchmarkWriter(b *testing.B) {
	inputs := map[string][]byte{"csv": csvText(64 << 20), "noise": noise(64 << 20), "4KiB": csvText(4096)}
	for _, name := range []Name{Gz, Zstd} {
		for kind, data := range inputs {
			b.Run(string(name)+"/"+kind, func(b *testing.B) {
				b.SetBytes(int64(len(data)))
				b.ReportAllocs()
				for b.Loop() {
					w, err := Chain{name}.NewWriter(io.Discard)
					if err != nil {
						b.Fatal(err)
					}
					if _, err := w.Write(data); err != nil {
						b.Fatal(err)
					}
					if err := w.Close(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkReader(b *testing.B) {
	inputs := map[string][]byte{"csv": csvText(64 << 20), "noise": noise(64 << 20), "4KiB": csvText(4096)}
	for _, name := range []Name{Gz, Zstd} {
		for kind, data := range inputs {
			stored := encode(b, Chain{name}, data, len(data))
			b.Run(string(name)+"/"+kind, func(b *testing.B) {
				b.SetBytes(int64(len(data)))
				b.ReportAllocs()
				for b.Loop() {
					r, err := Chain{name}.NewReader(b.Context(), bytes.NewReader(stored), int64(len(data)))
					if err != nil {
						b.Fatal(err)
					}
					if _, err := io.Copy(io.Discard, r); err != nil {
						b.Fatal(err)
					}
					if err := r.Close(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkChoose(b *testing.B) {
	sample := csvText(SampleSize)
	b.SetBytes(SampleSize)
	for b.Loop() {
		chosen("a.csv", sample)
	}
}
