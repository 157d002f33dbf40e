package s3_test

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/blobs/blobstest"
)

// TestS3Unlisted: a server that forbids to look at what is missing gets it on a condition. One
// that knows none is not written to: nobody can tell what would be overwritten. Why a look is
// forbidden is asked once.
func TestS3Unlisted(t *testing.T) {
	server := blobstest.StartS3(t)
	for name, conditions := range map[string]bool{"Conditions": true, "NoConditions": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stored sync.Map // paths
			var reads atomic.Int32
			refuse := func(w http.ResponseWriter, r *http.Request, status int, code string) bool {
				_, _ = io.Copy(io.Discard, r.Body)
				w.WriteHeader(status)
				_, _ = io.WriteString(w, "<Error><Code>"+code+"</Code><Message>no</Message></Error>")
				return true
			}
			s := open(t, server, between(t, server, func(w http.ResponseWriter, r *http.Request) bool {
				_, there := stored.Load(r.URL.Path)
				switch {
				case r.Method == http.MethodPut && !conditions && r.Header.Get("If-None-Match") != "":
					return refuse(w, r, http.StatusNotImplemented, "NotImplemented")
				case r.Method == http.MethodPut:
					stored.Store(r.URL.Path, true)
				case r.Method == http.MethodGet && !there:
					reads.Add(1)
					return refuse(w, r, http.StatusForbidden, "AccessDenied")
				case r.Method == http.MethodHead && !there:
					return refuse(w, r, http.StatusForbidden, "AccessDenied")
				}
				return false
			}))
			for _, content := range []string{"one", "two", "one"} {
				u, err := s.NewUpload(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				defer u.Close()
				_, err = u.Put(t.Context(), "main", strings.NewReader(content), nil)
				if err == nil {
					err = u.Commit(t.Context())
				}
				if lacking := blobs.Lacking(err); conditions && err != nil || !conditions && !strings.Contains(lacking, "s3:ListBucket") {
					t.Errorf("storing %q: %v, which lacks %q", content, err, lacking)
				}
			}
			if reads.Load() != 1 {
				t.Errorf("it was asked %d times why a look is forbidden, want once", reads.Load())
			}
		})
	}
}
