package cmd_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// surroundings are faults of what a command works with and on: programs of others, the
// memory that it may have, and file systems.
var surroundings = []fault{
	{"a hook that stays behind", testLeftBehind},
	{"a helper that hangs", testHangingHelper},
	{"memory at its limit", testMemoryLimit},
	{"a file system that ignores case", testIgnoredCase},
}

// lingering is a script that leaves a process behind, until a file is gone, or two minutes
// have passed. On our side it has all that the script had open; on the server git itself
// would wait for that.
const lingering = `#!/bin/sh
(n=0; while [ -e %q ] && [ $n -lt 600 ]; do n=$((n + 1)); sleep 0.2; done) %s&
`

// testLeftBehind records and pushes where each hook that git runs leaves a process behind:
// what is done is done, and nobody waits for them.
func testLeftBehind(t *testing.T, k *kit) {
	k.victim = pushing
	w := k.world(t)
	k.make(w)
	w.remember()
	w.write("linger", "")
	for _, hook := range []string{
		"repo/.git/hooks/pre-push", "repo/.git/hooks/reference-transaction",
		"remote.git/hooks/pre-receive", "remote.git/hooks/update", "remote.git/hooks/post-receive", "remote.git/hooks/post-update",
	} {
		apart := ""
		if strings.HasPrefix(hook, "remote.git/") {
			apart = "</dev/null >/dev/null 2>&1 "
		}
		w.write(hook, fmt.Sprintf(lingering, w.path("linger"), apart))
		if err := os.Chmod(w.path(hook), 0o777); err != nil {
			t.Fatal(err)
		}
		w.how = "the hook " + hook + " stays behind"
		w.must(k.args(w)...)
		w.check()
		k.done(w)
		k.faults.Add(1)
		k.survived.Add(1)
		w.result("next", 10+int(k.faults.Load()))
	}
	if err := os.Remove(w.path("linger")); err != nil {
		t.Fatal(err)
	}
}

// testHangingHelper interrupts a push that waits for a credential helper.
func testHangingHelper(t *testing.T, k *kit) {
	k.victim = pushing
	w := k.world(t)
	k.make(w)
	w.must("remote.git/", "git", "config", "http.receivepack", "true")
	w.remember()
	backend := gitBackend(w)
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if _, _, ok := r.BasicAuth(); !ok {
			rw.Header().Set("WWW-Authenticate", `Basic realm="git"`)
			rw.WriteHeader(http.StatusUnauthorized)
			return
		}
		backend.ServeHTTP(rw, r)
	}))
	defer server.Close()
	w.write("hang", "")
	w.write("helper", fmt.Sprintf("#!/bin/sh\ntest \"$1\" = get || exit 0\ntouch %q\nn=0; while [ -e %q ] && [ $n -lt 600 ]; do n=$((n + 1)); sleep 0.2; done\nprintf 'username=u\\npassword=p\\n'\n",
		w.path("asked"), w.path("hang")))
	if err := os.Chmod(w.path("helper"), 0o777); err != nil {
		t.Fatal(err)
	}
	w.must("git", "config", "credential.helper", w.path("helper"))
	w.must("git", "config", "http.postBuffer", "10000000") // CGI takes none in chunks
	w.must("git", "remote", "set-url", "origin", server.URL+"/remote.git")
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGKILL} {
		w.how = fmt.Sprintf("the helper hangs until %v", signal)
		_ = os.Remove(w.path("asked"))
		out := interruptWhen(t, w.command(k.args(w)), signal, func() bool {
			_, err := os.Stat(w.path("asked"))
			return err == nil
		})
		k.faults.Add(1)
		w.unlock()
		w.check()
		w.recorded(out)
	}
	if err := os.Remove(w.path("hang")); err != nil {
		t.Fatal(err)
	}
	w.succeed(k.args(w))
	w.check()
	k.done(w)
	k.survived.Add(3)
}

// interruptWhen starts a program in a session of its own, sends it a signal when something
// is so, kills what it leaves, and returns what it printed.
func interruptWhen(t *testing.T, cmd *exec.Cmd, signal syscall.Signal, so func() bool) string {
	t.Helper()
	var out bytes.Buffer
	cmd.Stdout = &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for !so() {
		select {
		case err := <-ended:
			t.Fatalf("%q ended by itself: %v\n%s", cmd.Args, err, &out)
		case <-time.After(5 * time.Millisecond):
		}
	}
	_ = cmd.Process.Signal(signal)
	select {
	case <-ended:
	case <-time.After(2 * time.Minute):
		t.Errorf("%q does not end at %v", cmd.Args, signal)
		_ = cmd.Process.Kill()
		<-ended
	}
	for _, pid := range running(cmd.Process.Pid) {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	return out.String()
}

// testMemoryLimit gives commands, and all that they start, less address space than they may
// want: they do their work, or end, be it in the middle of it.
func testMemoryLimit(t *testing.T, k *kit) {
	for _, v := range victims {
		if v.name != "record" && v.name != "fetch" && v.name != "run" && v.name != "record and push" {
			continue
		}
		k := &kit{victim: v, tally: k.tally, bin: k.bin, rounds: k.rounds, random: k.random}
		template := k.world(t)
		k.make(template)
		template.remember()
		for range max(1, k.rounds/3) {
			const least, most = 600_000, 2_000_000 // KiB: an executable takes the least to start
			limit := least + k.random.IntN(most-least)
			w := template.copy(t)
			w.how = fmt.Sprintf("with %d KiB of address space", limit)
			args := k.args(w)
			args = append([]string{"bash", "-c", fmt.Sprintf(`ulimit -v %d; exec "$@"`, limit), "bash", filepath.Join(k.bin, args[0])}, args[1:]...)
			out, _, status := w.run(args...)
			k.faults.Add(1)
			if status != 0 {
				k.refused.Add(1)
			}
			k.afterwards(w, out)
			k.survived.Add(1)
			_ = os.RemoveAll(w.dir)
		}
	}
}

// testIgnoredCase kills commands whose store, or whose folder to fetch into, is on a file
// system that ignores the case of names.
func testIgnoredCase(t *testing.T, k *kit) {
	if !canMountExFAT() {
		t.Skip("no file system that ignores case can be mounted here")
	}
	record := func(w *world) {
		makeRecord(w)
		w.write("next/A", "capital")
		w.write("next/b", "small")
	}
	for _, v := range []victim{
		{
			name: "record into a store there", make: record,
			args: always("git-datapact-record", "--branch", "data", "../next"),
			done: func(w *world) { w.holds("next") },
		}, {
			name: "fetch into a folder there", make: record,
			args:  always("git-datapact-fetch", "data", "-o", "../disk/out"),
			whole: func(w *world) { w.visible("disk/out", "first") },
			done:  func(w *world) { w.same("disk/out", "first") },
		}, {
			name: "gc of a store there", make: record, mayBeDone: true,
			args: always("git-datapact-gc", "-q", "--delete", "--purge", "--older-than", "0s"),
			done: func(w *world) { w.must("git-datapact-fetch", "-q", "data", "-o", "../back") },
		},
	} {
		k := &kit{victim: v, tally: k.tally, bin: k.bin, rounds: k.rounds, random: k.random}
		for range max(1, k.rounds/3) {
			w := k.world(t)
			w.store = "disk/store"
			if err := mountExFAT(w.path("image"), w.path("disk")); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = unmount(w.path("disk")) }) // which is done already unless the test failed
			k.make(w)
			w.remember()
			after := time.Duration(k.random.Int64N(int64(300 * time.Millisecond)))
			w.how = fmt.Sprintf("killed after %v", after)
			cmd := w.command(k.args(w))
			var out bytes.Buffer
			cmd.Stdout = &out
			if killAfter(t, after, false, cmd) {
				k.kills.Add(1)
			}
			k.afterwards(w, out.String())
			k.survived.Add(1)
			if err := unmount(w.path("disk")); err != nil {
				t.Error(err)
			}
		}
	}
}
