package gs_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
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

func TestGSMissingBucket(t *testing.T) {
	hermetic(t)
	server := blobstest.StartGS(t)
	blobstest.Told{Kind: blobs.ErrNoBucket, Want: []string{`bucket "other" does not exist`}}.CheckAll(t, open(t, server, "gs://other"))
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
		told   blobstest.Told
		tries  int32 // of each, 0 for any number
	}{
		{"NotPublic", 401, body(401, "required", "Anonymous caller does not have storage.objects.list access to the Google Cloud Storage bucket. Permission 'storage.objects.list' denied on resource (or it may not exist)."),
			blobstest.Told{Kind: blobs.ErrDenied, Want: []string{"permission denied: Anonymous caller does not have"}}, 0},
		{"Forbidden", 403, body(403, "forbidden", "ada@example.com does not have storage.objects.create access.\nmore"),
			blobstest.Told{Kind: blobs.ErrDenied, Want: []string{"permission denied: ada@example.com does not have storage.objects.create access (forbidden)"}, Hint: "Storage Object User"}, 0},
		{"NoBucket", 404, body(404, "notFound", "The specified bucket does not exist."),
			blobstest.Told{Kind: blobs.ErrNoBucket, Want: []string{`bucket "bucket" does not exist`}}, 0},
		{"Often", 429, body(429, "rateLimitExceeded", "The rate of change requests is too high"),
			blobstest.Told{Want: []string{"The rate of change requests is too high (rateLimitExceeded)"}}, tries},
		{"Down", 503, "", blobstest.Told{Want: []string{"the server answers 503 Service Unavailable"}}, tries},
		{"NotGoogle", 418, "<html>hello</html>", blobstest.Told{Want: []string{"the server answers 418 I'm a teapot"}}, 0},
		{"Redirect", 302, "", blobstest.Told{Want: []string{"the server answers 302 Found"}}, 0},
		{"NotJSON", 200, "<html>hello</html>", blobstest.Told{Want: []string{"invalid character"}}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			host, asked := blobstest.Answering(t, test.status, "Content-Type: application/json", test.body)
			s, err := blobs.Open(t.Context(), "gs://bucket", gs.Options(map[string]string{"STORAGE_EMULATOR_HOST": host}))
			s = blobstest.Opened(t, s, err)
			if test.name == "NotJSON" { // which is an object like any other
				for _, err := range s.List(t.Context(), "") {
					test.told.Check(t, "List", err)
				}
				return
			}
			test.told.CheckAll(t, s)
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
		told   blobstest.Told
	}{
		{"WrongKey", 400, `{"error": "invalid_grant", "error_description": "Invalid JWT Signature."}`,
			blobstest.Told{Kind: blobs.ErrDenied, Want: []string{"permission denied: the key of the service account is wrong, or was deleted (invalid_grant)"}, Hint: "make a new key"}},
		{"Clock", 400, `{"error": "invalid_grant", "error_description": "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim."}`,
			blobstest.Told{Kind: blobs.ErrDenied, Want: []string{"the clocks of this machine and the server differ too much (invalid_grant)"}, Hint: "set the clock"}},
		{"NoAccount", 400, `{"error": "invalid_grant", "error_description": "Invalid grant: account not found"}`,
			blobstest.Told{Kind: blobs.ErrDenied, Want: []string{"the service account of the key does not exist (invalid_grant)"}, Hint: "make a new key"}},
		{"Expired", 400, `{"error": "invalid_grant", "error_description": "Token has been expired or revoked."}`,
			blobstest.Told{Kind: blobs.ErrDenied, Want: []string{"the login has expired, or was revoked (invalid_grant)"}, Hint: "gcloud auth application-default login"}},
		{"Other", 401, `{"error": "invalid_client", "error_description": "Unauthorized\nmore"}`,
			blobstest.Told{Kind: blobs.ErrDenied, Want: []string{"the credentials are refused: Unauthorized (invalid_client)"}}},
		{"Down", 503, `down`, blobstest.Told{Want: []string{"the server answers 503 Service Unavailable"}, Hint: "later"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			host, _ := blobstest.Answering(t, test.status, "Content-Type: application/json", test.body)
			key := serviceAccount(t, "http://"+host+"/token")
			s, err := blobs.Open(t.Context(), "gs://bucket", gs.Options(map[string]string{"GOOGLE_APPLICATION_CREDENTIALS_JSON": key}))
			test.told.CheckAll(t, blobstest.Opened(t, s, err))
		})
	}
}

// TestGSSilent: servers that nobody answers at, or too late.
func TestGSSilent(t *testing.T) {
	hermetic(t)
	silent, nobody := blobstest.Silent(t), blobstest.Nobody(t)
	for host, want := range map[string]string{
		silent: "the server does not answer: nothing moved for 2s",
		nobody: "dial tcp " + nobody + ": connect: ",
	} {
		s, err := blobs.Open(t.Context(), "gs://bucket", gs.Options(map[string]string{"STORAGE_EMULATOR_HOST": host, "GS_TEST_PATIENCE": "2s"}))
		s = blobstest.Opened(t, s, err)
		_, err = s.Stat(t.Context(), "main/key")
		blobstest.Told{Want: []string{want}}.Check(t, "Stat at "+host, err)
		_, err = s.Get(t.Context(), blobs.Object{Key: "main/key", Size: 1})
		blobstest.Told{Want: []string{want}}.Check(t, "Get at "+host, err)
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
		{"gs://buck!et", nil, blobs.ErrURL, []string{"the name of the bucket is not one"}},
		{"gs://[::1]", nil, blobs.ErrURL, []string{"the name of the bucket is not one"}},
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
		hint := ""
		if test.kind == fs.ErrPermission {
			hint = "gcloud auth application-default login"
		}
		_, err := blobs.Open(t.Context(), test.address, gs.Options(test.env))
		for _, want := range test.want {
			blobstest.Told{Kind: test.kind, Want: []string{want}, Hint: hint}.Check(t, "Open "+test.address, err)
		}
	}
}
