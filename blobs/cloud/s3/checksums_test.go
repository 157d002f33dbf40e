package s3_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/git-datapact/git-datapact/blobs/blobstest"
)

// TestS3Checksums wants servers other than Amazon's to get no checksums that they did
// not ask for, unless it is chosen.
func TestS3Checksums(t *testing.T) {
	hermetic(t)
	server := blobstest.StartS3(t)
	for _, test := range []struct {
		name, query string
		env         string // AWS_REQUEST_CHECKSUM_CALCULATION
		variable    bool   // the endpoint is in a variable instead of the URL
		size        int64
		sent        bool
	}{
		{"Small", "", "", false, 1000, false},
		{"Empty", "", "", false, 0, false},
		{"Parts", "", "", false, 17 << 20, false},
		{"Variable", "", "", true, 1000, false},
		{"ChosenByURL", "&request_checksum_calculation=when_supported", "", false, 1000, true},
		{"ChosenByEnvironment", "", "when_supported", false, 1000, true},
		{"ChosenByEnvironmentParts", "", "when_supported", false, 17 << 20, true},
		{"URLFirst", "&request_checksum_calculation=when_required", "when_supported", false, 1000, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("AWS_REQUEST_CHECKSUM_CALCULATION", test.env)
			var sent atomic.Bool
			address := between(t, server, func(w http.ResponseWriter, r *http.Request) bool {
				odd := r.Header.Get("X-Amz-Trailer") != "" || strings.Contains(r.Header.Get("Content-Encoding"), "aws-chunked")
				for name := range r.Header {
					odd = odd || strings.HasPrefix(name, "X-Amz-Checksum-") || strings.HasPrefix(name, "X-Amz-Sdk-Checksum-")
				}
				if !odd {
					return false
				}
				sent.Store(true)
				_, _ = io.Copy(io.Discard, r.Body)
				w.WriteHeader(http.StatusBadRequest)
				_, _ = io.WriteString(w, "<Error><Code>XAmzContentSHA256Mismatch</Code><Message>no</Message></Error>")
				return true
			})
			if test.variable {
				u, err := url.Parse(address)
				if err != nil {
					t.Fatal(err)
				}
				t.Setenv("AWS_ENDPOINT_URL_S3", u.Query().Get("endpoint"))
				address, _, _ = strings.Cut(address, "?")
			}
			u, err := open(t, server, address+test.query).NewUpload(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer u.Close()
			_, err = u.Put(t.Context(), "main", random(test.size), nil)
			if err == nil {
				err = u.Commit(t.Context())
			}
			if sent.Load() != test.sent || (err != nil) != test.sent {
				t.Errorf("storing: checksums sent %v, %v, want %v", sent.Load(), err, test.sent)
			}
			if err != nil && !strings.Contains(err.Error(), "request_checksum_calculation=when_required") {
				t.Errorf("storing: %v, which names no parameter", err)
			}
		})
	}
}
