package s3_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/git-datapact/git-datapact/blobs/blobstest"
)

// TestS3Memory wants the parts of an object in the memory of command and helper, and not
// the object.
func TestS3Memory(t *testing.T) {
	const size, most = 400 << 20, 256 << 20
	server := blobstest.StartS3(t)
	u, err := open(t, server, newBucket(t, server)).NewUpload(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	if _, err := u.Put(t.Context(), "main", random(size), nil); err != nil {
		t.Fatal(err)
	}
	if err := u.Commit(t.Context()); err != nil {
		t.Error(err)
	}
	helper := peak(t, helperOf(t))
	if together := peak(t, os.Getpid()) + helper; helper == 0 || together > most {
		t.Errorf("%d MiB took %d MiB of memory, want at most %d", size>>20, together>>20, most>>20)
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
