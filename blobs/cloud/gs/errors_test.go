package gs_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/blobs/blobstest"
	"github.com/git-datapact/git-datapact/blobs/cloud/gs"
)

// hermetic keeps what a user of this machine set up away from the test.
func hermetic(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	t.Setenv("CLOUDSDK_CONFIG", t.TempDir())
	for _, name := range []string{"GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_APPLICATION_CREDENTIALS_JSON", "STORAGE_EMULATOR_HOST"} {
		t.Setenv(name, "")
	}
}

// attempts are the errors of all that can be done with a store, by what it is.
func attempts(ctx context.Context, s *blobs.Store) map[string]error {
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

// answering is the host of a server that answers alike whatever it is asked, and how often
// it was.
func answering(t *testing.T, status int, body string) (host string, asked *atomic.Int32) {
	t.Helper()
	asked = new(atomic.Int32)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://"), asked
}

// hint is the next step that an error tells.
func hint(err error) string {
	var h interface{ Hint() string }
	if errors.As(err, &h) {
		return h.Hint()
	}
	return ""
}

// A told is what errors are to say.
type told struct {
	kind  error    // nil for any
	want  []string // one of them is in each
	hint  string   // is in that of each
	never []string // is in none
}

func (w told) check(t *testing.T, s *blobs.Store) {
	t.Helper()
	for what, err := range attempts(t.Context(), s) {
		w.checkOne(t, what, err)
	}
}

// checkOne wants one line that says what is wrong, and nothing that is nobody's business.
func (w told) checkOne(t *testing.T, what string, err error) {
	t.Helper()
	if err == nil {
		t.Errorf("%s succeeded", what)
		return
	}
	found := false
	for _, want := range w.want {
		found = found || strings.Contains(err.Error(), want)
	}
	if !found || w.kind != nil && !errors.Is(err, w.kind) || errors.Is(err, blobs.ErrNotFound) {
		t.Errorf("%s: %v, want it to be %v, with one of %q", what, err, w.kind, w.want)
	}
	if !strings.Contains(hint(err), w.hint) {
		t.Errorf("%s: %v, hint %q, want %q", what, err, hint(err), w.hint)
	}
	for _, never := range append(w.never, "SECRET", "\n", "?", "googleapi:", "storage:", "oauth2:", "google:") {
		if strings.Contains(err.Error()+hint(err), never) {
			t.Errorf("%s: %v, hint %q, with %q in it", what, err, hint(err), never)
		}
	}
}

func TestGSMissingBucket(t *testing.T) {
	hermetic(t)
	server := blobstest.StartGS(t)
	told{kind: blobs.ErrNoBucket, want: []string{`bucket "other" does not exist`}}.check(t, open(t, server, "gs://other"))
}

// TestGSAnswers: what Google answers, and other servers.
func TestGSAnswers(t *testing.T) {
	hermetic(t)
	body := func(status int, reason, message string) string {
		return fmt.Sprintf(`{"error": {"code": %d, "message": %q, "errors": [{"message": %q, "domain": "global", "reason": %q}]}}`, status, message, message, reason)
	}
	const tries = 5
	for _, test := range []struct {
		name   string
		status int
		body   string
		told   told
		tries  int32 // of each, 0 for any number
	}{
		{"NotPublic", 401, body(401, "required", "Anonymous caller does not have storage.objects.list access to the Google Cloud Storage bucket. Permission 'storage.objects.list' denied on resource (or it may not exist)."),
			told{kind: blobs.ErrDenied, want: []string{"permission denied: Anonymous caller does not have", "the server answers 401"}}, 0},
		{"Forbidden", 403, body(403, "forbidden", "ada@example.com does not have storage.objects.create access.\nmore"),
			told{kind: blobs.ErrDenied, want: []string{"permission denied: ada@example.com does not have storage.objects.create access (forbidden)", "the server answers 403"}}, 0},
		{"NoBucket", 404, body(404, "notFound", "The specified bucket does not exist."),
			told{kind: blobs.ErrNoBucket, want: []string{`bucket "bucket" does not exist`}}, 0},
		{"Often", 429, body(429, "rateLimitExceeded", "The rate of change requests is too high"),
			told{want: []string{"The rate of change requests is too high (rateLimitExceeded)", "the server answers 429 Too Many Requests"}}, tries},
		{"Down", 503, "", told{want: []string{"the server answers 503 Service Unavailable"}}, tries},
		{"NotGoogle", 418, "<html>hello</html>", told{want: []string{"the server answers 418 I'm a teapot"}}, 0},
		{"NotJSON", 200, "<html>hello</html>", told{want: []string{"invalid character"}}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			host, asked := answering(t, test.status, test.body)
			s, err := blobs.Open(t.Context(), "gs://bucket", gs.Options(map[string]string{"STORAGE_EMULATOR_HOST": host}))
			s = blobstest.Opened(t, s, err)
			if test.name == "NotJSON" { // which is an object like any other
				for _, err := range s.List(t.Context(), "") {
					test.told.checkOne(t, "List", err)
				}
				return
			}
			test.told.check(t, s)
			asked.Store(0)
			if _, err := s.Stat(t.Context(), "main/key"); err == nil || test.tries > 0 && asked.Load() != test.tries {
				t.Errorf("Stat was tried %d times, want %d: %v", asked.Load(), test.tries, err)
			}
		})
	}
}

// TestGSBusyAtFirst: what is refused twice and then taken is stored.
func TestGSBusyAtFirst(t *testing.T) {
	hermetic(t)
	server := blobstest.StartGS(t)
	var asked atomic.Int32
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		request, err := http.NewRequestWithContext(r.Context(), r.Method, server.Endpoint+r.URL.RequestURI(), r.Body)
		if err != nil {
			t.Error(err)
			return
		}
		request.Header, request.ContentLength = r.Header, r.ContentLength
		answer, err := http.DefaultTransport.RoundTrip(request)
		if err != nil {
			t.Error(err)
			return
		}
		defer answer.Body.Close()
		w.WriteHeader(answer.StatusCode)
		_, _ = io.Copy(w, answer.Body)
	}))
	defer front.Close()
	s, err := blobs.Open(t.Context(), newBucket(t, server), gs.Options(map[string]string{"STORAGE_EMULATOR_HOST": front.URL}))
	s = blobstest.Opened(t, s, err)
	blobstest.Store(t, s, "main", []byte("content"))
	if asked.Load() < 3 {
		t.Errorf("the server was asked %d times, want more than 2", asked.Load())
	}
}

// serviceAccount is the key of one that gets its tokens from a server.
func serviceAccount(t *testing.T, tokens string) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.MarshalIndent(map[string]string{
		"type": "service_account", "client_email": "ada@example.com", "private_key_id": "SECRETid", "token_uri": tokens,
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})),
	}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestGSCredentials: keys that Google does not take.
func TestGSCredentials(t *testing.T) {
	hermetic(t)
	for _, test := range []struct {
		name   string
		status int
		body   string
		told   told
	}{
		{"WrongKey", 400, `{"error": "invalid_grant", "error_description": "Invalid JWT Signature."}`,
			told{kind: blobs.ErrDenied, want: []string{"permission denied: the key of the service account is wrong, or was deleted (invalid_grant)"}, hint: "make a new key"}},
		{"Clock", 400, `{"error": "invalid_grant", "error_description": "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim."}`,
			told{kind: blobs.ErrDenied, want: []string{"the clocks of this machine and the server differ too much (invalid_grant)"}, hint: "set the clock"}},
		{"NoAccount", 400, `{"error": "invalid_grant", "error_description": "Invalid grant: account not found"}`,
			told{kind: blobs.ErrDenied, want: []string{"the service account of the key does not exist (invalid_grant)"}, hint: "make a new key"}},
		{"Expired", 400, `{"error": "invalid_grant", "error_description": "Token has been expired or revoked."}`,
			told{kind: blobs.ErrDenied, want: []string{"the login has expired, or was revoked (invalid_grant)"}, hint: "gcloud auth application-default login"}},
		{"Other", 401, `{"error": "invalid_client", "error_description": "Unauthorized\nmore"}`,
			told{kind: blobs.ErrDenied, want: []string{"the credentials are refused: Unauthorized (invalid_client)"}, never: []string{"more"}}},
		{"Down", 503, `down`, told{want: []string{"the server answers 503 Service Unavailable"}, hint: "later"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			host, _ := answering(t, test.status, test.body)
			key := serviceAccount(t, "http://"+host+"/token")
			s, err := blobs.Open(t.Context(), "gs://bucket", gs.Options(map[string]string{"GOOGLE_APPLICATION_CREDENTIALS_JSON": key}))
			test.told.check(t, blobstest.Opened(t, s, err))
		})
	}
}

// TestGSSilent: servers that nobody answers at, or too late.
func TestGSSilent(t *testing.T) {
	hermetic(t)
	over := make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-over }))
	t.Cleanup(func() {
		close(over)
		silent.Close()
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := l.Addr().String()
	l.Close()
	for host, want := range map[string]string{
		silent.URL: "the server does not answer: nothing moved for 2s",
		nobody:     "dial tcp " + nobody + ": connect: ",
	} {
		s, err := blobs.Open(t.Context(), "gs://bucket", gs.Options(map[string]string{"STORAGE_EMULATOR_HOST": host, "GS_TEST_PATIENCE": "2s"}))
		s = blobstest.Opened(t, s, err)
		_, err = s.Stat(t.Context(), "main/key")
		told{want: []string{want}}.checkOne(t, "Stat at "+host, err)
		_, err = s.Get(t.Context(), blobs.Object{Key: "main/key", Size: 1})
		told{want: []string{want}}.checkOne(t, "Get at "+host, err)
	}
}

func TestGSOpen(t *testing.T) {
	hermetic(t)
	key := serviceAccount(t, "https://example.com/SECRET")
	for _, test := range []struct {
		address string
		env     map[string]string
		kind    error
		want    []string
	}{
		{"gs://", nil, blobs.ErrURL, []string{"no bucket: want gs://BUCKET"}},
		{"gs://id:SECRET@bucket", nil, blobs.ErrURL, []string{"keys do not belong into the URL"}},
		{"gs://bucket:7070/folder", nil, blobs.ErrURL, []string{"a bucket has no port", "a bucket has no path"}},
		{"gs://bucket?anonymous=SECRET&universe_domain=SECRET/x&endpoint=SECRET&grpc=true", nil, blobs.ErrURL,
			[]string{"parameter anonymous: want true or false", "parameter universe_domain: want a domain", `unknown parameter "endpoint"`, `unknown parameter "grpc"`}},
		{"gs://bucket?universe_domain=SECRET%0A", nil, blobs.ErrURL, []string{"parameter universe_domain holds a line break"}},
		{"gs://bucket", map[string]string{"STORAGE_EMULATOR_HOST": "ftp://SECRET"}, blobs.ErrURL, []string{"STORAGE_EMULATOR_HOST: want HOST:PORT"}},
		{"gs://bucket", map[string]string{"STORAGE_EMULATOR_HOST": "SECRET\n"}, nil, []string{"STORAGE_EMULATOR_HOST holds a line break"}},
		{"gs://bucket", map[string]string{"GOOGLE_APPLICATION_CREDENTIALS": "SECRET.json"}, nil, []string{`unknown variable "GOOGLE_APPLICATION_CREDENTIALS": want GOOGLE_APPLICATION_CREDENTIALS_JSON`}},
		{"gs://bucket", map[string]string{"GOOGLE_APPLICATION_CREDENTIALS_JSON": "SECRET"}, fs.ErrPermission, []string{"GOOGLE_APPLICATION_CREDENTIALS_JSON is not the JSON key of a service account"}},
		{"gs://bucket", map[string]string{"GOOGLE_APPLICATION_CREDENTIALS_JSON": `{"type": "external_account", "token_url": "https://SECRET"}`}, fs.ErrPermission,
			[]string{"GOOGLE_APPLICATION_CREDENTIALS_JSON is not the JSON key of a service account"}},
		{"gs://bucket?universe_domain=example.com", map[string]string{"GOOGLE_APPLICATION_CREDENTIALS_JSON": key}, fs.ErrPermission,
			[]string{`they are those of the universe "googleapis.com"`}},
		{"gs://bucket", nil, fs.ErrPermission, []string{"permission denied: no credentials: neither GOOGLE_APPLICATION_CREDENTIALS is set nor is there a login"}},
	} {
		_, err := blobs.Open(t.Context(), test.address, gs.Options(test.env))
		if err == nil || test.kind != nil && !errors.Is(err, test.kind) {
			t.Errorf("Open(%q): %v, want it to be %v", test.address, err, test.kind)
			continue
		}
		for _, want := range test.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("Open(%q): %v, want %q", test.address, err, want)
			}
		}
		if strings.Contains(err.Error(), "SECRET") {
			t.Errorf("Open(%q): %v, which holds a value", test.address, err)
		}
		if test.kind == fs.ErrPermission && !strings.Contains(hint(err), "gcloud auth application-default login") {
			t.Errorf("Open(%q): %v, hint %q", test.address, err, hint(err))
		}
	}
}
