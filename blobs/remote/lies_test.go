package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/git-datapact/git-datapact/blobs/backend"
	"github.com/git-datapact/git-datapact/blobs/patient"
	"github.com/git-datapact/git-datapact/blobs/wire"
)

// listen listens on a socket until the end of the test.
func listen(t testing.TB) (net.Listener, string) {
	t.Helper()
	folder, err := os.MkdirTemp("/tmp", "remote")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	socket := filepath.Join(folder, "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return listener, socket
}

// against is a client of a helper that answers as a handler does.
func against(t testing.TB, handle http.HandlerFunc) *Remote {
	t.Helper()
	listener, socket := listen(t)
	server := &http.Server{Handler: handle}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	r := Connect(&url.URL{Scheme: "odd", Host: "bucket"}, socket, "token", wire.Ready{Copies: true, Signs: true})
	r.http.Transport.(*patient.Transport).Patience = 2 * time.Second
	t.Cleanup(func() { r.Close() })
	return r
}

// TestLies: what a helper says that cannot be is an error, or ends where it should.
func TestLies(t *testing.T) {
	long := strings.Repeat("x", 2*maxLine)
	for _, test := range []struct {
		name   string
		handle http.HandlerFunc
		do     func(r *Remote) error
		want   string
	}{
		{"NoSize", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set(wire.SizeHeader, "-1") }, stat, "does not tell its size"},
		{"EndlessHead", func(w http.ResponseWriter, _ *http.Request) {
			for i := range 100 {
				w.Header().Set(fmt.Sprintf("X-%d", i), long)
			}
		}, stat, "server response headers exceeded"},
		{"Redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
		}, stat, `the server answers "302 Found"`},
		{"EndlessError", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadGateway)
			for {
				if _, err := io.WriteString(w, long); err != nil {
					return
				}
			}
		}, get, `the server answers "502 Bad Gateway"`},
		{"OtherBytes", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set(wire.SizeHeader, "10")
			if r.Header.Get("Range") != "" {
				w.WriteHeader(http.StatusPartialContent)
			}
		}, get, "the connection was lost 5 times in a row: unexpected EOF"},
		{"ListingOfNothing", func(w http.ResponseWriter, _ *http.Request) {}, list, "the listing ends before it is complete"},
		{"ListingCut", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, `{"key":"a/b"}`) }, list, "the listing ends before it is complete"},
		{"ListingOfText", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "a/b") }, list, "invalid character"},
		{"ListingOfOneLine", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"key":"`, long) }, list, "buffer full"},
		{"ListingFails", func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintln(w, `{"key":"a/b"}`)
			fmt.Fprintln(w, `{"error":{"kind":"denied","message":"odd://me:hush@bucket?x=hush says no"}}`)
		}, list, "listing blobs of bucket \"bucket\": permission denied: odd://bucket says no"},
		{"SignsText", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"url":"a b"}`) }, sign, "does not answer with a URL"},
		{"SignsForEver", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"url":"https://host/a"}`) }, sign, "a URL of https that expires"},
		{"SignsAFile", func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"url":"file:///a","expires":"2026-01-01T00:00:00Z"}`)
		}, sign, "a URL of https that expires"},
		{"SignsNothing", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(wire.Unsupported.Status())
			fmt.Fprint(w, `{"kind":"unsupported","message":"no key to sign with: odd://hush@bucket"}`)
		}, sign, "no key to sign with: odd://bucket"},
		{"Silence", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, stat, "the server does not answer: nothing moved for 2s"},
		{"SilenceInTheMiddle", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set(wire.SizeHeader, "10")
			fmt.Fprint(w, "12345")
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}, get, "the server does not answer: nothing moved for 2s"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if err := test.do(against(t, test.handle)); err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "hush") {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}

func stat(r *Remote) error {
	_, err := r.Stat(context.Background(), "a/b")
	return err
}

func sign(r *Remote) error {
	_, err := r.Address(context.Background(), "a/b", time.Minute)
	return err
}

func get(r *Remote) error {
	object, err := r.Open(context.Background(), "a/b")
	if err != nil {
		return err
	}
	defer object.Close()
	_, err = io.Copy(io.Discard, object)
	return err
}

func list(r *Remote) error {
	for _, err := range r.List(context.Background(), "") {
		if err != nil {
			return err
		}
	}
	return nil
}

// TestEndlessListing: one ends where its reader does, and nothing is kept of it.
func TestEndlessListing(t *testing.T) {
	over := make(chan struct{})
	r := against(t, func(w http.ResponseWriter, _ *http.Request) {
		defer close(over)
		for i := 0; ; i++ {
			if _, err := fmt.Fprintf(w, "{\"key\":\"a/%d\",\"size\":1,\"modified\":\"2026-01-01T00:00:00Z\"}\n{\"key\":\"../x\"}\n", i); err != nil {
				return
			}
		}
	})
	seen := 0
	for a, err := range r.List(t.Context(), "a/") {
		if err != nil || !strings.HasPrefix(string(a.Key), "a/") {
			t.Fatalf("List: %+v, %v", a, err)
		}
		if seen++; seen == 100_000 {
			break
		}
	}
	<-over
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	if m.HeapAlloc > 64<<20 {
		t.Errorf("%d MiB in memory", m.HeapAlloc>>20)
	}
}

// TestRetries: a helper that asks for it is asked again, also with the bytes that it has not
// taken; and not for ever.
func TestRetries(t *testing.T) {
	var requests atomic.Int32
	busy := func(w http.ResponseWriter) {
		w.WriteHeader(wire.Retry.Status())
		fmt.Fprint(w, `{"kind":"retry","message":"slow down"}`)
	}
	r := against(t, func(w http.ResponseWriter, r *http.Request) {
		if n := requests.Add(1); n < 3 {
			busy(w)
			return
		}
		if data, err := io.ReadAll(r.Body); err != nil || string(data) != "content" {
			t.Errorf("the request has %q, %v", data, err)
		}
		w.WriteHeader(http.StatusCreated)
	})
	b, err := r.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	f, err := b.Create(t.Context(), backend.Once)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.WriteString(f, "content")
	if err = errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	item := backend.Item{Object: backend.Object{Key: "a/b", Size: 7}, Path: f.Name()}
	if err := b.Publish(t.Context(), []backend.Item{item}); err != nil || requests.Load() != 3 {
		t.Errorf("Publish: %v after %d requests, want 3", err, requests.Load())
	}

	requests.Store(0)
	always := against(t, func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		busy(w)
	})
	if err := get(always); err == nil || !strings.Contains(err.Error(), "slow down") || requests.Load() != 1+backend.RetryTries {
		t.Errorf("reading: %v after %d requests, want %d", err, requests.Load(), 1+backend.RetryTries)
	}
}

// FuzzAnswer: no bytes that a helper sends make the client panic or wait.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Datapact-Error\r\n\r\n3\r\nabc\r\n0\r\nDatapact-Error: {\"kind\":\"silent\",\"message\":\"x\"}\r\n\r\n",
		"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 1-2/3\r\nContent-Length: 2\r\n\r\nbc",
		"HTTP/1.1 404 Not Found\r\nContent-Length: 36\r\n\r\n{\"kind\":\"not-found\",\"message\":\"none\"}",
		"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 200 OK\r\n\r\n{\"key\":\"a/b\",\"size\":1}\n{\"folder\":\"x\"}\n{\"end\":true}\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		listener, socket := listen(t)
		go func() {
			for {
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				go func() {
					defer conn.Close()
					_, _ = conn.Read(make([]byte, 64<<10)) // the request
					_, _ = conn.Write(answer)
				}()
			}
		}()
		r := Connect(&url.URL{Scheme: "odd", Host: "bucket"}, socket, "token", wire.Ready{Copies: true, Signs: true})
		defer r.Close()
		_ = stat(r)
		_ = sign(r)
		if err := list(r); err == nil && !strings.Contains(string(answer), `"end"`) {
			t.Error("a listing without an end is complete")
		}
		if object, err := r.stream(context.Background(), "a/b", 0, ""); err == nil {
			_, _ = io.Copy(io.Discard, object)
			object.Close()
		}
		_, _ = r.Folders(context.Background(), "a/")
	})
}
