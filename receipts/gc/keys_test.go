package gc

import (
	"crypto/sha256"
	"fmt"
	"os"
	"testing"
)

// keyNumber is one of many keys, which may begin alike.
func keyNumber(n int, alike bool) (k key) {
	sum := sha256.Sum256(fmt.Append(nil, n))
	if copy(k[:], sum[:]); alike {
		clear(k[:3])
	}
	return k
}

// TestKeys adds keys twice, and asks for all of them and for others: in memory, in the
// file, and where many begin alike.
func TestKeys(t *testing.T) {
	for _, test := range []struct {
		count, kept int
		alike       bool
		rest        int
	}{
		{count: 0, kept: 1},
		{count: 1, kept: 1},
		{count: inBucket, kept: 1},
		{count: inBucket + 1, kept: 1},
		{count: 50_000, kept: inMemory},
		{count: 50_000, kept: 100},
		{count: 1000, kept: 3, alike: true, rest: 1000 - inBucket},
	} {
		folder := t.TempDir()
		s := newKeys(folder)
		s.kept = test.kept
		for _, again := range []bool{false, true} {
			for n := range test.count {
				if known, err := s.add(keyNumber(n, test.alike)); known != again || err != nil {
					t.Fatalf("%+v: adding key %d, again %v = %v, %v", test, n, again, known, err)
				}
			}
		}
		for n := range 2 * test.count {
			if known, err := s.has(keyNumber(n, test.alike)); known != (n < test.count) || err != nil {
				t.Fatalf("%+v: has key %d = %v, %v", test, n, known, err)
			}
		}
		if len(s.rest) != test.rest || len(s.memory) > test.kept {
			t.Errorf("%+v: %d keys are beside the buckets, %d of which are in memory", test, len(s.rest), len(s.memory))
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if left, err := os.ReadDir(folder); len(left) > 0 || err != nil {
			t.Errorf("%+v: left behind: %v, %v", test, left, err)
		}
	}
}

// TestKeysUnreadable wants an error where a set cannot be read back: what it does not know
// would be taken for garbage.
func TestKeysUnreadable(t *testing.T) {
	s := newKeys(t.TempDir())
	s.kept = 1
	for n := range 1000 {
		if _, err := s.add(keyNumber(n, false)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.file.Truncate(0); err != nil {
		t.Fatal(err)
	}
	failed := 0
	for n := range 1000 {
		known, err := s.has(keyNumber(n, false))
		if err == nil && !known {
			t.Fatalf("key %d is not known, and that is no error", n)
		}
		if err != nil {
			failed++
		}
	}
	if failed == 0 {
		t.Error("everything was found")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
