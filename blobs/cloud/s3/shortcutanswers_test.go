package s3_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/blobs/blobstest"
	"github.com/git-datapact/git-datapact/blobs/cloud/s3"
)

// plainContent is what is under every key of a server that is well.
const plainContent = "plain content"

// openShort opens a store whose server answers well until a test has it answer otherwise,
// which it does by a handler. Objects have been read and stored, so that the next ones take
// the shortcut, unless a parameter keeps them from that.
func openShort(t *testing.T, short bool) (s *blobs.Store, answer *atomic.Pointer[http.HandlerFunc]) {
	t.Helper()
	answer = new(atomic.Pointer[http.HandlerFunc])
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if f := answer.Load(); f != nil {
			(*f)(w, r)
			return
		}
		switch r.Method {
		case http.MethodGet:
			_, _ = io.WriteString(w, plainContent)
		case http.MethodHead:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(server.Close)
	address := "s3://bucket?endpoint=" + server.URL
	if !short {
		address += "&response_checksum_validation=when_supported"
	}
	s, err := blobs.Open(t.Context(), address, s3.Options(map[string]string{
		"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret",
	}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	for i := range 2 {
		if err := errors.Join(readPlain(t, s), put(t, s, fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	return s, answer
}

// readPlain reads an object.
func readPlain(t *testing.T, s *blobs.Store) error {
	r, err := s.Get(t.Context(), blobs.Object{Key: "main/key", Size: int64(len(plainContent)), SHA256: fmt.Sprintf("%x", sha256.Sum256([]byte(plainContent)))})
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, r)
	return errors.Join(err, r.Close())
}

// put stores an object.
func put(t *testing.T, s *blobs.Store, content string) error {
	u, err := s.NewUpload(t.Context())
	if err != nil {
		return err
	}
	defer u.Close()
	_, err = u.Put(t.Context(), "main", strings.NewReader(content), nil)
	return err
}

// TestShortcutAnswers wants errors to be the same whether a request takes the shortcut or not.
func TestShortcutAnswers(t *testing.T) {
	hermetic(t)
	fault := func(status int, code string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code><Message>it is %s</Message></Error>", code, code)
		}
	}
	for name, answer := range map[string]http.HandlerFunc{
		"denied":      fault(http.StatusForbidden, "AccessDenied"),
		"wrong key":   fault(http.StatusForbidden, "SignatureDoesNotMatch"),
		"skewed":      fault(http.StatusForbidden, "RequestTimeTooSkewed"),
		"expired":     fault(http.StatusBadRequest, "ExpiredToken"),
		"no object":   fault(http.StatusNotFound, "NoSuchKey"),
		"no bucket":   fault(http.StatusNotFound, "NoSuchBucket"),
		"exists":      fault(http.StatusPreconditionFailed, "PreconditionFailed"),
		"redirect":    fault(http.StatusMovedPermanently, "PermanentRedirect"),
		"not S3":      func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) },
		"odd time":    func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Last-Modified", "yesterday") },
		"wrong bytes": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.ToUpper(plainContent)) },
		"fewer bytes": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, plainContent[1:]) },
		"more bytes":  func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, plainContent+"!") },
		"no bytes":    func(http.ResponseWriter, *http.Request) {},
		"endless fault": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write(make([]byte, 8<<20))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var texts [2]map[string]string
			for i := range texts {
				s, answers := openShort(t, i == 1)
				answers.Store(&answer)
				errs := blobstest.Attempts(t.Context(), s)
				errs["read"], errs["put"] = readPlain(t, s), put(t, s, "other")
				texts[i] = map[string]string{}
				for what, err := range errs {
					texts[i][what] = fmt.Sprint(err)
				}
			}
			if diff := cmp.Diff(texts[0], texts[1]); diff != "" {
				t.Errorf("errors without (-) and with the shortcut (+):\n%s", diff)
			}
		})
	}
}

// TestShortcutRecovers wants objects to be read and stored though each answer to a request
// that takes the shortcut fails, and wants no more such requests after some.
func TestShortcutRecovers(t *testing.T) {
	hermetic(t)
	const mostTries = 2 * 3 // the client itself may make a request that reads again
	for name, test := range map[string]struct {
		fail http.HandlerFunc
		left bool // after some tries
	}{
		"busy":    {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }, true},
		"hang up": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, true},
		"cut": {func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPut {
				panic(http.ErrAbortHandler)
			}
			w.Header().Set("Content-Length", fmt.Sprint(len(plainContent)))
			_, _ = io.WriteString(w, plainContent[:5])
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, answers := openShort(t, true)
			var gets, puts atomic.Int32
			answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				short := strings.HasPrefix(r.Header.Get("User-Agent"), "git-datapact")
				from, _, ranged := strings.Cut(strings.TrimPrefix(r.Header.Get("Range"), "bytes="), "-")
				switch {
				case short && r.Method == http.MethodGet:
					gets.Add(1)
					test.fail(w, r)
				case short:
					puts.Add(1)
					test.fail(w, r)
				case r.Method == http.MethodHead:
					w.WriteHeader(http.StatusNotFound)
				case r.Method == http.MethodGet && ranged:
					var offset int
					_, _ = fmt.Sscan(from, &offset)
					w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", offset, len(plainContent)-1, len(plainContent)))
					w.WriteHeader(http.StatusPartialContent)
					_, _ = io.Copy(w, bytes.NewReader([]byte(plainContent)[offset:]))
				case r.Method == http.MethodGet:
					_, _ = io.WriteString(w, plainContent)
				}
			})
			answers.Store(&answer)
			for i := range 10 {
				if err := errors.Join(readPlain(t, s), put(t, s, fmt.Sprint("next ", i))); err != nil {
					t.Error(err)
				}
			}
			if test.left && (gets.Load() > mostTries || puts.Load() > mostTries) {
				t.Errorf("reading took the shortcut %d times and storing %d times, want at most %d", gets.Load(), puts.Load(), mostTries)
			}
			if gets.Load() == 0 || puts.Load() == 0 {
				t.Error("nothing took the shortcut")
			}
		})
	}
}
