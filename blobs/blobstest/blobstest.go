// Package blobstest holds what every store of package blobs is tested with.
package blobstest

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/filters"
)

// A Subject is an empty store under test.
type Subject struct {
	Store *blobs.Store
	// Overwrite replaces the bytes of an object behind the store's back.
	Overwrite func(t *testing.T, key blobs.Key, data []byte)
	// AtOnce is set where an object shows as soon as it is put, and not at the commit.
	AtOnce bool
	// Writer is the store to write with, nil if that is Store.
	Writer *blobs.Store
}

func (s Subject) writer() *blobs.Store {
	if s.Writer != nil {
		return s.Writer
	}
	return s.Store
}

// TestReading runs those of the suite that read, for a store that cannot be written to.
func TestReading(t *testing.T, open func(t *testing.T) Subject) {
	for name, run := range map[string]func(t *testing.T, s Subject){
		"RoundTrip": testRoundTrip, "Big": testBig, "Altered": testAltered, "AlteredContent": testAlteredContent,
		"Resume":       testResume,
		"CancelledGet": testCancelledGet, "CloseEarly": testCloseEarly, "Told": testTold, "Unbelievable": testUnbelievable,
		"Limit": testLimit, "NotFound": testNotFound, "BadKeys": testBadKeys, "Stat": testStat,
		"Address": testAddress,
	} {
		t.Run(name, func(t *testing.T) { run(t, open(t)) })
	}
}

// Test runs the suite, and in short mode, which is for the race detector, what does several
// things at once. The function open returns a subject of its own at each call and leaves
// the clean-up to t.
func Test(t *testing.T, open func(t *testing.T) Subject) {
	for _, test := range []struct {
		name       string
		run        func(t *testing.T, s Subject)
		concurrent bool
	}{
		{"RoundTrip", testRoundTrip, false},
		{"Big", testBig, false},
		{"Determinism", testDeterminism, false},
		{"Branches", testBranches, false},
		{"BadBranches", testBadBranches, false},
		{"Again", testAgain, false},
		{"Twice", testTwice, false},
		{"WriteOnce", testWriteOnce, false},
		{"Concurrent", testConcurrent, true},
		{"Racing", testRacing, true},
		{"RacingBig", testRacingBig, true},
		{"FailingReader", testFailingReader, true},
		{"CancelledPut", testCancelledPut, true},
		{"CancelledCommit", testCancelledCommit, true},
		{"Uncommitted", testUncommitted, false},
		{"Over", testOver, false},
		{"Altered", testAltered, false},
		{"AlteredContent", testAlteredContent, false},
		{"Resume", testResume, false},
		{"Bundle", testBundle, false},
		{"AlteredBundle", testAlteredBundle, false},
		{"VerifyBundle", testVerifyBundle, false},
		{"ForeignBundle", testForeignBundle, false},
		{"CancelledGet", testCancelledGet, true},
		{"CloseEarly", testCloseEarly, true},
		{"Told", testTold, false},
		{"Unbelievable", testUnbelievable, false},
		{"Limit", testLimit, false},
		{"NotFound", testNotFound, false},
		{"BadKeys", testBadKeys, false},
		{"Stat", testStat, false},
		{"Address", testAddress, false},
		{"List", testList, false},
		{"Delete", testDelete, false},
		{"Mend", testMend, false},
		{"MendRefused", testMendRefused, false},
		{"Quarantine", testQuarantine, false},
		{"QuarantineYoung", testQuarantineYoung, false},
		{"QuarantineDuringUpload", testQuarantineDuringUpload, true},
		{"PurgeDuringUpload", testPurgeDuringUpload, true},
	} {
		if test.concurrent || !testing.Short() {
			t.Run(test.name, func(t *testing.T) { test.run(t, open(t)) })
		}
	}
}

// chains are the filters that stores are tested with.
func chains() []filters.Chain {
	return []filters.Chain{nil, {filters.Gz}, {filters.Zstd}, {filters.Gz, filters.Zstd}}
}

// random returns bytes that do not compress, the same for the same seed.
func random(seed uint64, size int) []byte {
	var key [32]byte
	key[0], key[1] = byte(seed), byte(seed>>8)
	data := make([]byte, size)
	rand.NewChaCha8(key).Read(data)
	return data
}

// text returns bytes that compress.
func text(size int) []byte {
	return bytes.Repeat([]byte("2016-11-09T00:55:00Z,aws-xen-centos-7\n"), size/38+1)[:size]
}

// put stores one file, whole.
func put(t *testing.T, s Subject, branch string, data []byte, chain filters.Chain) (blobs.Object, blobs.Stored) {
	t.Helper()
	u := begin(t, s)
	stored, err := u.Put(t.Context(), branch, bytes.NewReader(data), chain)
	if err != nil {
		t.Fatalf("Put(%q) of %d bytes with %v: %v", branch, len(data), chain, err)
	}
	commit(t, u)
	return object(t, branch, stored), stored
}

func begin(t *testing.T, s Subject) *blobs.Upload {
	t.Helper()
	u, err := s.writer().NewUpload(t.Context())
	if err != nil {
		t.Fatalf("NewUpload: %v", err)
	}
	t.Cleanup(func() {
		if err := u.Close(); err != nil {
			t.Errorf("closing upload: %v", err)
		}
	})
	return u
}

func commit(t *testing.T, u *blobs.Upload) {
	t.Helper()
	if err := u.Commit(t.Context()); err != nil {
		t.Fatalf("Commit: %v", err)
	}
}

func object(t *testing.T, branch string, stored blobs.Stored) blobs.Object {
	t.Helper()
	key, err := blobs.NewKey(branch, stored.Blob)
	if err != nil {
		t.Fatal(err)
	}
	return blobs.Object{Key: key, Size: stored.Size, SHA256: stored.SHA256}
}

// get returns the stored bytes.
func get(t *testing.T, s Subject, obj blobs.Object) []byte {
	t.Helper()
	r, err := s.Store.Get(t.Context(), obj)
	data, err := drain(r, err)
	if err != nil {
		t.Fatalf("Get(%q): %v", obj.Key, err)
	}
	return data
}

// drain reads r to its end and closes it.
func drain(r io.ReadCloser, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(r)
	if closeErr := r.Close(); err == nil {
		err = closeErr
	}
	return data, err
}

// content returns the file that an object was made of.
func content(ctx context.Context, s Subject, obj blobs.Object, chain filters.Chain) ([]byte, error) {
	return drain(s.Store.Content(ctx, obj, chain, nil))
}

// wantKeys compares what the store lists.
func wantKeys(t *testing.T, s Subject, prefix string, want ...blobs.Key) {
	t.Helper()
	got := map[blobs.Key]bool{}
	for a, err := range s.writer().List(t.Context(), prefix) {
		if err != nil {
			t.Fatalf("List(%q): %v", prefix, err)
		}
		got[a.Key] = true
	}
	set := map[blobs.Key]bool{}
	for _, key := range want {
		set[key] = true
	}
	if diff := cmp.Diff(set, got); diff != "" {
		t.Errorf("List(%q): (-want +got)\n%s", prefix, diff)
	}
}
