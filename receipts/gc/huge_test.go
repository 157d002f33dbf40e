package gc_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts/gc"
)

// TestManyUnknownBranches wants a store of others not to be listed to its end.
func TestManyUnknownBranches(t *testing.T) {
	dir := t.TempDir()
	for i := range 4000 {
		folder := filepath.Join(dir, fmt.Sprintf("theirs-%04d", i))
		if err := errors.Join(os.Mkdir(folder, 0o777), os.WriteFile(filepath.Join(folder, strings.Repeat("0", 40)), nil, 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	store, err := blobs.Open(t.Context(), "file://"+dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	repository := gitcmd.Open(newRepository(t))
	defer repository.Close()
	listed := 0
	_, err = gc.Collect(t.Context(), repository, store, &gc.Options{Offline: true, Progress: func(stage gc.Stage, done, _ int) {
		if stage == gc.Listing {
			listed = done
		}
	}})
	if err == nil || !strings.Contains(err.Error(), "the store holds objects of branches that this repository does not have: theirs-0000") {
		t.Errorf("Collect: %v, want that the branches are not known", err)
	}
	if listed > 2000 {
		t.Errorf("%d objects were listed", listed)
	}
}
