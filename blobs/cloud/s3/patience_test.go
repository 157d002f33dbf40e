package s3

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/blobs/cloud"
)

// impatient is how long the requests of these tests may make no progress: longer than
// a busy machine takes to make some.
const impatient = 2 * time.Second

// openImpatient opens a bucket of a server that is no store.
func openImpatient(t *testing.T, endpoint string) *blobs.Store {
	t.Helper()
	opts := Options(map[string]string{"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_ENDPOINT_URL": endpoint, patienceVariable: impatient.String()})
	s, err := blobs.Open(t.Context(), "s3://bucket", opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// serve starts a server whose handlers end with the test.
func serve(t *testing.T, handle func(w http.ResponseWriter, r *http.Request, over <-chan struct{})) string {
	over := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handle(w, r, over) }))
	t.Cleanup(func() {
		close(over)
		server.Close()
	})
	return server.URL
}

func wantSilent(t *testing.T, what string, err error) {
	t.Helper()
	if err == nil || !strings.HasSuffix(err.Error(), "the server does not answer: nothing moved for "+impatient.String()) {
		t.Errorf("%s: %v, want that the server does not answer", what, err)
	}
}

func TestSilentServer(t *testing.T) {
	t.Parallel()
	silent := serve(t, func(_ http.ResponseWriter, _ *http.Request, over <-chan struct{}) { <-over })
	s := openImpatient(t, silent)
	_, err := s.Stat(t.Context(), "main/key")
	wantSilent(t, "Stat", err)
	_, err = s.Get(t.Context(), blobs.Object{Key: "main/key", Size: 1})
	wantSilent(t, "Get", err)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Stat(ctx, "main/key"); !errors.Is(err, context.Canceled) {
		t.Errorf("Stat after cancelling: %v", err)
	}
}

// TestServerGoesSilent: it stops in the middle of an object, or takes no more of one.
func TestServerGoesSilent(t *testing.T) {
	t.Parallel()
	address := serve(t, func(w http.ResponseWriter, r *http.Request, over <-chan struct{}) {
		switch r.Method {
		case http.MethodGet:
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write(make([]byte, 500))
			w.(http.Flusher).Flush()
		case http.MethodHead:
			w.WriteHeader(http.StatusNotFound)
			return
		}
		<-over
	})
	s := openImpatient(t, address)
	r, err := s.Get(t.Context(), blobs.Object{Key: "main/key", Size: 1000})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	_, err = io.ReadAll(r)
	wantSilent(t, "reading half an object", err)

	c := patientClient(http.DefaultClient, impatient)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, address, io.LimitReader(zeros{}, 1<<30))
	if err != nil {
		t.Fatal(err)
	}
	response, err := c.Do(request)
	if err == nil {
		response.Body.Close()
	}
	wantSilent(t, "sending to who does not take it", err)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// TestSlowServer: as long as something moves, nothing is given up.
func TestSlowServer(t *testing.T) {
	t.Parallel()
	const steps, step = 25, impatient / 10
	address := serve(t, func(w http.ResponseWriter, r *http.Request, _ <-chan struct{}) {
		ticker := time.NewTicker(step)
		defer ticker.Stop()
		for range steps {
			<-ticker.C
			if r.Method == http.MethodPut {
				_, _ = io.CopyN(io.Discard, r.Body, 8<<20)
				continue
			}
			_, _ = w.Write([]byte("x"))
			w.(http.Flusher).Flush()
		}
	})
	c := patientClient(http.DefaultClient, impatient)
	for _, method := range []string{http.MethodGet, http.MethodPut} {
		var body io.Reader
		if method == http.MethodPut {
			body = io.LimitReader(zeros{}, steps*8<<20)
		}
		request, err := http.NewRequestWithContext(t.Context(), method, address, body)
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		response, err := c.Do(request)
		if err != nil {
			t.Errorf("%s: %v", method, err)
			continue
		}
		if _, err := io.Copy(io.Discard, response.Body); err != nil {
			t.Errorf("%s: %v", method, err)
		}
		response.Body.Close()
		if took := time.Since(began); took < 2*impatient {
			t.Errorf("%s took %v: it was not slow", method, took)
		}
	}
}

// TestSlowReader: that the caller takes its time is not the server's silence.
func TestSlowReader(t *testing.T) {
	t.Parallel()
	address := serve(t, func(w http.ResponseWriter, _ *http.Request, _ <-chan struct{}) {
		_, _ = w.Write(make([]byte, 100))
	})
	c := patientClient(http.DefaultClient, impatient)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := c.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	<-time.After(impatient * 3 / 2) // what a slow disk does
	if data, err := io.ReadAll(response.Body); err != nil || len(data) != 100 {
		t.Errorf("reading late = %d bytes, %v, want 100", len(data), err)
	}
}

// TestRefusingServer wants the reason soon, on a busy machine too.
func TestRefusingServer(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	began := time.Now()
	_, err = openImpatient(t, "http://"+address).Stat(t.Context(), "main/key")
	if err == nil || !strings.Contains(err.Error(), "dial tcp "+address+": connect: ") || strings.Contains(err.Error(), "operation error") {
		t.Errorf("Stat: %v, want that %s refuses connections", err, address)
	}
	if took := time.Since(began); took > 2*time.Minute {
		t.Errorf("that took %v", took)
	}
}

func TestPathStyle(t *testing.T) {
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"} {
		t.Setenv(name, "")
	}
	for _, test := range []struct {
		endpoint, query string
		want            string // host and path
	}{
		{"http://127.0.0.1:7070", "", "127.0.0.1:7070/bucket"},
		{"http://[::1]:7070", "", "[::1]:7070/bucket"},
		{"http://minio:9000", "", "minio:9000/bucket"},
		{"https://s3.example.com", "", "bucket.s3.example.com/"},
		{"https://s3.example.com", "use_path_style=true", "s3.example.com/bucket"},
		{"https://s3.example.com", "s3ForcePathStyle=true", "s3.example.com/bucket"},
		{"https://s3.example.com", "hostname_immutable=true", "s3.example.com/bucket"},
		{"http://minio:9000", "use_path_style=false", "bucket.minio:9000/"},
		{"", "", "bucket.s3.us-east-1.amazonaws.com/"},
		{"", "region=eu-west-1", "bucket.s3.eu-west-1.amazonaws.com/"},
		{"", "region=eu-west-1&dualstack=true&use_path_style=true", "s3.dualstack.eu-west-1.amazonaws.com/bucket"},
	} {
		o := &opener{patience: cloud.Patience, env: map[string]string{
			"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_ENDPOINT_URL": test.endpoint,
		}}
		bucket, err := o.open(t.Context(), &url.URL{Scheme: "s3", Host: "bucket", RawQuery: test.query})
		if err != nil {
			t.Fatal(err)
		}
		signed, err := bucket.SignedURL(t.Context(), "key", nil)
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(signed)
		if err != nil {
			t.Fatal(err)
		}
		if got := u.Host + strings.TrimSuffix(strings.TrimSuffix(u.Path, "key"), "/"); strings.TrimSuffix(test.want, "/") != got {
			t.Errorf("bucket at %q with %q is at %s, want %s", test.endpoint, test.query, got, test.want)
		}
		if err := bucket.Close(); err != nil {
			t.Error(err)
		}
	}
}
