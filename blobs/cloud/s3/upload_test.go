package s3_test

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/blobs/blobstest"
	"github.com/git-datapact/git-datapact/blobs/cloud/s3"
)

// random is content that does not compress, made while it is read.
func random(size int64) io.Reader {
	return io.LimitReader(rand.NewChaCha8([32]byte{1}), size)
}

// between starts a proxy in front of a server, which may answer in its place,
// and returns the URL of an empty bucket behind it.
func between(t *testing.T, server *blobstest.S3, answer func(w http.ResponseWriter, r *http.Request) bool) string {
	t.Helper()
	target, err := url.Parse(server.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host // which is signed
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !answer(w, r) {
			proxy.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(front.Close)
	bucket, _, _ := strings.Cut(newBucket(t, server), "?")
	return bucket + "?endpoint=" + url.QueryEscape(front.URL)
}

// TestS3GivenUp wants an upload in parts that fails, however, to leave neither an
// object nor parts.
func TestS3GivenUp(t *testing.T) {
	server := blobstest.StartS3(t)
	refuse := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusForbidden)
	}
	part := func(r *http.Request) string { return r.URL.Query().Get("partNumber") }
	for _, test := range []struct {
		name   string
		answer func(w http.ResponseWriter, r *http.Request, cancel func()) bool
		want   error
	}{
		{"PartRefused", func(w http.ResponseWriter, r *http.Request, _ func()) bool {
			if part(r) != "3" {
				return false
			}
			refuse(w, r)
			return true
		}, blobs.ErrDenied},
		{"JoiningRefused", func(w http.ResponseWriter, r *http.Request, _ func()) bool {
			if r.Method != http.MethodPost || !r.URL.Query().Has("uploadId") {
				return false
			}
			refuse(w, r)
			return true
		}, blobs.ErrDenied},
		{"CancelledInParts", func(_ http.ResponseWriter, r *http.Request, cancel func()) bool {
			if part(r) == "2" {
				cancel()
			}
			return false
		}, context.Canceled},
		{"CancelledAtBegin", func(_ http.ResponseWriter, r *http.Request, cancel func()) bool {
			if r.Method == http.MethodPost && r.URL.Query().Has("uploads") {
				cancel()
			}
			return false
		}, context.Canceled},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var begun atomic.Int32
			address := between(t, server, func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method == http.MethodPost && r.URL.Query().Has("uploads") {
					begun.Add(1)
				}
				return test.answer(w, r, cancel)
			})
			store, err := blobs.Open(t.Context(), address, s3.Options(server.Env))
			if err != nil {
				t.Fatal(err)
			}
			u, err := store.NewUpload(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer u.Close()
			if _, err := u.Put(ctx, "main", random(40<<20), nil); !errors.Is(err, test.want) {
				t.Errorf("Put: %v, want %v", err, test.want)
			}
			if begun.Load() != 1 {
				t.Errorf("%d uploads in parts were begun, want 1", begun.Load())
			}
			if err := store.Close(); err != nil { // which waits for the helper to give up
				t.Error(err)
			}
			wantNothing(t, server, address)
		})
	}
}

// wantNothing wants a bucket to hold neither objects nor parts of one.
func wantNothing(t *testing.T, server *blobstest.S3, address string) {
	t.Helper()
	var client *awss3.Client
	if !openBucket(t, server, address).As(&client) {
		t.Fatal("the bucket has no client")
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	uploads, err := client.ListMultipartUploads(t.Context(), &awss3.ListMultipartUploadsInput{Bucket: aws.String(u.Host)})
	if err != nil || len(uploads.Uploads) > 0 {
		t.Errorf("uploads in parts: %d, %v, want none", len(uploads.Uploads), err)
	}
	objects, err := client.ListObjectsV2(t.Context(), &awss3.ListObjectsV2Input{Bucket: aws.String(u.Host)})
	if err != nil || len(objects.Contents) > 0 {
		t.Errorf("objects: %d, %v, want none", len(objects.Contents), err)
	}
}
