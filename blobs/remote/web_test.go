package remote_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/blobs/blobstest"
)

// openWeb opens the store of a web server, as commands do.
func openWeb(t *testing.T, address string) *blobs.Store {
	t.Helper()
	s, err := blobs.Open(t.Context(), address, nil)
	return blobstest.Opened(t, s, err)
}

// TestWeb: a folder that a web server serves can be read.
func TestWeb(t *testing.T) {
	blobstest.TestReading(t, func(t *testing.T) blobstest.Subject {
		dir := t.TempDir()
		server := httptest.NewServer(http.StripPrefix("/some/where", http.FileServer(http.Dir(dir))))
		t.Cleanup(server.Close)
		return blobstest.Subject{
			Store:  openWeb(t, server.URL+"/some/where/"),
			Writer: blobstest.OpenFolder(t, dir),
			Overwrite: func(t *testing.T, key blobs.Key, data []byte) {
				name := filepath.Join(dir, filepath.FromSlash(string(key)))
				if err := errors.Join(os.Remove(name), os.WriteFile(name, data, 0o600)); err != nil {
					t.Fatal(err)
				}
			},
		}
	})
}

// TestWebCannot: what a web server cannot do is said, with the next step.
func TestWebCannot(t *testing.T) {
	s := openWeb(t, "http://127.0.0.1:1/x")
	_, uploadErr := s.NewUpload(t.Context())
	_, restoreErr := s.Quarantine(t.Context(), "a/b", blobs.NewRun(time.Now()), time.Now())
	failures := map[string]error{"NewUpload": uploadErr, "Quarantine": restoreErr, "Delete": s.Delete(t.Context(), "a/b")}
	for _, err := range s.List(t.Context(), "") {
		failures["List"] = err
	}
	for what, err := range failures {
		hinted, ok := errors.AsType[interface {
			error
			Hint() string
		}](err)
		if !errors.Is(err, errors.ErrUnsupported) || !ok || !strings.Contains(hinted.Hint(), "--store") {
			t.Errorf("%s: %v, want that it cannot be done, and a hint", what, err)
		}
	}
}

// TestWebAnswers: bursts of failures are lived through, refusals and lies are not.
func TestWebAnswers(t *testing.T) {
	const data = "some content"
	obj := blobs.Object{Key: "a/b", Size: int64(len(data)), SHA256: "290f493c44f5d63d06b374d0a5abd292fae38b92cab2fae5efefe1b0e9347f56"}
	for _, test := range []struct {
		name   string
		answer func(w http.ResponseWriter, r *http.Request, n int32) bool // reports that it answered the n-th request
		kind   error
		want   string
	}{
		{"Busy", func(w http.ResponseWriter, _ *http.Request, n int32) bool {
			if n < 3 {
				w.WriteHeader([]int{503, 429}[n-1])
			}
			return n < 3
		}, nil, ""},
		{"Cut", func(w http.ResponseWriter, r *http.Request, n int32) bool {
			if r.Method == http.MethodHead {
				return false
			}
			var from int
			_, _ = fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from)
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(data)-1, len(data)))
			w.Header().Set("Content-Length", fmt.Sprint(len(data)-from))
			if from > 0 {
				w.WriteHeader(http.StatusPartialContent)
			}
			_, _ = fmt.Fprint(w, data[from:from+1])
			w.(http.Flusher).Flush()
			if from < len(data)-1 {
				panic(http.ErrAbortHandler)
			}
			return true
		}, nil, ""},
		{"Signed", func(w http.ResponseWriter, r *http.Request, _ int32) bool {
			if r.URL.Query().Get("sig") != "hush-hush" {
				w.WriteHeader(http.StatusForbidden)
				return true
			}
			return false
		}, nil, ""},
		{"Elsewhere", func(w http.ResponseWriter, r *http.Request, _ int32) bool {
			if strings.HasPrefix(r.URL.Path, "/x/") {
				http.Redirect(w, r, "/y/"+strings.TrimPrefix(r.URL.Path, "/x/")+"?sig=hush-hush", http.StatusFound)
			}
			return strings.HasPrefix(r.URL.Path, "/x/")
		}, nil, ""},
		{"Round", func(w http.ResponseWriter, r *http.Request, _ int32) bool {
			http.Redirect(w, r, r.URL.Path, http.StatusFound)
			return true
		}, nil, "more than 10 redirects"},
		{"Denied", func(w http.ResponseWriter, _ *http.Request, _ int32) bool {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"kind":"not-found","message":"hush-hush"}`)
			return true
		}, blobs.ErrDenied, `permission denied: the server answers "403 Forbidden"`},
		{"Gone", func(w http.ResponseWriter, _ *http.Request, _ int32) bool {
			w.WriteHeader(http.StatusGone)
			return true
		}, blobs.ErrNotFound, "not found"},
		{"Broken", func(w http.ResponseWriter, _ *http.Request, _ int32) bool {
			w.WriteHeader(http.StatusInternalServerError)
			return true
		}, nil, `the server answers "500 Internal Server Error"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var requests atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if !test.answer(w, r, requests.Add(1)) {
					fmt.Fprint(w, data)
				}
			}))
			t.Cleanup(server.Close)
			s := openWeb(t, server.URL+"/x?sig=hush-hush")
			r, err := s.Get(t.Context(), obj)
			got := ""
			if err == nil {
				var text []byte
				text, err = io.ReadAll(r)
				got = string(text)
				r.Close()
			}
			if test.want == "" && (err != nil || got != data) {
				t.Errorf("reading = %q, %v", got, err)
			}
			if test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "hush") || test.kind != nil && !errors.Is(err, test.kind)) {
				t.Errorf("reading: %v, want %q", err, test.want)
			}
		})
	}
}

// TestWebSecurely: a server that cannot prove who it is is not read from.
func TestWebSecurely(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	server.Config.ErrorLog = nil
	began := time.Now()
	_, err := openWeb(t, server.URL).Stat(t.Context(), "a/b")
	if err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("Stat: %v, want that the certificate is not known", err)
	}
	if took := time.Since(began); took > time.Minute {
		t.Errorf("that took %v", took)
	}
}
