package gc_test

import (
	"fmt"
	"strings"
	"testing"

	"gocloud.dev/blob/memblob"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts/gc"
)

// TestManyUnknownBranches wants a store of others not to be listed to its end.
func TestManyUnknownBranches(t *testing.T) {
	bucket := memblob.OpenBucket(nil)
	store := blobs.New(bucket)
	defer store.Close()
	for i := range 4000 {
		if err := bucket.WriteAll(t.Context(), fmt.Sprintf("theirs-%04d/%s", i, strings.Repeat("0", 40)), nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	repository := gitcmd.Open(newRepository(t))
	defer repository.Close()
	listed := 0
	_, err := gc.Collect(t.Context(), repository, store, &gc.Options{Offline: true, Progress: func(stage gc.Stage, done int) {
		if stage == gc.Listing {
			listed = done
		}
	}})
	if err == nil || !strings.Contains(err.Error(), "the store holds objects of branches that are not known here: theirs-0000") {
		t.Errorf("Collect: %v, want that the branches are not known", err)
	}
	if listed > 2000 {
		t.Errorf("%d objects were listed", listed)
	}
}
