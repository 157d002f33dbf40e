package resource_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestConcurrentOuts has as many workers record at once as there could be.
func TestConcurrentOuts(t *testing.T) {
	const workers = 8
	w := newWorld(t, "data")
	serveHTTP(t, w)
	got := make([]answered, workers)
	var group sync.WaitGroup
	for i := range workers {
		build := w.seeded(fmt.Sprint("os/", i))
		group.Go(func() {
			got[i] = w.out("data", build, nil)
			// What is answered is on the server at that very time.
			w.git("-C", w.repo, "merge-base", "--is-ancestor", got[i].Version.Ref, "data")
		})
	}
	group.Wait()
	if n := w.receiptsOf("data"); n != workers {
		t.Errorf("there are %d receipts, want %d", n, workers)
	}
	versions := w.check("data", nil, object{"initial": "all"})
	if len(versions) != workers {
		t.Errorf("check found %d versions, want %d", len(versions), workers)
	}
	for _, a := range got {
		if !slices.Contains(versions, a.Version) {
			t.Errorf("version %v was answered, but is none", a.Version)
		}
	}
}

// TestConcurrentOutsOfOneResult has workers record executions on the same input,
// which all want the same path.
func TestConcurrentOutsOfOneResult(t *testing.T) {
	const workers = 4
	w := newWorld(t, "data")
	serveHTTP(t, w)
	var group sync.WaitGroup
	for i := range workers {
		build := w.seeded("os/1")
		group.Go(func() { w.with(fmt.Sprint("BUILD_ID=", i)).out("data", build, nil) })
	}
	group.Wait()
	if versions := w.check("data", nil, object{"initial": "all"}); len(versions) != workers {
		t.Errorf("check found %d versions, want %d", len(versions), workers)
	}
	if n := w.receiptsOf("data"); n != 1 {
		t.Errorf("there are %d receipts, want 1", n)
	}
}

// TestRemoteGoneInMidPush breaks the connection of a push: once before and once
// after the server took it, then for good.
func TestRemoteGoneInMidPush(t *testing.T) {
	hangUp := func(rw http.ResponseWriter) {
		connection, _, err := rw.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_ = connection.Close()
	}
	isPush := func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/git-receive-pack") }
	t.Run("once", func(t *testing.T) {
		w := newWorld(t, "data")
		s := serveHTTP(t, w)
		broken := false
		s.breakWith(func(rw http.ResponseWriter, r *http.Request) bool {
			if broken || !isPush(r) {
				return false
			}
			broken = true
			hangUp(rw)
			return true
		})
		w.out("data", w.seeded("os/1"), nil)
		if n := w.receiptsOf("data"); n != 1 || !broken {
			t.Errorf("there are %d receipts, want 1", n)
		}
	})
	t.Run("after it was done", func(t *testing.T) {
		w := newWorld(t, "data")
		serveHTTP(t, w)
		hook := filepath.Join(w.repo, "hooks", "post-receive")
		if err := os.MkdirAll(filepath.Dir(hook), 0o777); err != nil {
			t.Fatal(err)
		}
		// The first push is taken, and its answer lost: http-backend dies of the hook.
		script := "#!/bin/sh\nmkdir " + w.dir + "/once 2>/dev/null || exit 0\npkill -KILL -P $(ps -o ppid= -p $PPID)\nkill -KILL $PPID $(ps -o ppid= -p $PPID)\n"
		if err := os.WriteFile(hook, []byte(script), 0o777); err != nil {
			t.Fatal(err)
		}
		got := w.out("data", w.seeded("os/1"), nil)
		if versions := w.check("data", nil, object{"initial": "all"}); len(versions) != 1 || versions[0] != got.Version {
			t.Errorf("check = %v, want %v", versions, got.Version)
		}
		if _, err := os.Stat(w.dir + "/once"); err != nil {
			t.Error(err)
		}
	})
	t.Run("for good", func(t *testing.T) {
		w := newWorld(t, "data").with("GIT_DATAPACT_WAIT=5s")
		s := serveHTTP(t, w)
		var pushes atomic.Int32
		s.breakWith(func(rw http.ResponseWriter, r *http.Request) bool {
			if isPush(r) {
				pushes.Add(1)
				hangUp(rw)
			}
			return isPush(r)
		})
		w.fails("the server has not confirmed the receipt", "out", object{"source": w.sourceOf("data", nil)}, w.seeded("os/1"))
		if n := w.receiptsOf("data"); n != 0 || pushes.Load() == 0 {
			t.Errorf("there are %d receipts of %d pushes, want none", n, pushes.Load())
		}
		s.breakWith(nil)
		w.out("data", w.seeded("os/1"), nil)
	})
}

// TestInputs finds what the execution read, in each way it can be told.
func TestInputs(t *testing.T) {
	w := newWorld(t, "b", "a", "data")
	w.commit("data", "job", "config/job.json", `{"input": [{"branch": "b"}, {"branch": "a"}]}`)
	a := w.out("a", w.seeded("a"), nil)
	b := w.out("b", w.seeded("b"), nil)
	dirA, _ := w.in("a", a.Version, nil)
	dirB, _ := w.in("b", b.Version, object{"download": false})
	resultA, resultB := document(t, filepath.Join(dirA, ".datapact/result")), document(t, filepath.Join(dirB, ".datapact/result"))
	documentOf := func(dir string) string { return files(t, dir)[".datapact/result"] }
	tests := map[string]object{
		"beside":   nil,
		"folders":  {"input": []any{"alpha", "beta"}},
		"receipts": {"input": []any{resultA, resultB}},
		"mixed":    {"input": []any{"alpha", resultB}},
	}
	for name, params := range tests {
		build := w.build("result/x.txt", name, "alpha/.datapact/result", documentOf(dirA), "beta/.datapact/result", documentOf(dirB), "other/file", "")
		got := w.out("data", build, params)
		r := w.receipt("data", got.Version)
		if len(r.Input) != 2 || r.Input[0].Branch != "b" || r.Input[1].Branch != "a" || r.Input[1].Result != a.Version.Receipt || len(r.Input[0].Metadata) != 0 {
			t.Errorf("%s: inputs %+v, want the receipts of b and a", name, r.Input)
		}
	}
	got := w.out("data", w.build("result/x.txt", "", "alpha/.datapact/result", documentOf(dirA)), object{"input": []any{}})
	if r := w.receipt("data", got.Version); len(r.Input) != 0 {
		t.Errorf("inputs %+v, want none", r.Input)
	}
}

// TestOutParams tells out the rest of what it can be told.
func TestOutParams(t *testing.T) {
	w := newWorld(t, "data")
	build := w.build("made/here/x.csv", strings.Repeat("a,b\n", 100), "made/here/y.txt", strings.Repeat("y\n", 100), "made/here/.datapact/input", `{"branch": ":x", "result": "1"}`)
	code := filepath.Join(build, "code")
	w.git("init", "-q", code)
	w.git("-C", code, "commit", "-q", "--allow-empty", "-m", "code")
	commit := w.git("-C", code, "rev-parse", "HEAD")
	w.giveAway(code)
	var a answered
	w.answer(&a, "out", object{
		"source": w.sourceOf("data", object{"filters": []string{"zstd"}, "committer_name": "Robot", "committer_email": "robot@example.com"}),
		"params": object{"result": "made/here", "filters": []string{"*.csv=gz"}, "repository": "code", "metadata": []any{object{"key": "k", "value": []any{1}}}},
	}, build)
	r := w.receipt("data", a.Version)
	if len(r.Output) != 2 || r.Output[0].Path != "x.csv.gz" || r.Output[1].Path != "y.txt.zst" {
		t.Errorf("outputs %+v, want x.csv.gz and y.txt.zst", r.Output)
	}
	if len(r.Metadata) != 2 || r.Metadata[0].Text() != "[1]" || r.Metadata[1].Key != "repository" || r.Metadata[1].Value != commit {
		t.Errorf("metadata %+v, want k and repository %s", r.Metadata, commit)
	}
	if got, want := w.git("-C", w.repo, "log", "-1", "--format=%an <%ae> %cn <%ce>", "data"), "Robot <robot@example.com> Robot <robot@example.com>"; got != want {
		t.Errorf("committed by %s, want %s", got, want)
	}
}

func TestOutRefuses(t *testing.T) {
	w := newWorld(t, "up", "data")
	up := w.out("up", w.seeded("1"), nil)
	build := w.build("result/x.txt", "x", "empty/.datapact/nothing", "", "noresult/x", "")
	if err := os.Mkdir(filepath.Join(build, "void"), 0o777); err != nil {
		t.Fatal(err)
	}
	outside := w.build("result/secret.txt", "x")
	if err := os.Symlink(filepath.Join(outside, "result"), filepath.Join(build, "link")); err != nil {
		t.Fatal(err)
	}
	id := strings.Repeat("ab", 20)
	tests := []struct {
		params object
		want   string
	}{
		{object{"result": "nowhere"}, "result nowhere: there is no such folder in the build folder\nhint: "},
		{object{"result": "result/x.txt"}, "result result/x.txt: not a folder"},
		{object{"result": "link"}, "result link: "},
		{object{"result": "../" + filepath.Base(outside) + "/result"}, "request: params.result: want a folder in the build folder"},
		{object{"result": "/tmp"}, "request: params.result: want a folder in the build folder"},
		{object{"result": "."}, "request: params.result: want a folder in the build folder"},
		{object{"resutl": "x", "nput": []any{}}, "request: params.nput: unknown key\nrequest: params.resutl: unknown key"},
		{object{"input": "alpha"}, "request: params.input: want a list, have a string"},
		{object{"input": []any{1, "../x", object{"branch": "b"}}}, "request: params.input[0]: want a receipt, or a folder in the build folder, have a number\n" +
			"request: params.input[1]: want a receipt, or a folder in the build folder\nrequest: params.input[2]: want a receipt with its result: "},
		{object{"input": []any{"nowhere"}}, "input nowhere: there is no such folder"},
		{object{"input": []any{"noresult"}}, "input noresult has no .datapact/result\nhint: "},
		{object{"input": []any{object{"branch": "up", "result": id}}}, "input up@" + id + " does not exist on the server's branch up"},
		{object{"input": []any{object{"branch": "up", "result": "x"}}}, `input: "x" of branch "up" cannot be a receipt`},
		{object{"input": []any{object{"branch": "gone", "result": id}}}, "branch gone: not found"},
		{object{"metadata": "x"}, "request: params.metadata: want an object, or a list of key and value: "},
		{object{"filters": []string{"lzma"}}, `filter "**=lzma": `},
		{object{"repository": "noresult"}, "repository noresult: reading HEAD of "},
	}
	for _, test := range tests {
		w.fails(test.want, "out", object{"source": w.sourceOf("data", nil), "params": test.params}, build)
	}
	// A receipt that was removed upstream.
	w.commit("up", "remove", "result/"+up.Version.Receipt[:2]+"/"+up.Version.Receipt[2:]+".json", "-")
	w.fails("input up@"+up.Version.Receipt+" does not exist on the server's branch up", "out",
		object{"source": w.sourceOf("data", nil), "params": object{"input": []any{object{"branch": "up", "result": up.Version.Receipt}}}}, build)
	w.fails("branch other: not found\nhint: push the branch first", "out", object{"source": w.sourceOf("other", nil)}, build)
	w.fails("want a folder for in and out", "out", object{"source": w.sourceOf("data", nil)})
	if n := w.receiptsOf("data"); n != 0 {
		t.Errorf("there are %d receipts, want none", n)
	}
	if entries, _ := os.ReadDir(filepath.Join(w.store, "data")); len(entries) != 0 {
		t.Errorf("blobs were stored of what was refused: %v", entries)
	}
	w.fails("data:config/job.json: inptu: unknown key", "out", object{"source": func() object {
		w.commit("data", "bad job", "config/job.json", `{"inptu": []}`)
		return w.sourceOf("data", nil)
	}()}, build)
}

// TestHookRefuses hands on what a hook of the server says.
func TestHookRefuses(t *testing.T) {
	w := newWorld(t, "data")
	serveHTTP(t, w)
	hook := filepath.Join(w.repo, "hooks", "pre-receive")
	if err := os.MkdirAll(filepath.Dir(hook), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(hook, []byte("#!/bin/sh\necho no >&2\nexit 1\n"), 0o777); err != nil {
		t.Fatal(err)
	}
	o := w.fails("rejected: [remote rejected] (pre-receive hook declined)", "out", object{"source": w.sourceOf("data", nil)}, w.seeded("1"))
	if o.took > time.Minute { // it is not tried for as long as a server that is away
		t.Errorf("the refusal took %v", o.took)
	}
}
