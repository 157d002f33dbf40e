package remote

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/git-datapact/git-datapact/blobs/backend"
)

// create makes a staged file of content of a size.
func create(t *testing.T, b backend.Batch, size int64) *staged {
	t.Helper()
	f, err := b.Create(t.Context(), size)
	if err != nil {
		t.Fatal(err)
	}
	return f.(*staged)
}

// TestStaged: large content is given up when there is no room, small content waits for it,
// and what is discarded makes room.
func TestStaged(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	r := &Remote{scratch: newScratch()}
	b, err := r.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	var small []*staged
	for range scratchSize / (mediumSize + mediumSize/64 + slack) {
		small = append(small, create(t, b, mediumSize))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := b.Create(ctx, mediumSize); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Create without room: %v, want it to wait", err)
	}
	large := create(t, b, 1<<30)
	write(t, large, 16<<20)
	wantKept(t, large, false)
	for _, f := range small[:4] {
		if err := errors.Join(f.Close(), f.Discard(), f.Discard()); err != nil {
			t.Error(err)
		}
	}
	large = create(t, b, 1<<30)
	write(t, large, 16<<20)
	wantKept(t, large, true)
	once := create(t, b, backend.Once)
	write(t, once, 256<<20)
	wantKept(t, once, true)
}

// TestStagedBroken: where the disk takes no more, content that can be read again is given
// up, and other content is an error.
func TestStagedBroken(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	r := &Remote{scratch: newScratch()}
	b, err := r.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	again, once := create(t, b, 1000), create(t, b, backend.Once)
	if err := errors.Join(again.file.Close(), once.file.Close()); err != nil { // so that writing fails
		t.Fatal(err)
	}
	write(t, again, 1)
	wantKept(t, again, false)
	if _, err := once.Write([]byte("x")); err == nil {
		t.Error("what was not written is not an error")
	}
}

func write(t *testing.T, f *staged, size int) {
	t.Helper()
	for part := make([]byte, min(size, 256<<10)); size > 0; size -= len(part) {
		if n, err := f.Write(part); n != len(part) || err != nil {
			t.Fatalf("Write = %d, %v", n, err)
		}
	}
}

// wantKept closes a file, and wants it to be there or not.
func wantKept(t *testing.T, f *staged, kept bool) {
	t.Helper()
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if got := f.Name() != ""; got != kept {
		t.Errorf("Name() = %q, want one: %v", f.Name(), kept)
	}
	if _, err := os.Stat(f.file.Name()); (err == nil) != kept {
		t.Errorf("the file: %v, want it there: %v", err, kept)
	}
}
