package s3_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/blobs/blobstest"
)

// TestS3NoConditions wants a server that does not know If-None-Match to be a store
// all the same, which overwrites nothing.
func TestS3NoConditions(t *testing.T) {
	server := blobstest.StartS3(t)
	for _, test := range []struct {
		status int
		parts  bool // try uploads in parts too
		body   string
	}{
		{http.StatusNotImplemented, true, "<Error><Code>NotImplemented</Code><Message>a header is not implemented</Message></Error>"},
		{http.StatusBadRequest, false, "<Error><Code>InvalidArgument</Code><Message>unsupported header if-none-match</Message></Error>"},
		{http.StatusMethodNotAllowed, false, ""},
	} {
		t.Run(fmt.Sprint(test.status), func(t *testing.T) {
			t.Parallel()
			var refused, begun atomic.Int32
			var occupy atomic.Pointer[func(path string)] // called when a condition is refused
			address := between(t, server, func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method == http.MethodPost && r.URL.Query().Has("uploads") {
					begun.Add(1)
				}
				if r.Header.Get("If-None-Match") == "" {
					return false
				}
				refused.Add(1)
				if f := occupy.Load(); f != nil {
					(*f)(r.URL.Path)
				}
				_, _ = io.Copy(io.Discard, r.Body)
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.body)
				return true
			})
			bucket := openBucket(t, server, address)
			store := func(s *blobs.Store, content io.Reader) (blobs.Stored, error) {
				u, err := s.NewUpload(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				defer u.Close()
				stored, err := u.Put(t.Context(), "main", content, nil)
				if err == nil {
					err = u.Commit(t.Context())
				}
				return stored, err
			}
			s := open(t, server, address)
			sizes := []int64{0, 1000}
			if test.parts {
				sizes = append(sizes, 17<<20)
			}
			for _, size := range sizes {
				stored, err := store(s, random(size))
				if err != nil {
					t.Errorf("storing %d bytes: %v", size, err)
					continue
				}
				r, err := s.Get(t.Context(), blobs.Object{Key: blobs.Key("main/" + stored.Blob), Size: size, SHA256: stored.SHA256})
				if err != nil {
					t.Fatal(err)
				}
				if n, err := io.Copy(io.Discard, r); n != size || err != nil {
					t.Errorf("reading what was stored = %d bytes, %v, want %d", n, err, size)
				}
				r.Close()
			}
			if refused.Load() != 1 || begun.Load() > 1 {
				t.Errorf("%d conditions were refused, and %d uploads in parts begun, want one of each at most", refused.Load(), begun.Load())
			}
			if test.parts { // the server is not known yet when the parts are sent
				if _, err := store(open(t, server, address), io.MultiReader(strings.NewReader("other"), random(17<<20))); err != nil {
					t.Errorf("storing in parts: %v", err)
				}
				if begun.Load() != 2 {
					t.Errorf("%d uploads in parts were begun, want 2", begun.Load())
				}
			}

			// Another write comes first.
			for _, content := range []string{"the same", "something else"} {
				s = open(t, server, address)
				f := func(path string) {
					_, key, _ := strings.Cut(path, "main/")
					if err := bucket.WriteAll(t.Context(), "main/"+key, []byte(content), nil); err != nil {
						t.Error(err)
					}
				}
				occupy.Store(&f)
				_, err := store(s, strings.NewReader("the same"))
				if conflict, ok := errors.AsType[*blobs.ConflictError](err); content == "the same" && err != nil || content != "the same" && !ok {
					t.Errorf("storing where %q is: %v, %v", content, err, conflict)
				}
				for a := range s.List(t.Context(), "main/") {
					if a.Size == int64(len(content)) {
						if got, err := bucket.ReadAll(t.Context(), string(a.Key)); err != nil || string(got) != content {
							t.Errorf("what was there became %q, %v", got, err)
						}
						if err := s.Delete(t.Context(), a.Key); err != nil {
							t.Error(err)
						}
					}
				}
			}
		})
	}
}
