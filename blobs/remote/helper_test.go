package remote

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/git-datapact/git-datapact/blobs/backend"
)

// script makes a helper of a script.
func script(t *testing.T, text string) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("there are no scripts")
	}
	name := filepath.Join(t.TempDir(), "git-datapact-store-odd")
	syscall.ForkLock.RLock() // a process that another test starts would have the file open a moment longer, and it could not be run
	defer syscall.ForkLock.RUnlock()
	if err := os.WriteFile(name, []byte("#!/bin/sh\n"+text), 0o777); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestOddHelpers: whatever a helper is, the error says so soon, and nothing is left.
func TestOddHelpers(t *testing.T) {
	odd := &url.URL{Scheme: "odd", Host: "bucket", RawQuery: "key=hush-hush"}
	for _, test := range []struct{ name, script, want string }{
		{"Ends", "echo no disk, hush-hush >&2; exit 3", "git-datapact-store-odd ended: exit status 3: no disk, …"},
		{"EndsWell", "read line", "git-datapact-store-odd ended: exit status 0"},
		{"Killed", "kill -9 $$", "git-datapact-store-odd ended: signal: killed"},
		{"Old", "echo '{\"version\":0}'; read line; read line", "git-datapact-store-odd speaks version 0 of the protocol of stores, want 1: install both from one release"},
		{"New", "echo '{\"version\":2}'", "speaks version 2 of the protocol of stores, want 1"},
		{"Other", "echo 'usage: hello'; sleep 1000", "does not speak the protocol of stores: its answer is not a line of JSON"},
		{"Floods", "while :; do printf aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done", "its answer is not a line of JSON"},
		{"Complains", "i=0; while [ $i -lt 20000 ]; do echo $i >&2; i=$((i+1)); done; exit 1", " 19998 19999"},
		{"Refuses", "echo '{\"version\":1,\"error\":{\"kind\":\"invalid\",\"message\":\"odd://bucket?key=hush-hush is even\"}}'", "odd://bucket is even"},
		{"LeavesOne", "sleep 3 & exit 4", "git-datapact-store-odd ended: exit status 4"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			helper := script(t, test.script)
			_, err := Open(t.Context(), odd, helper, nil)
			if text := fmt.Sprint(err); err == nil || !strings.Contains(text, test.want) || strings.Contains(text, "hush") || len(text) > 2*maxComplaint {
				t.Errorf("Open: %v, want %q", err, test.want)
			}
			if about := test.name == "Refuses"; errors.Is(err, backend.ErrURL) != about {
				t.Errorf("Open: %v is about the URL: %t, want %t", err, !about, about)
			}
		})
	}
	if _, err := Open(t.Context(), odd, filepath.Join(t.TempDir(), "none"), nil); err == nil || !strings.Contains(err.Error(), "starting none: ") {
		t.Errorf("Open of a helper that is not there: %v", err)
	}
}

// TestSilentHelper: one that never answers is given up when nobody waits any more.
func TestSilentHelper(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	helper := script(t, "trap '' TERM INT; exec sleep 1000")
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := Open(ctx, &url.URL{Scheme: "odd"}, helper, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Open: %v, want %v", err, context.DeadlineExceeded)
	}
	if left, err := filepath.Glob(filepath.Join(folder, "git-datapact-*")); err != nil || len(left) > 0 {
		t.Errorf("it left %v, %v", left, err)
	}
}

// TestSocketFolder: where temporary files cannot be made, or their paths are too long,
// sockets go elsewhere.
func TestSocketFolder(t *testing.T) {
	other := t.TempDir()
	long := filepath.Join(t.TempDir(), strings.Repeat("long", 30))
	if err := os.Mkdir(long, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{long, filepath.Join(other, "none")} {
		t.Setenv("TMPDIR", dir)
		folder, err := socketFolder()
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(folder)
		if err != nil || info.Mode().Perm() != 0o700 || len(folder) >= maxSocket {
			t.Errorf("with %s it is %s, %v, %v", dir, folder, info, err)
		}
		if err := os.Remove(folder); err != nil {
			t.Error(err)
		}
	}
	if left, err := os.ReadDir(long); err != nil || len(left) > 0 {
		t.Errorf("it left %v, %v", left, err)
	}
}
