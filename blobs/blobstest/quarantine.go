package blobstest

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/git-datapact/git-datapact/blobs"
)

// later is a time before which everything is old.
func later() time.Time { return time.Now().Add(24 * time.Hour) }

func setAside(t *testing.T, s Subject, key blobs.Key, want bool) {
	t.Helper()
	if moved, err := s.Store.Quarantine(t.Context(), key, blobs.NewRun(time.Now()), later()); err != nil || moved != want {
		t.Fatalf("Quarantine(%q) = %v, %v, want %v", key, moved, err, want)
	}
}

func restore(t *testing.T, s Subject, key blobs.Key, want bool) {
	t.Helper()
	if restored, err := s.Store.Restore(t.Context(), key); err != nil || restored != want {
		t.Fatalf("Restore(%q) = %v, %v, want %v", key, restored, err, want)
	}
}

// purge removes all that is in quarantine and returns how many objects that were.
func purge(t *testing.T, s Subject) int {
	t.Helper()
	count := 0
	for q, err := range s.Store.Quarantined(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []bool{true, false} {
			if purged, err := s.Store.Purge(t.Context(), q); purged != want || err != nil {
				t.Fatalf("Purge = %v, %v, want %v", purged, err, want)
			}
		}
		count++
	}
	return count
}

func testQuarantine(t *testing.T, s Subject) {
	data := random(40, 3*chunk)
	obj, _ := put(t, s, "team/set", data, nil)
	other, _ := put(t, s, "team/set", random(41, 10), nil)
	begun := time.Now()
	setAside(t, s, obj.Key, true)
	setAside(t, s, obj.Key, false)
	setAside(t, s, "team/set/missing", false)
	wantKeys(t, s, "", other.Key)
	wantKeys(t, s, ".quarantine/")
	if got := get(t, s, obj); !bytes.Equal(got, data) {
		t.Error("Get from quarantine differs")
	}
	if a, err := s.Store.Stat(t.Context(), obj.Key); err != nil || a.Key != obj.Key || a.Size != obj.Size {
		t.Errorf("Stat in quarantine = %+v, %v", a, err)
	}
	if err := s.Store.Delete(t.Context(), obj.Key); !errors.Is(err, blobs.ErrNotFound) {
		t.Errorf("Delete in quarantine: %v, want ErrNotFound", err)
	}
	for q, err := range s.Store.Quarantined(t.Context()) {
		if err != nil || q.Key != obj.Key || q.Size != obj.Size {
			t.Errorf("Quarantined gives %+v, %v, want %q", q, err, obj.Key)
		}
		if since, err := q.Run.Time(); err != nil || since.Before(begun.Add(-time.Second)) || since.After(time.Now()) {
			t.Errorf("run began at %v, %v, want about %v", since, err, begun)
		}
	}
	restore(t, s, obj.Key, true)
	restore(t, s, obj.Key, false)
	wantKeys(t, s, "", obj.Key, other.Key)
	if _, err := s.Store.Restore(t.Context(), "team/set/missing"); !errors.Is(err, blobs.ErrNotFound) {
		t.Errorf("Restore of nothing: %v, want ErrNotFound", err)
	}
	setAside(t, s, obj.Key, true)
	if _, stored := put(t, s, "team/set", data, nil); stored.Existed {
		t.Error("an object in quarantine stands in the way of storing it")
	}
	wantKeys(t, s, "", obj.Key, other.Key)
	if n := purge(t, s); n != 1 {
		t.Errorf("%d objects in quarantine, want 1", n)
	}
	if got := get(t, s, obj); !bytes.Equal(got, data) {
		t.Error("Get after purging an old copy differs")
	}
	setAside(t, s, obj.Key, true)
	purge(t, s)
	if _, err := s.Store.Get(t.Context(), obj); !errors.Is(err, blobs.ErrNotFound) {
		t.Errorf("Get of what was purged: %v, want ErrNotFound", err)
	}
}

func testQuarantineYoung(t *testing.T, s Subject) {
	obj, _ := put(t, s, "main", random(42, 10), nil)
	moved, err := s.Store.Quarantine(t.Context(), obj.Key, blobs.NewRun(time.Now()), time.Now().Add(-time.Hour))
	if moved || err != nil {
		t.Errorf("Quarantine of a young object = %v, %v, want false", moved, err)
	}
	for _, run := range []blobs.Run{"", "..", "x/y"} {
		if _, err := s.Store.Quarantine(t.Context(), obj.Key, run, later()); err == nil {
			t.Errorf("Quarantine by run %q succeeded", run)
		}
	}
	wantKeys(t, s, "", obj.Key)
}

// testQuarantineDuringUpload: what an upload relies on comes back, whether it was
// set aside before or after the upload's commit; also one of so many that a bucket is not
// asked for each.
func testQuarantineDuringUpload(t *testing.T, s Subject) {
	old, fresh := random(43, 2*chunk), random(44, 10)
	contents := [][]byte{old, fresh}
	for i := range 80 {
		contents = append(contents, []byte{byte(i)})
	}
	obj, _ := put(t, s, "main", old, nil)
	u := begin(t, s)
	keys := []blobs.Key{obj.Key}
	for _, data := range contents {
		stored, err := u.Put(t.Context(), "main", bytes.NewReader(data), nil)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, blobs.Key("main/"+stored.Blob))
	}
	setAside(t, s, obj.Key, true)
	commit(t, u)
	wantKeys(t, s, "", keys...)
	for _, key := range keys[1:5] {
		setAside(t, s, key, true)
	}
	if err := u.Confirm(t.Context()); err != nil {
		t.Errorf("Confirm: %v", err)
	}
	wantKeys(t, s, "", keys...)
}

// testPurgeDuringUpload: what is gone for good is named.
func testPurgeDuringUpload(t *testing.T, s Subject) {
	data := random(45, 100)
	obj, _ := put(t, s, "main", data, nil)
	for _, when := range []string{"Commit", "Confirm"} {
		u := begin(t, s)
		if _, err := u.Put(t.Context(), "main", bytes.NewReader(data), nil); err != nil {
			t.Fatal(err)
		}
		end := u.Commit
		if when == "Confirm" {
			commit(t, u)
			end = u.Confirm
		}
		setAside(t, s, obj.Key, true)
		purge(t, s)
		gone, ok := errors.AsType[*blobs.GoneError](end(t.Context()))
		if !ok || gone.Key != obj.Key {
			t.Errorf("%s after a purge: %v, want a GoneError", when, gone)
		}
		put(t, s, "main", data, nil)
	}
}
