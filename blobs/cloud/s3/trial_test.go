package s3_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/blobs/blobstest"
)

// TestS3Try wants a trial to find what servers cannot do, and to leave nothing behind.
func TestS3Try(t *testing.T) {
	server := blobstest.StartS3(t)
	refuse := func(w http.ResponseWriter, r *http.Request, status int, code string) bool {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "<Error><Code>"+code+"</Code><Message>no</Message></Error>")
		return true
	}
	for name, test := range map[string]struct {
		failing string // the check, "" for none
		why     string
		left    bool
		server  func(w http.ResponseWriter, r *http.Request) bool
	}{
		"Conditions": {failing: "conditional put", why: "the server does not know it", server: func(w http.ResponseWriter, r *http.Request) bool {
			return r.Header.Get("If-None-Match") != "" && refuse(w, r, http.StatusNotImplemented, "NotImplemented")
		}},
		"Lists": {failing: "list", why: "it takes the permission s3:ListBucket", server: func(w http.ResponseWriter, r *http.Request) bool {
			return r.URL.Query().Has("list-type") && refuse(w, r, http.StatusForbidden, "AccessDenied")
		}},
		"Ranges": {failing: "ranges", why: "bytes", server: func(w http.ResponseWriter, r *http.Request) bool {
			if r.Header.Get("Range") == "" {
				return false
			}
			_, _ = w.Write(make([]byte, 1<<20)) // all there is, whatever was asked for
			return true
		}},
		"Copies": {failing: "quarantine", why: "no", server: func(w http.ResponseWriter, r *http.Request) bool {
			return r.Header.Get("X-Amz-Copy-Source") != "" && refuse(w, r, http.StatusForbidden, "AccessDenied")
		}},
		"Deletes": {failing: "delete", why: "no", left: true, server: func(w http.ResponseWriter, r *http.Request) bool {
			return r.Method == http.MethodDelete && refuse(w, r, http.StatusForbidden, "AccessDenied")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := between(t, server, test.server)
			s := open(t, server, address)
			made := 0
			_, err := s.Try(t.Context(), 0, func(c blobs.Check) {
				made++
				quarantine := c.Name == "quarantine" && (test.left || test.failing == "list")
				failing := c.Name == test.failing || quarantine
				told := test.failing == c.Name || test.left
				if (c.Err != nil) != failing || failing && (c.Needed || c.Note == "" || told && !strings.Contains(c.Err.Error(), test.why)) {
					t.Errorf("%s: %v (needed: %t, %q)", c.Name, c.Err, c.Needed, c.Note)
				}
			})
			if made != 13 || (err != nil) != test.left || test.left && !strings.Contains(err.Error(), "git-datapact-test/") {
				t.Errorf("Try = %v after %d checks", err, made)
			}
			bucket, _, _ := strings.Cut(address, "?")
			s = open(t, server, bucket+"?endpoint="+url.QueryEscape(server.Endpoint))
			for object, err := range s.List(t.Context(), "") {
				if !test.left {
					t.Errorf("it left %q, %v", object.Key, err)
				}
			}
			for object, err := range s.Quarantined(t.Context()) {
				if !test.left {
					t.Errorf("it left %q in quarantine, %v", object.Key, err)
				}
			}
		})
	}
}
