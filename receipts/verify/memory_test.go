package verify

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// testMark is a mark for a number.
func testMark(n int) mark { return mark(fmt.Appendf(nil, "%016d", n)) }

func testRecall(name string, now time.Time) recall {
	return recall{name: name, scope: testMark(0), now: now, any: now.Add(time.Hour), own: now.Add(-resumeWithin)}
}

func TestMemoryPacks(t *testing.T) {
	name := filepath.Join(t.TempDir(), "deep", "memory")
	now := time.Now()
	const claims = 3000
	most := int64(0)
	for range 20 {
		m := openMemory(testRecall(name, now))
		if len(m.known) > 0 {
			t.Fatalf("%d proofs count after a run that ended", len(m.known))
		}
		for i := range claims {
			m.note(testMark(i), now)
		}
		if m.close(true); m.failed != nil {
			t.Fatal(m.failed)
		}
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		most = max(most, info.Size())
	}
	if limit := int64((2*claims + slack + claims + 100) * len(proofLine(testMark(0), now.Unix()))); most > limit {
		t.Errorf("the file grew to %d bytes, want at most %d", most, limit)
	}
	c := testRecall(name, now)
	c.any = now.Add(-time.Hour)
	if m := openMemory(c); len(m.known) != claims {
		t.Errorf("%d proofs are known, want %d", len(m.known), claims)
	}
	if left, err := os.ReadDir(filepath.Dir(name)); err != nil || len(left) != 1 {
		t.Errorf("the folder holds %v, %v, want the file alone", left, err)
	}
}

func TestMemoryConcurrent(t *testing.T) {
	name := filepath.Join(t.TempDir(), "memory")
	now := time.Now()
	var group sync.WaitGroup
	for run := range 8 {
		group.Go(func() {
			m := openMemory(testRecall(name, now))
			for i := range 500 {
				m.note(testMark(run*500+i), now)
			}
			m.close(false)
		})
	}
	group.Wait()
	if m := openMemory(testRecall(name, now)); len(m.known) != 8*500 || m.failed != nil {
		t.Errorf("%d proofs are known, %v, want %d", len(m.known), m.failed, 8*500)
	}
}

// TestMemoryClock: a proof of the future does not count, nor one that is too old.
func TestMemoryClock(t *testing.T) {
	now := time.Now()
	scope := testMark(0)
	text := fmt.Sprintf("begin %x\n", scope[:]) + proofLine(testMark(1), now.Add(time.Minute).Unix()) +
		proofLine(testMark(2), now.Add(-resumeWithin-time.Minute).Unix()) + proofLine(testMark(3), now.Unix())
	m := &memory{scope: scope, known: map[mark]int64{}}
	if err := m.load(strings.NewReader(text), testRecall("", now)); err != nil {
		t.Fatal(err)
	}
	if _, ok := m.proved(testMark(3)); !ok || len(m.known) != 1 {
		t.Errorf("known = %v, want the third alone", m.known)
	}
}

func TestMemoryFile(t *testing.T) {
	names := map[string]string{}
	for _, address := range []string{"file:///a", "file:///b", "s3://a", "s3://a?prefix=x/", "s3://a?endpoint=http://h", "s3://b"} {
		name := MemoryFile("data", address)
		if other, taken := names[name]; taken {
			t.Errorf("%q and %q have the same file", address, other)
		}
		names[name] = address
	}
	if a, b := MemoryFile("data", "s3://me:secret@a?token=x"), MemoryFile("data", "s3://a"); a != b {
		t.Errorf("a secret changes the file's name: %s, %s", a, b)
	}
}

func FuzzMemory(f *testing.F) {
	f.Add([]byte(proofLine(testMark(1), 1_600_000_000)))
	f.Add([]byte("packed 1\nbegin 30303030303030303030303030303030\nend 30\n\n \x00"))
	f.Add(bytes.Repeat([]byte("0"), 100_000))
	f.Fuzz(func(t *testing.T, data []byte) {
		c := testRecall("", time.Unix(2_000_000_000, 0))
		c.any = time.Unix(0, 0)
		m := &memory{scope: c.scope, known: map[mark]int64{}}
		if err := m.load(bytes.NewReader(data), c); err != nil {
			t.Fatal(err)
		}
		for key, at := range m.known {
			got, when, ok := parseProof([]byte(strings.TrimSuffix(proofLine(key, at), "\n")))
			if !ok || got != key || when != at || at < 0 || at > 2_000_000_000 {
				t.Errorf("proof of %x at %d comes back as %x at %d, %t", key, at, got, when, ok)
			}
		}
	})
}
