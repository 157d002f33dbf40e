package gc_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/gitcmd/gittest"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/gc"
	"github.com/git-datapact/git-datapact/receipts/index"
)

// TestIndexed: a collection finds the same with the index and without it, current receipts
// and earlier ones, and refuses the same.
func TestIndexed(t *testing.T) {
	dir, store := newRepository(t), t.TempDir()
	folder := filepath.Join(store, "data")
	if err := os.Mkdir(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-1000 * time.Hour)
	var stream strings.Builder
	blobs := 0
	record := func(number int) string {
		var outputs []receipts.Output
		for i := range 2 {
			blobs++
			name := fmt.Sprintf("%040x", blobs)
			if i == 0 || number%2 == 0 { // of the others nothing is in the receipt
				outputs = append(outputs, receipts.Output{Blob: name, Path: fmt.Sprint(i), Checksum: receipts.Checksum{SHA256: fmt.Sprintf("%064x", blobs)}})
			}
			path := filepath.Join(folder, name)
			if err := errors.Join(os.WriteFile(path, nil, 0o666), os.Chtimes(path, old, old)); err != nil {
				t.Fatal(err)
			}
		}
		r := receipts.Receipt{Branch: "data", Timestamp: receipts.NewTimestamp(time.Unix(1e9+int64(blobs), 0)), Output: outputs,
			Input: []receipts.Input{{Branch: ":x", Result: fmt.Sprint(number)}}}
		data, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&stream, "commit refs/heads/data\ncommitter c <c@example.com> %d +0000\ndata 1\nx\n", 1_000_000_000+blobs)
		if blobs == 2 {
			stream.WriteString("from refs/heads/data^0\n")
		}
		fmt.Fprintf(&stream, "M 100644 inline %s\ndata %d\n%s\n", r.ID().Path(), len(data), data)
		return r.ID().Path()
	}
	for i := range index.Fewest + 20 {
		record(i)
	}
	for i := range 30 {
		record(7 * i) // once more
	}
	fmt.Fprintf(&stream, "commit refs/heads/data\ncommitter c <c@example.com> 1100000000 +0000\ndata 1\nx\nD %s\n\n", record(3))
	gittest.Import(t, dir, stream.String())
	compare := func(garbage int) {
		t.Helper()
		without, whyNot := collect(t, dir, store, false)
		with, why := collect(t, dir, store, true)
		again, _ := collect(t, dir, store, true)
		if fmt.Sprint(why) != fmt.Sprint(whyNot) || garbage == 0 && why == nil {
			t.Errorf("with the index: %v\nwithout it: %v", why, whyNot)
		}
		if made, err := filepath.Glob(filepath.Join(dir, ".git", "datapact", "index", "*-*")); err != nil || len(made) == 0 {
			t.Fatal("there is no index", err)
		}
		if diff := cmp.Diff(without, with) + cmp.Diff(with, again); diff != "" {
			t.Errorf("without the index, and with it:\n%s", diff)
		}
		if garbage > 0 && with.Total().Garbage.Objects != garbage {
			t.Errorf("%d objects are garbage, want %d", with.Total().Garbage.Objects, garbage)
		}
	}
	odd := 0
	for i := range index.Fewest + 20 {
		odd += i % 2
	}
	compare(odd + 30/2 + 1)
	gittest.Import(t, dir, "commit refs/heads/data\ncommitter c <c@example.com> 1200000000 +0000\ndata 1\nx\nfrom refs/heads/data^0\nM 100644 inline result/ab/"+strings.Repeat("c", 38)+".json\ndata 1\n{\n\n")
	compare(0)
}

func collect(t *testing.T, dir, folder string, indexed bool) (*gc.Report, error) {
	t.Helper()
	repository := gitcmd.Open(dir)
	defer repository.Close()
	store, err := blobs.Open(t.Context(), "file://"+filepath.ToSlash(folder), nil)
	if err == nil {
		err = repository.SetConfig(t.Context(), "datapact.index", fmt.Sprint(indexed))
	}
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	return gc.Collect(t.Context(), repository, store, &gc.Options{Offline: true})
}
