package blobs_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"gocloud.dev/blob/memblob"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/blobs/blobstest"
	"github.com/git-datapact/git-datapact/blobs/cloud"
)

// TestTry: a trial finds nothing wrong with stores that are right, and leaves nothing.
func TestTry(t *testing.T) {
	parent := t.TempDir()
	folder, err := blobs.Open(t.Context(), "file://"+filepath.ToSlash(parent)+"/some/store", nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]*blobs.Store{"folder": folder, "bucket": blobstest.OpenBucket(t, &cloud.Bucket{Bucket: memblob.OpenBucket(nil)})} {
		made := 0
		speed, err := s.Try(t.Context(), 10<<20, func(c blobs.Check) {
			made++
			if c.Err != nil {
				t.Errorf("%s: %s: %v", name, c.Name, c.Err)
			}
		})
		if err != nil || made != 13 || speed.Up <= 0 || speed.Down <= 0 || speed.Put <= 0 {
			t.Errorf("%s: Try = %+v after %d checks, %v", name, speed, made, err)
		}
		for object, err := range s.List(t.Context(), "") {
			t.Errorf("%s: it left %q, %v", name, object.Key, err)
		}
		for object, err := range s.Quarantined(t.Context()) {
			t.Errorf("%s: it left %q in backend.Quarantine, %v", name, object.Key, err)
		}
	}
	if left, err := os.ReadDir(parent); err != nil || len(left) > 0 {
		t.Errorf("it left %v, %v", left, err)
	}
}

// TestTryUnusable: a store that takes nothing is found out, and nothing else is tried.
func TestTryUnusable(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	s, err := blobs.Open(t.Context(), "file://"+filepath.ToSlash(dir), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var found []blobs.Check
	if _, err := s.Try(t.Context(), 1, func(c blobs.Check) { found = append(found, c) }); err != nil {
		t.Errorf("Try: %v", err)
	}
	if len(found) != 1 || found[0].Name != "put" || found[0].Err == nil || !found[0].Needed {
		t.Errorf("it found %+v, want that put, which is needed, fails", found)
	}
	if errors.Is(found[0].Err, blobs.ErrNotFound) {
		t.Errorf("put: %v", found[0].Err)
	}
}
