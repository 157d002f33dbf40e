package cloud

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"gocloud.dev/blob/memblob"
)

// TestGetLeft: what [Bucket.Whole] leaves to the driver, and a part of an object, is the
// driver's to read, and an error of Whole is one of the request.
func TestGetLeft(t *testing.T) {
	b := &Bucket{Bucket: memblob.OpenBucket(nil)}
	defer b.Close()
	if err := b.WriteAll(t.Context(), "key", []byte("content"), nil); err != nil {
		t.Fatal(err)
	}
	asked, broken := 0, error(nil)
	b.Whole = func(context.Context, string) (Object, error) {
		asked++
		return nil, broken
	}
	handler := Handler(b, "token")
	for _, test := range []struct {
		span   string
		err    error
		status int
		body   string
		asked  int
	}{
		{"", nil, http.StatusOK, "content", 1},
		{"bytes=3-", nil, http.StatusPartialContent, "tent", 0},
		{"bytes=0-2", nil, http.StatusPartialContent, "con", 0},
		{"", errors.New("broken"), http.StatusBadGateway, `{"message":"broken"}`, 1},
	} {
		r := httptest.NewRequest(http.MethodGet, "/key", nil)
		r.Header = http.Header{"Authorization": {"Bearer token"}}
		if test.span != "" {
			r.Header.Set("Range", test.span)
		}
		asked, broken = 0, test.err
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != test.status || w.Body.String() != test.body || asked != test.asked {
			t.Errorf("range %q, %v: %d, %q, asked %d times, want %d, %q, %d", test.span, test.err, w.Code, w.Body, asked, test.status, test.body, test.asked)
		}
	}
}
