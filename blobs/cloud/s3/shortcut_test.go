package s3

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/git-datapact/git-datapact/blobs/cloud"
	"github.com/git-datapact/git-datapact/blobs/wire"
)

// A taker is a client whose server takes everything, and has one object under every key.
type taker struct {
	requests []*http.Request
	bodies   []string
}

func (c *taker) Do(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	c.requests, c.bodies = append(c.requests, r), append(c.bodies, string(body))
	answer := &http.Response{
		StatusCode: http.StatusOK, ProtoMajor: 1, ProtoMinor: 1, Request: r, ContentLength: 7,
		Header: http.Header{"Last-Modified": {"Thu, 01 Jan 2026 00:00:00 GMT"}, "Content-Length": {"7"}},
		Body:   io.NopCloser(strings.NewReader("content")),
	}
	if r.Method == http.MethodPut {
		answer.Body, answer.ContentLength = http.NoBody, 0
		answer.Header.Del("Content-Length")
	}
	return answer, nil
}

// taking opens a bucket whose requests a taker takes.
func taking(t *testing.T, address string) (*cloud.Bucket, *taker) {
	t.Helper()
	t.Setenv("AWS_CONFIG_FILE", os.DevNull)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	client := new(taker)
	open := func(ctx context.Context, u *url.URL, env map[string]string) (*cloud.Bucket, error) {
		o, b := &opener{env: env}, new(cloud.Bucket)
		params, findings := readParams(u.Query())
		if len(findings) > 0 {
			return b, errors.Join(findings...)
		}
		cfg, err := o.config(ctx, params)
		if err != nil {
			return b, err
		}
		cfg.HTTPClient = client
		return b, o.use(ctx, u.Host, b, cfg, params)
	}
	u, err := url.Parse(address + "&region=there")
	if err != nil {
		t.Fatal(err)
	}
	b, err := cloud.Open(t.Context(), u, map[string]string{
		"AWS_ACCESS_KEY_ID": keys.AccessKeyID, "AWS_SECRET_ACCESS_KEY": keys.SecretAccessKey, "AWS_SESSION_TOKEN": keys.SessionToken,
	}, open)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b, client
}

var keys = aws.Credentials{AccessKeyID: "id", SecretAccessKey: "secret", SessionToken: "to/ken="}

// own are headers that the SDK alone sends, or that differ from one request to the next.
var own = []string{"Amz-Sdk-Invocation-Id", "Amz-Sdk-Request", "Authorization", "Content-Length", "User-Agent", "X-Amz-Date"}

// TestShortcutLikeTheSDK wants the second request of a kind, which takes the shortcut, to be
// like the first, which is the SDK's, and to be signed alike.
func TestShortcutLikeTheSDK(t *testing.T) {
	for name, test := range map[string]struct {
		address       string
		reads, stores bool // by the shortcut
	}{
		"in the path":     {"s3://bucket?endpoint=http://127.0.0.1:9000", true, true},
		"in the host":     {"s3://bucket?endpoint=https://s3.example.org", true, true},
		"below a path":    {"s3://bucket?endpoint=http://host:81/some/where/&use_path_style=true", true, true},
		"prefix":          {"s3://bucket?endpoint=http://host&prefix=a/b/", true, true},
		"checksums":       {"s3://bucket?endpoint=http://host&request_checksum_calculation=when_supported", true, false},
		"encrypted":       {"s3://bucket?endpoint=http://host&ssetype=AES256", true, false},
		"encrypted by":    {"s3://bucket?endpoint=http://host&kmskeyid=key", true, false},
		"validated":       {"s3://bucket?endpoint=http://host&response_checksum_validation=when_supported", false, false},
		"Amazon":          {"s3://bucket?", false, false},
		"Amazon's host":   {"s3://bucket?endpoint=https://s3.eu-west-1.amazonaws.com", false, false},
		"not by TLS":      {"s3://bucket?endpoint=https://host&disable_https=true", false, false},
		"anonymous":       {"s3://bucket?endpoint=http://host&anonymous=true", false, false},
		"special":         {"s3://bucket--kind?endpoint=http://host", false, false},
		"odd prefix":      {"s3://bucket?endpoint=http://host&prefix=a%20b/", false, false},
		"folder above":    {"s3://bucket?endpoint=http://host&prefix=../", false, false},
		"nothing between": {"s3://bucket?endpoint=http://host&prefix=a//", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			b, client := taking(t, test.address)
			handler := cloud.Handler(b, "token")
			for method, want := range map[string]bool{http.MethodGet: test.reads, http.MethodPut: test.stores} {
				client.requests, client.bodies = nil, nil
				for range 2 {
					r := httptest.NewRequest(method, "/main/key", strings.NewReader("content"))
					r.Header = http.Header{"Authorization": {"Bearer token"}, "If-None-Match": {"*"}, wire.SHA256Header: {"abc"}}
					answer := httptest.NewRecorder()
					if handler.ServeHTTP(duplex{answer}, r); answer.Code/100 != 2 {
						t.Fatalf("%s is answered %d: %s", method, answer.Code, answer.Body)
					}
				}
				if len(client.requests) != 2 {
					t.Fatalf("%s twice makes %d requests", method, len(client.requests))
				}
				short := client.requests[1]
				if got := short.Header.Get("User-Agent") == userAgent; got != want {
					t.Errorf("%s takes the shortcut: %v, want %v", method, got, want)
				} else if got {
					wantAlike(t, method, client)
					wantSigned(t, method, short)
				}
			}
		})
	}
}

// A duplex is a recorder that answers while it reads.
type duplex struct{ *httptest.ResponseRecorder }

func (duplex) EnableFullDuplex() error { return nil }

// wantAlike wants two requests to differ in nothing that matters.
func wantAlike(t *testing.T, method string, client *taker) {
	t.Helper()
	var seen [2]map[string]any
	for i, r := range client.requests {
		header := r.Header.Clone()
		for _, name := range own {
			header.Del(name)
		}
		seen[i] = map[string]any{
			"method": r.Method, "url": r.URL.String(), "host": r.Host, "header": header, "length": r.ContentLength, "body": client.bodies[i],
		}
	}
	if diff := cmp.Diff(seen[0], seen[1]); diff != "" {
		t.Errorf("%s by the SDK (-) and by the shortcut (+):\n%s", method, diff)
	}
}

// wantSigned wants a request to have the signature that the SDK makes for it.
func wantSigned(t *testing.T, method string, r *http.Request) {
	t.Helper()
	when, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil || time.Since(when).Abs() > time.Minute {
		t.Errorf("%s is signed at %q", method, r.Header.Get("X-Amz-Date"))
	}
	again := r.Clone(t.Context())
	again.Header.Del("Authorization")
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	if err := signer.SignHTTP(t.Context(), keys, again, r.Header.Get("X-Amz-Content-Sha256"), "s3", "there", when); err != nil {
		t.Fatal(err)
	}
	if got, want := r.Header.Get("Authorization"), again.Header.Get("Authorization"); got != want {
		t.Errorf("%s has the signature %q, want %q", method, got, want)
	}
}
