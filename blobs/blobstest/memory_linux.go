package blobstest

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/git-datapact/git-datapact/blobs"
)

// TestMemory wants the parts of an object in the memory of command and helper, which is made
// of the same executable, and not the object of a size.
func TestMemory(t *testing.T, s *blobs.Store, size int64) {
	const most, mostOfHelper = 256 << 20, 120 << 20
	forgetPeak(t)
	u, err := s.NewUpload(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	stored, err := u.Put(t.Context(), "main", io.LimitReader(rand.NewChaCha8([32]byte{1}), size), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := u.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	r, err := s.Get(t.Context(), object(t, "main", stored))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, r); err != nil {
		t.Error(err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	helper := peak(t, helperOf(t))
	if together := peak(t, os.Getpid()) + helper; helper == 0 || helper > mostOfHelper || together > most {
		t.Errorf("%d MiB took %d MiB of memory, %d in the helper, want at most %d and %d", size>>20, together>>20, helper>>20, most>>20, mostOfHelper>>20)
	} else {
		t.Logf("%d MiB of memory, %d in the helper", together>>20, helper>>20)
	}
}

// helperOf is the process that this one started from its own executable.
func helperOf(t *testing.T) int {
	t.Helper()
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	processes, err := filepath.Glob("/proc/[0-9]*/exe")
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range processes {
		var pid int
		if _, err := fmt.Sscanf(link, "/proc/%d/exe", &pid); err != nil || pid == os.Getpid() {
			continue
		}
		if path, err := os.Readlink(link); err == nil && path == own {
			return pid
		}
	}
	t.Fatal("there is no helper")
	return 0
}

// forgetPeak has this process begin anew: other tests ran in it.
func forgetPeak(t *testing.T) {
	t.Helper()
	debug.FreeOSMemory()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		t.Fatal(err)
	}
}

// peak is the largest resident memory that a process had, in bytes.
func peak(t *testing.T, pid int) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	var kib int64
	for line := range bytes.Lines(status) {
		if text, ok := strings.CutPrefix(string(line), "VmHWM:"); ok {
			if _, err := fmt.Sscan(text, &kib); err != nil {
				t.Fatal(err)
			}
		}
	}
	return kib << 10
}
