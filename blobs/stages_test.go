package blobs

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/url"
	"path/filepath"
	"testing"
	"testing/iotest"
	"testing/synctest"

	"github.com/git-datapact/git-datapact/blobs/folder"
	"github.com/git-datapact/git-datapact/filters"
)

var errBroken = errors.New("broken")

// bubbleChains are the filters that can run in a bubble: zstd's share encoders
// with what is outside of it.
func bubbleChains() []filters.Chain { return []filters.Chain{nil, {filters.Gz}} }

// failAfter is a writer that fails once it had some bytes.
type failAfter int

func (f *failAfter) Write(p []byte) (int, error) {
	if *f -= failAfter(len(p)); *f < 0 {
		return 0, errBroken
	}
	return len(p), nil
}

// TestIngestionFailing wants errors to come back and no goroutine to stay
// behind: a bubble that ends with one blocked is a test failure.
func TestIngestionFailing(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789abcdef"), 30*chunkSize/16)
	for _, chain := range bubbleChains() {
		for _, room := range []failAfter{0, chunkSize / 16, 2 * chunkSize} {
			synctest.Test(t, func(t *testing.T) {
				to := room
				if chain != nil {
					to /= 1 << 12 // as much less as it compresses
				}
				in := ingestion{chunks: new(chunkPool), chain: chain, to: &to}
				if _, err := in.run(t.Context(), bytes.NewReader(data)); !errors.Is(err, errBroken) {
					t.Errorf("writing with room for %d and %v: %v, want %v", room, chain, err, errBroken)
				}
			})
		}
		synctest.Test(t, func(t *testing.T) {
			in := ingestion{chunks: new(chunkPool), chain: chain, to: io.Discard}
			r := io.MultiReader(bytes.NewReader(data), iotest.ErrReader(errBroken))
			if _, err := in.run(t.Context(), r); !errors.Is(err, errBroken) {
				t.Errorf("reading with %v: %v, want %v", chain, err, errBroken)
			}
		})
	}
}

// TestIngestionCancelled cancels while a stage is stuck.
func TestIngestionCancelled(t *testing.T) {
	for _, chain := range bubbleChains() {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			release := make(chan struct{})
			in := ingestion{chunks: new(chunkPool), chain: chain, to: writerFunc(func(p []byte) (int, error) {
				<-release
				return len(p), nil
			})}
			done := make(chan error)
			go func() {
				_, err := in.run(ctx, rand.NewChaCha8([32]byte{}))
				done <- err
			}()
			synctest.Wait()
			cancel()
			synctest.Wait()
			close(release)
			if err := <-done; !errors.Is(err, context.Canceled) {
				t.Errorf("cancelling with %v: %v", chain, err)
			}
		})
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// TestReaderLeavesNothing closes readers of big objects at various points.
func TestReaderLeavesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		data := bytes.Repeat([]byte("0123456789abcdef"), 20*chunkSize/16)
		dir, err := folder.Open(&url.URL{Scheme: "file", Path: filepath.ToSlash(t.TempDir())})
		if err != nil {
			t.Fatal(err)
		}
		s := New(dir)
		u, err := s.NewUpload(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		stored, err := u.Put(t.Context(), "main", bytes.NewReader(data), nil)
		if err == nil {
			err = u.Commit(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
		obj := Object{Key: Key("main/" + stored.Blob), Size: stored.Size, SHA256: stored.SHA256}
		for _, n := range []int64{0, 1, chunkSize, int64(len(data))} {
			r, err := s.Get(t.Context(), obj)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.CopyN(io.Discard, r, n); err != nil {
				t.Error(err)
			}
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}

// stuck reads nothing, again and again.
type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

func TestFillStuck(t *testing.T) {
	if _, err := new(chunkPool).get().fill(stuck{}); err != io.ErrNoProgress {
		t.Errorf("fill = %v, want %v", err, io.ErrNoProgress)
	}
}
