package blobstest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/git-datapact/git-datapact/blobs"
)

// Attempts are the errors of all that can be done with a store, by what it is.
func Attempts(ctx context.Context, s *blobs.Store) map[string]error {
	const key = "main/0123456789"
	errs := map[string]error{}
	_, errs["Get"] = s.Get(ctx, blobs.Object{Key: key, Size: 1})
	_, errs["Stat"] = s.Stat(ctx, key)
	errs["Delete"] = s.Delete(ctx, key)
	for _, err := range s.List(ctx, "") {
		errs["List"] = err
	}
	u, err := s.NewUpload(ctx)
	if err == nil {
		if _, err = u.Put(ctx, "main", strings.NewReader("content"), nil); err == nil {
			err = u.Commit(ctx)
		}
		u.Close()
	}
	errs["Commit"] = err
	return errs
}

// Answering is the host of a server that answers alike whatever it is asked, until the end of
// the test, and how often it was.
func Answering(t testing.TB, status int, header, body string) (host string, asked *atomic.Int32) {
	t.Helper()
	asked = new(atomic.Int32)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		_, _ = io.Copy(io.Discard, r.Body)
		if name, value, ok := strings.Cut(header, ": "); ok {
			w.Header().Set(name, value)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://"), asked
}

// Silent is the host of a server that never answers, until the end of the test.
func Silent(t testing.TB) string {
	t.Helper()
	over := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-over }))
	t.Cleanup(func() {
		close(over)
		server.Close()
	})
	return strings.TrimPrefix(server.URL, "http://")
}

// Nobody is a host that nobody listens at.
func Nobody(t testing.TB) string {
	t.Helper()
	host, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	return host
}

// A Told is what errors are to say.
type Told struct {
	Kind error    // nil for any
	Want []string // one of them is in each
	Hint string   // is in the next step that each tells
}

// CheckAll wants all that can be done with a store to fail alike.
func (w Told) CheckAll(t testing.TB, s *blobs.Store) {
	t.Helper()
	for what, err := range Attempts(t.Context(), s) {
		w.Check(t, what, err)
	}
}

// Check wants one line that says what is wrong, and nothing that is nobody's business.
func (w Told) Check(t testing.TB, what string, err error) {
	t.Helper()
	if err == nil {
		t.Errorf("%s succeeded", what)
		return
	}
	found := false
	for _, want := range w.Want {
		found = found || strings.Contains(err.Error(), want)
	}
	if !found || w.Kind != nil && !errors.Is(err, w.Kind) || errors.Is(err, blobs.ErrNotFound) {
		t.Errorf("%s: %v, want it to be %v, with one of %q", what, err, w.Kind, w.Want)
	}
	hint := ""
	if h, ok := errors.AsType[interface {
		error
		Hint() string
	}](err); ok {
		hint = h.Hint()
	}
	if !strings.Contains(hint, w.Hint) {
		t.Errorf("%s: %v, hint %q, want %q", what, err, hint, w.Hint)
	}
	if w.Kind != blobs.ErrURL && strings.Contains(err.Error(), "\n") { // all that is wrong with a URL is told at once
		t.Errorf("%s: %v, want a line", what, err)
	}
	for _, never := range []string{"SECRET", "googleapi:", "storage:", "oauth2:", "google:", "----", "RESPONSE", "DefaultAzureCredential"} {
		if strings.Contains(err.Error()+hint, never) {
			t.Errorf("%s: %v, hint %q, with %q in it", what, err, hint, never)
		}
	}
}
