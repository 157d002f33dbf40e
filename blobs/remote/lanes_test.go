package remote

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/git-datapact/git-datapact/blobs/backend"
)

// TestRate: what goes to a store and what comes from it share one limit, also with another
// store.
func TestRate(t *testing.T) {
	const size, bytesASecond = 128 << 10, 512 << 10
	handle := func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			if n, err := io.Copy(io.Discard, r.Body); n != size || err != nil {
				t.Errorf("%d bytes arrived, %v, want %d", n, err, size)
			}
			w.WriteHeader(http.StatusCreated)
			return
		}
		w.Header().Set("Content-Length", strconv.Itoa(size))
		_, _ = io.Copy(w, strings.NewReader(strings.Repeat("x", size)))
	}
	limits := Limits{Rate: NewRate(bytesASecond)}
	one, other := against(t, handle), against(t, handle)
	one.Limit(limits)
	other.Limit(limits)
	begun := time.Now()
	b, err := one.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	item := backend.Item{Object: backend.Object{Key: "a/b", Size: size}}
	item.Again = func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(make([]byte, size))), nil
	}
	if err := b.Publish(t.Context(), []backend.Item{item}); err != nil {
		t.Error(err)
	}
	for range 2 {
		object, err := other.Open(t.Context(), "a/b")
		if err != nil {
			t.Fatal(err)
		}
		if n, err := io.Copy(io.Discard, object); n != size || err != nil {
			t.Errorf("%d bytes came, %v, want %d", n, err, size)
		}
		object.Close()
	}
	least := time.Second * (3*size - mostStep) / bytesASecond
	if took := time.Since(begun); took < least {
		t.Errorf("%d bytes took %v, want at least %v", 3*size, took, least)
	}
}
