package blobs_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"gocloud.dev/blob/fileblob"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/blobs/blobstest"
	"github.com/git-datapact/git-datapact/blobs/cloud"
)

// TestRefresh: an object that an upload relies on is young afterwards.
func TestRefresh(t *testing.T) {
	dir := t.TempDir()
	bucket, err := fileblob.OpenBucket(filepath.Join(dir, "bucket"), &fileblob.Options{CreateDir: true})
	if err != nil {
		t.Fatal(err)
	}
	for folder, s := range map[string]*blobs.Store{
		"folder": blobstest.OpenFolder(t, filepath.Join(dir, "folder")),
		"bucket": blobstest.OpenBucket(t, &cloud.Bucket{Bucket: bucket}),
	} {
		obj := blobstest.Store(t, s, "main", []byte("content"))
		old := time.Now().Add(-10 * 24 * time.Hour)
		if err := os.Chtimes(filepath.Join(dir, folder, filepath.FromSlash(string(obj.Key))), old, old); err != nil {
			t.Fatal(err)
		}
		before := time.Now().Add(-time.Hour)
		if again := blobstest.Store(t, s, "main", []byte("content")); again != obj {
			t.Errorf("%s: storing again gives %+v, want %+v", folder, again, obj)
		}
		moved, err := s.Quarantine(t.Context(), obj.Key, blobs.NewRun(time.Now()), before)
		if moved || err != nil {
			t.Errorf("%s: Quarantine of an object in use = %v, %v, want false", folder, moved, err)
		}
	}
}

// TestQuarantineLeavesNoFolders: what is purged takes its folders along.
func TestQuarantineLeavesNoFolders(t *testing.T) {
	dir := t.TempDir()
	s := blobstest.OpenFolder(t, dir)
	obj := blobstest.Store(t, s, "team/set", []byte("content"))
	run := blobs.NewRun(time.Now())
	if moved, err := s.Quarantine(t.Context(), obj.Key, run, time.Now().Add(time.Hour)); !moved || err != nil {
		t.Fatalf("Quarantine = %v, %v", moved, err)
	}
	if err := os.WriteFile(filepath.Join(dir, ".quarantine", "note"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for q, err := range s.Quarantined(t.Context()) {
		if err != nil || q.Run != run {
			t.Fatalf("Quarantined gives %+v, %v", q, err)
		}
		if purged, err := s.Purge(t.Context(), q); !purged || err != nil {
			t.Errorf("Purge = %v, %v", purged, err)
		}
	}
	left, err := os.ReadDir(filepath.Join(dir, ".quarantine"))
	if err != nil || len(left) != 1 {
		t.Errorf("left in quarantine: %v, %v, want the note", left, err)
	}
}

// TestRefreshYoung wants an upload to rely on an object of a folder as it is while it is
// young, without another time.
func TestRefreshYoung(t *testing.T) {
	dir := t.TempDir()
	s := blobstest.OpenFolder(t, dir)
	obj := blobstest.Store(t, s, "main", []byte("content"))
	name := filepath.Join(dir, filepath.FromSlash(string(obj.Key)))
	for age, want := range map[time.Duration]bool{time.Hour: true, 6 * 24 * time.Hour: true, 8 * 24 * time.Hour: false} {
		stored := time.Now().Add(-age)
		if err := os.Chtimes(name, stored, stored); err != nil {
			t.Fatal(err)
		}
		blobstest.Store(t, s, "main", []byte("content"))
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if kept := info.ModTime().Equal(stored); kept != want {
			t.Errorf("recorded again %v after it was stored, it has the time %v, want that to be the old one: %v", age, info.ModTime(), want)
		}
	}
}
