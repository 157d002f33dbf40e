package blobs_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/filters"
)

const bigSize = 256 << 20

// BenchmarkPut stores one big file that does not compress.
func BenchmarkPut(b *testing.B) {
	for _, chain := range []filters.Chain{nil, {filters.Zstd}} {
		b.Run(fmt.Sprint(chain), func(b *testing.B) {
			b.SetBytes(bigSize)
			for b.Loop() {
				putBig(b, benchStore(b), chain)
			}
		})
	}
}

// BenchmarkContent reads one big file that does not compress.
func BenchmarkContent(b *testing.B) {
	for _, chain := range []filters.Chain{nil, {filters.Zstd}} {
		b.Run(fmt.Sprint(chain), func(b *testing.B) {
			s := benchStore(b)
			obj := putBig(b, s, chain)
			b.SetBytes(bigSize)
			for b.Loop() {
				r, err := s.Content(b.Context(), obj, chain, nil)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := io.Copy(io.Discard, r); err != nil {
					b.Fatal(err)
				}
				r.Close()
			}
		})
	}
}

// BenchmarkPutMany stores 10,000 files of 4 KiB from four goroutines.
func BenchmarkPutMany(b *testing.B) {
	const files, writers = 10_000, 4
	data := make([]byte, files*4096)
	rand.NewChaCha8([32]byte{}).Read(data)
	for b.Loop() {
		u, err := benchStore(b).NewUpload(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		var puts sync.WaitGroup
		for w := range writers {
			puts.Go(func() {
				for i := w; i < files; i += writers {
					if _, err := u.Put(b.Context(), "main", bytes.NewReader(data[i*4096:][:4096]), nil); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		puts.Wait()
		if err := u.Commit(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

func benchStore(b *testing.B) *blobs.Store {
	b.Helper()
	s, err := blobs.Open(b.Context(), "file://"+b.TempDir(), nil)
	if err != nil {
		b.Fatal(err)
	}
	return s
}

func putBig(b *testing.B, s *blobs.Store, chain filters.Chain) blobs.Object {
	b.Helper()
	u, err := s.NewUpload(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	stored, err := u.Put(b.Context(), "main", io.LimitReader(rand.NewChaCha8([32]byte{}), bigSize), chain)
	if err == nil {
		err = u.Commit(b.Context())
	}
	if err != nil {
		b.Fatal(err)
	}
	return blobs.Object{Key: blobs.Key("main/" + stored.Blob), Size: stored.Size, SHA256: stored.SHA256}
}
