package resource_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/git-datapact/git-datapact/receipts"
)

// servers are the ways to a repository.
var servers = map[string]func(*testing.T, *world){
	"file": func(*testing.T, *world) {},
	"http": func(t *testing.T, w *world) { serveHTTP(t, w) },
}

// An httpServer is git http-backend behind a server of Go, which asks for a user's
// name and password.
type httpServer struct {
	*httptest.Server
	username, password string
	requests           atomic.Int64
	bytes              atomic.Int64 // of all answers

	mu    sync.Mutex
	fault func(http.ResponseWriter, *http.Request) bool // handles a request in the place of git
}

// serveHTTP serves the repository of a world, and lets its source say so.
func serveHTTP(t *testing.T, w *world) *httpServer {
	t.Helper()
	out, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		t.Fatal(err)
	}
	s := &httpServer{username: "robot", password: "pass word'$x\"\\%41" + filepath.Base(w.dir)}
	backend := &cgi.Handler{
		Path: filepath.Join(strings.TrimSpace(string(out)), "git-http-backend"), Root: "/", Dir: "/",
		Env: []string{"GIT_PROJECT_ROOT=" + w.dir, "GIT_HTTP_EXPORT_ALL=1", "REMOTE_USER=robot", "GIT_CONFIG_NOSYSTEM=1",
			"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*", "HOME=" + w.dir},
		Stderr: io.Discard,
	}
	s.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { s.serve(backend, rw, r) }))
	t.Cleanup(s.Close)
	w.source["uri"] = s.URL + "/" + filepath.Base(w.repo)
	w.source["username"], w.source["password"] = s.username, s.password
	w.hide(s.password, "pass word")
	return s
}

func (s *httpServer) serve(backend http.Handler, w http.ResponseWriter, r *http.Request) {
	s.requests.Add(1)
	if username, password, _ := r.BasicAuth(); username != s.username || password != s.password {
		w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
		http.Error(w, "who are you?", http.StatusUnauthorized)
		return
	}
	s.mu.Lock()
	fault := s.fault
	s.mu.Unlock()
	if fault != nil && fault(w, r) {
		return
	}
	body, err := io.ReadAll(r.Body) // CGI takes none in chunks
	if err != nil {
		return
	}
	r.Body, r.ContentLength, r.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
	backend.ServeHTTP(&counter{w, &s.bytes}, r)
}

// breakWith lets a handler answer in the place of git, nil for none.
func (s *httpServer) breakWith(fault func(http.ResponseWriter, *http.Request) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = fault
}

// traffic is what an action costs: requests, and bytes of their answers.
func (s *httpServer) traffic(do func()) (requests, size int64) {
	requests, size = s.requests.Load(), s.bytes.Load()
	do()
	return s.requests.Load() - requests, s.bytes.Load() - size
}

type counter struct {
	http.ResponseWriter
	bytes *atomic.Int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p)
	c.bytes.Add(int64(n))
	return n, err
}

// receipt reads a receipt from the server.
func (w *world) receipt(branch string, v version) *receipts.Receipt {
	w.t.Helper()
	r, err := receipts.Parse([]byte(w.git("-C", w.repo, "show", v.Ref+":"+receipts.ID(v.Receipt).Path()) + "\n"))
	if err != nil {
		w.t.Fatalf("receipt of %s: %v", branch, err)
	}
	return r
}

func in0(inputs []receipts.Input) receipts.Input {
	if len(inputs) == 0 {
		return receipts.Input{}
	}
	return inputs[0]
}
