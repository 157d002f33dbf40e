package blobs_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"

	"gocloud.dev/blob/memblob"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/blobs/blobstest"
	"github.com/git-datapact/git-datapact/blobs/cloud"
	"github.com/git-datapact/git-datapact/filters"
)

// random is content that does not compress.
func random(size int) []byte {
	data := make([]byte, size)
	rand.NewChaCha8([32]byte{7}).Read(data)
	return data
}

// A changing file is other content from the second time on that it is read.
type changing struct {
	*bytes.Reader
	later *bytes.Reader
}

func (c changing) ReadAt(p []byte, off int64) (int, error) { return c.later.ReadAt(p, off) }

// TestChanged: what is something else when it is read again is not stored.
func TestChanged(t *testing.T) {
	store := blobstest.OpenBucket(t, &cloud.Bucket{Bucket: memblob.OpenBucket(nil)})
	const large = 230 << 20 // more than may be staged
	for _, size := range []int{1, 2, 100 << 10, 3 << 20, large} {
		data := random(size)
		first, last := bytes.Clone(data), bytes.Clone(data)
		first[0]++
		last[size-1]++
		for name, later := range map[string][]byte{"first": first, "last": last, "short": data[:size-1], "long": append(data, 0)} {
			for _, chain := range []filters.Chain{nil, {filters.Zstd}} {
				if (chain != nil) != (size == large) || size == large && name != "last" { // else it is staged, or takes long
					continue
				}
				u, err := store.NewUpload(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				_, err = u.Put(t.Context(), "main", changing{bytes.NewReader(data), bytes.NewReader(later)}, chain)
				if name == "long" { // which nobody reads: the size is what it was
					if err != nil {
						t.Errorf("%d bytes, %s, %v: %v", size, name, chain, err)
					}
				} else if !errors.Is(err, blobs.ErrChanged) {
					t.Errorf("%d bytes, %s, %v: %v, want ErrChanged", size, name, chain, err)
				}
				if err := u.Close(); err != nil {
					t.Error(err)
				}
				for a := range store.List(t.Context(), "") {
					if name != "long" {
						t.Errorf("%d bytes, %s, %v: %q is stored", size, name, chain, a.Key)
					}
					if err := store.Delete(t.Context(), a.Key); err != nil {
						t.Error(err)
					}
				}
			}
		}
	}
}

// TestScratch wants staged bytes to stay within bounds, whatever is uploaded at a time, and
// what they are made of to arrive.
func TestScratch(t *testing.T) {
	const most = 256 << 20
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	store := blobstest.OpenBucket(t, &cloud.Bucket{Bucket: memblob.OpenBucket(nil)})
	u, err := store.NewUpload(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	data := random(140 << 20)
	watched, stop := context.WithCancel(t.Context())
	var peak int64
	var watch sync.WaitGroup
	watch.Go(func() {
		for watched.Err() == nil {
			peak = max(peak, sizeOf(t, dir))
		}
	})
	var told atomic.Int64
	var puts sync.WaitGroup
	want := int64(0)
	for i := range 3 { // of which two are staged, or parts of them
		content := io.NewSectionReader(bytes.NewReader(data), int64(i), int64(len(data)-i))
		want += content.Size()
		puts.Go(func() {
			stored, err := u.Put(t.Context(), "main", watchedAgain{content, &told}, filters.Chain{filters.Zstd})
			if err != nil {
				t.Error(err)
				return
			}
			if a, err := store.Stat(t.Context(), blobs.Key("main/"+stored.Blob)); err != nil || a.Size != stored.Size {
				t.Errorf("Stat = %+v, %v, want %d bytes", a, err, stored.Size)
			}
		})
	}
	puts.Wait()
	stop()
	watch.Wait()
	if peak > most || peak < 64<<20 {
		t.Errorf("%d MiB were staged, want some, and at most %d", peak>>20, most>>20)
	}
	if told.Load() != want {
		t.Errorf("Moved was told of %d bytes, want %d", told.Load(), want)
	}
	if left := sizeOf(t, dir); left != 0 {
		t.Errorf("%d bytes are left", left)
	}
	if err := u.Commit(t.Context()); err != nil {
		t.Error(err)
	}
}

// watched content adds up what is done of it.
type watched struct {
	io.Reader
	told *atomic.Int64
}

func (w watched) Moved(bytes int64) { w.told.Add(bytes) }

type watchedAgain struct {
	*io.SectionReader
	told *atomic.Int64
}

func (w watchedAgain) Moved(bytes int64) { w.told.Add(bytes) }

// sizeOf is how many bytes the files in a folder have.
func sizeOf(t *testing.T, dir string) int64 {
	var sum int64
	err := filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			var info fs.FileInfo
			if info, err = entry.Info(); err == nil {
				sum += info.Size()
			}
		}
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	return sum
}

// TestMoved wants the bytes that Moved is told of to add up to the content, on every way
// that content takes.
func TestMoved(t *testing.T) {
	bucket := blobstest.OpenBucket(t, &cloud.Bucket{Bucket: memblob.OpenBucket(nil)})
	folder := blobstest.OpenFolder(t, t.TempDir())
	var told atomic.Int64
	once := func(data []byte) io.Reader { return watched{iotest.OneByteReader(bytes.NewReader(data)), &told} }
	again := func(data []byte) io.Reader {
		return watchedAgain{io.NewSectionReader(bytes.NewReader(data), 0, int64(len(data))), &told}
	}
	for name, store := range map[string]*blobs.Store{"bucket": bucket, "folder": folder} {
		for _, size := range []int{0, 1, 100_000, 1 << 20} {
			for way, content := range map[string]func([]byte) io.Reader{"once": once, "again": again} {
				u, err := store.NewUpload(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				for _, chain := range []filters.Chain{nil, {filters.Gz}, {filters.Gz}} { // the last is there already
					told.Store(0)
					if _, err := u.Put(t.Context(), "main", content(random(size)), chain); err != nil || told.Load() != int64(size) {
						t.Errorf("%s, %s: Moved was told of %d bytes of %d, %v", name, way, told.Load(), size, err)
					}
				}
				if err := u.Close(); err != nil {
					t.Error(err)
				}
			}
		}
	}
}
