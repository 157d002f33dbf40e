package cmd_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/git-datapact/git-datapact/blobs/blobstest"
	"github.com/git-datapact/git-datapact/receipts"
)

// A fault is something that fails around a command.
type fault struct {
	name string
	test func(*testing.T, *kit)
}

var faults = []fault{
	{"store", testStoreFaults},
	{"push", testPushFaults},
	{"full disk", testFullDisk},
	{"clock", testClock},
}

// complaint is how a command says that it could not do its work.
var complaint = regexp.MustCompile(`(?m)^git-datapact-[a-z]+: error: .+$`)

// faulty runs the victim while something fails: it succeeds, or says why not, and
// afterwards nothing is lost and the same succeeds.
func (k *kit) faulty(w *world, repaired func()) {
	w.t.Helper()
	k.faults.Add(1)
	out, said, status := w.run(k.args(w)...)
	switch {
	case strings.Contains(said, "goroutine "), status < 0, status > 1 && !complaint.MatchString(said):
		w.failed("it ended with status %d and said:\n%s", status, said)
	case status == 1 && !k.mayBeDone:
		w.failed("it ended with status 1:\n%s%s", out, said)
	}
	if status > 1 {
		k.refused.Add(1)
	}
	repaired()
	k.afterwards(w, out)
	k.survived.Add(1)
	_ = os.RemoveAll(w.dir)
}

// A proxy is between the commands and a server of S3, and lets some requests fail.
type proxy struct {
	*httptest.Server
	target *url.URL

	mu          sync.Mutex
	requests    int
	from, until int // of the requests, which fail
	fail        func(*proxy, http.ResponseWriter, *http.Request)
}

func startProxy(t *testing.T, endpoint string) *proxy {
	t.Helper()
	target, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{target: target}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

// set lets the requests from one on, and before another, fail, counted from 1. It
// returns how many there have been since it was called last.
func (p *proxy) set(from, until int, fail func(*proxy, http.ResponseWriter, *http.Request)) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := p.requests
	p.requests, p.from, p.until, p.fail = 0, from, until, fail
	return n
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.requests++
	fails, fail := p.requests >= p.from && p.requests < p.until, p.fail
	p.mu.Unlock()
	if fails {
		fail(p, w, r)
		return
	}
	if resp, body, ok := p.forward(w, r, nil); ok {
		answer(w, resp, body, len(body))
	}
}

// forward sends a request on as it came, for it is signed, but for its body if
// edit is not nil. It reports false where there is no answer.
func (p *proxy) forward(w http.ResponseWriter, r *http.Request, edit func([]byte)) (*http.Response, []byte, bool) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, nil, false
	}
	if edit != nil {
		edit(body)
	}
	out := r.Clone(r.Context())
	out.RequestURI, out.URL.Scheme, out.URL.Host = "", p.target.Scheme, p.target.Host
	out.Body, out.ContentLength, out.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
	out.Header.Del("Expect")
	resp, err := (&http.Transport{DisableCompression: true, DisableKeepAlives: true}).RoundTrip(out)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return nil, nil, false
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(resp.Body)
	return resp, body, err == nil
}

// answer passes an answer on, as much of it as is wanted.
func answer(w http.ResponseWriter, resp *http.Response, body []byte, size int) {
	for name, values := range resp.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(resp.StatusCode)
	_, _ = w.Write(body[:size]) // to a client that may be gone
	if size < len(body) {
		hangUp()
	}
}

func hangUp() { panic(http.ErrAbortHandler) }

// refuse answers with an error of S3.
func refuse(status int, code string) func(*proxy, http.ResponseWriter, *http.Request) {
	return func(_ *proxy, w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // what is sent of it
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		fmt.Fprintf(w, "<?xml version=\"1.0\"?><Error><Code>%s</Code><Message>later</Message></Error>", code)
	}
}

// storeFaults are the ways in which a request to the store fails.
var storeFaults = map[string]func(*proxy, http.ResponseWriter, *http.Request){
	"fails":             refuse(http.StatusInternalServerError, "InternalError"),
	"slow down":         refuse(http.StatusServiceUnavailable, "SlowDown"),
	"too many requests": refuse(http.StatusTooManyRequests, "TooManyRequests"),
	"drops":             func(*proxy, http.ResponseWriter, *http.Request) { hangUp() },
	"drops the answer": func(p *proxy, w http.ResponseWriter, r *http.Request) {
		p.forward(w, r, nil)
		hangUp()
	},
	"truncates": func(p *proxy, w http.ResponseWriter, r *http.Request) {
		resp, body, ok := p.forward(w, r, nil)
		if !ok || len(body) == 0 {
			hangUp()
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		answer(w, resp, body, len(body)/2)
	},
	"corrupts": func(p *proxy, w http.ResponseWriter, r *http.Request) {
		flip := func(data []byte) {
			if len(data) > 0 && !r.URL.Query().Has("list-type") {
				data[len(data)/2] ^= 1
			}
		}
		if resp, body, ok := p.forward(w, r, flip); ok {
			flip(body)
			answer(w, resp, body, len(body))
		}
	},
	"delays": func(p *proxy, w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(200 * time.Millisecond):
		case <-r.Context().Done():
		}
		if resp, body, ok := p.forward(w, r, nil); ok {
			answer(w, resp, body, len(body))
		}
	},
}

// storeVictims are what a store fails under. Each has a bucket of its own.
var storeVictims = []victim{
	{
		name: "record", make: makeRecord,
		args: always("git-datapact-record", "--branch", "data", "../next"),
		done: func(w *world) { w.holds("next") },
	}, {
		name: "fetch", make: makeRecord,
		args:  always("git-datapact-fetch", "data", "-o", "../out"),
		whole: func(w *world) { w.visible("out", "first") },
		done:  func(w *world) { w.same("out", "first") },
	}, {
		name: "verify", make: makeRecord, mayBeDone: true, // corrupt is an answer, too
		args: always("git-datapact-verify", "-q", "--again"),
		done: func(w *world) { w.must("git-datapact-verify", "-q", "--again") },
	}, {
		name: "gc", make: makeRecord, mayBeDone: true,
		args: always("git-datapact-gc", "-q", "--delete", "--purge", "--gone", "gone", "--older-than", "0s"),
		done: func(w *world) { w.must("git-datapact-fetch", "-q", "data", "-o", "../back") },
	},
}

// testStoreFaults lets one request fail, which a command may get over, and all from
// one on.
func testStoreFaults(t *testing.T, k *kit) {
	server := blobstest.StartS3(t)
	for _, v := range storeVictims {
		k := &kit{victim: v, tally: k.tally, bin: k.bin, rounds: k.rounds, random: rand.New(rand.NewPCG(k.random.Uint64(), 0))}
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			k.storeFails(t, server)
		})
	}
}

func (k *kit) storeFails(t *testing.T, server *blobstest.S3) {
	p := startProxy(t, server.Endpoint)
	template := k.behindProxy(t, server, p)
	number := 100
	prepare := func() *world {
		w := template.copy(t)
		number++
		w.result("next", number) // not in the store yet
		if k.name == "gc" {
			w.must("git-datapact-branch", "-q", "gone")
			w.must("git-datapact-record", "--branch", "gone", "../next")
			w.must("git", "branch", "-q", "-D", "gone")
		}
		return w
	}
	w := prepare()
	p.set(0, 0, nil)
	w.succeed(k.args(w))
	total := p.set(0, 0, nil)
	for _, name := range slices.Sorted(maps.Keys(storeFaults)) {
		one := 1 + k.random.IntN(2) // for the first two are of one kind
		for i := range 3 {
			if i != one && k.rounds < manyRounds {
				continue
			}
			w, from := prepare(), 1+k.random.IntN(total)
			until, end := from+1, "only"
			if i == 2 {
				until, end = math.MaxInt, "and all after it"
			}
			w.how = fmt.Sprintf("the store %s at request %d of %d %s", name, from, total, end)
			p.set(from, until, storeFaults[name])
			k.faulty(w, func() { p.set(0, 0, nil) })
		}
	}
}

// behindProxy makes the victim's world, whose store is a new bucket behind a proxy.
func (k *kit) behindProxy(t *testing.T, server *blobstest.S3, p *proxy) *world {
	t.Helper()
	address, err := server.NewBucket()
	if err != nil {
		t.Fatal(err)
	}
	w := k.world(t)
	w.url = strings.ReplaceAll(address, url.QueryEscape(server.Endpoint), url.QueryEscape(p.URL))
	for name, value := range server.Env {
		w.extra = append(w.extra, name+"="+value)
	}
	k.make(w)
	w.remember()
	return w
}

// pushFaults are the ways in which a remote hangs up: the request that fails, and
// what becomes of it. What git has answered is nil if it was not asked.
var pushFaults = []struct {
	name, request string
	ask           bool // git first
	part          int  // of the answer, in percent
}{
	{"before the refs are told", "/info/refs", false, 0},
	{"while the refs are told", "/info/refs", true, 50},
	{"before it takes the push", "/git-receive-pack", false, 0},
	{"after it took the push", "/git-receive-pack", true, 0},
	{"while it answers the push", "/git-receive-pack", true, 50},
}

// testPushFaults hangs up while a receipt is pushed.
func testPushFaults(t *testing.T, k *kit) {
	k.victim = pushing
	template := k.world(t)
	k.make(template)
	template.must("remote.git/", "git", "config", "http.receivepack", "true")
	template.remember()
	for _, f := range pushFaults {
		w := template.copy(t)
		w.how = "the remote hangs up " + f.name
		var mu sync.Mutex
		broken := true
		backend := gitBackend(w)
		server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			mu.Lock()
			fails := broken && strings.HasSuffix(r.URL.Path, f.request) && (f.request != "/info/refs" || r.URL.Query().Get("service") == "git-receive-pack")
			mu.Unlock()
			if fails && !f.ask {
				hangUp()
			}
			body, err := io.ReadAll(r.Body) // CGI takes none in chunks
			if err != nil {
				return
			}
			r.Body, r.ContentLength, r.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
			if !fails {
				backend.ServeHTTP(rw, r)
				return
			}
			recorded := httptest.NewRecorder()
			backend.ServeHTTP(recorded, r)
			told := recorded.Body.Bytes()
			rw.Header().Set("Content-Type", recorded.Header().Get("Content-Type"))
			rw.Header().Set("Content-Length", fmt.Sprint(len(told)))
			_, _ = rw.Write(told[:len(told)*f.part/100]) // to a client that is hung up on
			hangUp()
		}))
		w.must("git", "remote", "set-url", "origin", server.URL+"/remote.git")
		k.faulty(w, func() {
			mu.Lock()
			broken = false
			mu.Unlock()
		})
		server.Close()
	}
}

// gitBackend is the git of a world behind HTTP.
func gitBackend(w *world) *cgi.Handler {
	w.t.Helper()
	return &cgi.Handler{
		Path: filepath.Join(strings.TrimSpace(w.must("git", "--exec-path")), "git-http-backend"), Root: "/", Dir: "/",
		Env:    []string{"GIT_PROJECT_ROOT=" + w.dir, "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_NOSYSTEM=1", "HOME=" + w.path("home")},
		Stderr: io.Discard,
	}
}

// testFullDisk leaves commands a bit more room from time to time, in a repository
// and a store on a disk that is small.
func testFullDisk(t *testing.T, k *kit) {
	if !canMount() {
		t.Skip("no small file system can be mounted here")
	}
	for _, v := range victims {
		if v.name != "record" && v.name != "fetch" && v.name != "replay" && v.name != "record on the branch that is checked out" {
			continue
		}
		k := &kit{victim: v, tally: k.tally, bin: k.bin, rounds: k.rounds, random: k.random}
		template := k.world(t)
		k.make(template)
		template.remember()
		for range max(1, k.rounds/4) {
			left := k.random.IntN(120) * 4096
			w := template.copy(t)
			w.how = fmt.Sprintf("on a disk with %d bytes left", left)
			small := t.TempDir()
			if err := mount("8m", small); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = unmount(small) })
			if out, err := exec.Command("cp", "-a", w.dir+"/.", small).CombinedOutput(); err != nil {
				t.Fatalf("copying to the small disk: %v\n%s", err, out)
			}
			w.dir = small
			var disk syscall.Statfs_t
			if err := syscall.Statfs(small, &disk); err != nil {
				t.Fatal(err)
			}
			w.write("filling", strings.Repeat("x", int(disk.Bavail)*int(disk.Bsize)-left))
			k.faulty(w, func() {
				if err := os.Remove(w.path("filling")); err != nil {
					t.Fatal(err)
				}
			})
			if err := unmount(small); err != nil {
				t.Error(err)
			}
		}
	}
}

// testClock records after the clock went back: the newest receipt and the newest
// commit are of the future.
func testClock(t *testing.T, k *kit) {
	k.victim = victim{
		name: "record", make: makeRecord,
		args: always("git-datapact-record", "--branch", "data", "../first"),
		done: func(w *world) { w.holds("first") },
	}
	for _, ahead := range []time.Duration{time.Minute, 48 * time.Hour, 10 * 365 * 24 * time.Hour} {
		w := k.world(t)
		w.how = fmt.Sprintf("the clock went back by %v", ahead)
		k.make(w)
		w.plantAhead(ahead)
		w.remember()
		k.faulty(w.copy(t), func() {})
		w.must(k.args(w)...)
		w.must("git-datapact-record", "--branch", "data", "../next")
		w.inOrder()
	}
}

// plantAhead commits the only receipt of data once more, as if it was made so much
// later.
func (w *world) plantAhead(ahead time.Duration) {
	w.t.Helper()
	path := strings.TrimSpace(w.must("git", "ls-tree", "-r", "--name-only", "data", "result"))
	receipt, err := receipts.Parse([]byte(w.must("git", "cat-file", "blob", "data:"+path)))
	if err != nil {
		w.failed("%v", err)
	}
	later := time.Now().Add(ahead)
	receipt.Timestamp = receipts.NewTimestamp(later)
	data, err := receipt.Encode()
	if err != nil {
		w.failed("%v", err)
	}
	w.must("git", "config", "datapact.validate.timestamp", "warn") // for which it is an error
	w.write("ahead", string(data))
	other := *w
	date := fmt.Sprintf("@%d +0000", later.Unix())
	other.extra = append(slices.Clone(w.extra), "GIT_COMMITTER_DATE="+date, "GIT_AUTHOR_DATE="+date, "GIT_INDEX_FILE="+w.path("index"))
	blob := strings.TrimSpace(other.must("git", "hash-object", "-w", w.path("ahead")))
	other.must("git", "read-tree", "data")
	other.must("git", "update-index", "--add", "--cacheinfo", "100644,"+blob+","+path)
	tree := strings.TrimSpace(other.must("git", "write-tree"))
	commit := strings.TrimSpace(other.must("git", "commit-tree", "-m", "ahead", "-p", "data", tree))
	other.must("git", "update-ref", "refs/heads/data", commit)
}

// inOrder wants the receipts of data newest first, those of one execution apart, and
// commits that are not older than their parents.
func (w *world) inOrder() {
	w.t.Helper()
	var times []string
	for line := range strings.Lines(w.must("git-datapact-log", "--json", "data")) {
		var r struct {
			Timestamp string `json:"timestamp"`
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			w.failed("%q: %v", line, err)
		}
		times = append(times, r.Timestamp)
	}
	slices.Reverse(times)
	if len(times) < 2 || !slices.IsSorted(times) {
		w.failed("the log, oldest first, has the times %q", times)
	}
	commits := strings.Fields(w.must("git", "log", "--reverse", "--topo-order", "--format=%cI", "data"))
	if !slices.IsSorted(commits) {
		w.failed("the commits of data, from the first, are of %q", commits)
	}
}
