package archive

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/gitcmd/gittest"
)

// collected takes away, for good or into quarantine, everything that is stored.
func collected(t *testing.T, a *Archive, forGood bool) {
	t.Helper()
	for object, err := range a.Store.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.Store.Quarantine(t.Context(), object.Key, blobs.NewRun(time.Now()), time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	for q, err := range a.Store.Quarantined(t.Context()) {
		if err == nil && forGood {
			_, err = a.Store.Purge(t.Context(), q)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestCollectedWhileStoring: blobs that were there when a recording looked, and are
// not when it commits.
func TestCollectedWhileStoring(t *testing.T) {
	for _, forGood := range []bool{false, true} {
		a, dir := newArchive(t)
		result := filepath.Join(dir, "result")
		put(t, result, "a", "1", "b", "2", ".datapact/input", seed)
		recordDir(t, a, result)
		taken := false
		entry, err := a.RecordDir(t.Context(), Request{Dir: result, Branch: "data", Progress: func(done, total Amount, _ string) {
			if !taken && done.Files == total.Files {
				taken = true
				collected(t, a, forGood)
			}
		}})
		if err != nil || !taken {
			t.Fatalf("RecordDir = %v, taken %v", err, taken)
		}
		wantStored(t, a, entry.Receipt.Output[0].Blob, entry.Receipt.Output[1].Blob)
	}
}

// TestCollectedAtTheCommit: blobs that are taken in the very moment in which git
// moves the branch.
func TestCollectedAtTheCommit(t *testing.T) {
	for how, command := range map[string]string{
		"quarantine": "mkdir -p .quarantine/20200101T000000Z-AAAAAAAAAAAA && mv data .quarantine/20200101T000000Z-AAAAAAAAAAAA/",
		"for good":   "rm -r data",
	} {
		a, dir := newArchive(t)
		repository := filepath.Dir(mustGitDir(t, a))
		hook := fmt.Sprintf("#!/bin/sh\n[ \"$1\" = committed ] && cd %s/blobs && [ -d data ] && { %s; } || exit 0\n", repository, command)
		put(t, repository, ".git/hooks/reference-transaction", hook)
		if err := os.Chmod(filepath.Join(repository, ".git/hooks/reference-transaction"), 0o755); err != nil {
			t.Fatal(err)
		}
		result := filepath.Join(dir, "result")
		put(t, result, "a", "1", "b", "2", ".datapact/input", seed)
		entry := recordDir(t, a, result)
		wantStored(t, a, entry.Receipt.Output[0].Blob, entry.Receipt.Output[1].Blob)
		if _, err := os.Stat(filepath.Join(repository, "blobs", ".quarantine", "20200101T000000Z-AAAAAAAAAAAA")); how == "quarantine" && err == nil {
			left, _ := os.ReadDir(filepath.Join(repository, "blobs", ".quarantine", "20200101T000000Z-AAAAAAAAAAAA", "data"))
			if len(left) > 0 {
				t.Errorf("%s: %d blobs were not brought back", how, len(left))
			}
		}
		if gittest.Run(t, repository, "rev-list", "--count", "data") != "2" {
			t.Errorf("%s: the receipt is not committed once", how)
		}
	}
}

func mustGitDir(t *testing.T, a *Archive) string {
	t.Helper()
	dir, err := a.Repository.GitDir(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// wantStored wants blobs in their place, where a list finds them.
func wantStored(t *testing.T, a *Archive, names ...string) {
	t.Helper()
	there := map[blobs.Key]bool{}
	for object, err := range a.Store.List(t.Context(), "data/") {
		if err != nil {
			t.Fatal(err)
		}
		there[object.Key] = true
	}
	for _, name := range names {
		if !there[blobs.Key("data/"+name)] {
			t.Errorf("blob %s is not there", name)
		}
	}
}
