package s3_test

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/hex"
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
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

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

// TestS3Resumed wants an upload in parts that is cut off to leave its parts, and the next one
// of the same object to send those that are missing or others, and to leave nothing but the
// object.
func TestS3Resumed(t *testing.T) {
	const size, partSize = 60 << 20, 8 << 20
	server := blobstest.StartS3(t)
	data, err := io.ReadAll(random(size))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		harm func(t *testing.T, client *awss3.Client, left types.MultipartUpload, bucket string)
		most int64 // bytes that the second upload sends
	}{
		{"AsLeft", func(*testing.T, *awss3.Client, types.MultipartUpload, string) {}, size - 3*partSize},
		{"OtherBytes", func(t *testing.T, client *awss3.Client, left types.MultipartUpload, bucket string) {
			replacePart(t, client, left, bucket, make([]byte, partSize))
		}, size - 2*partSize},
		{"OtherSize", func(t *testing.T, client *awss3.Client, left types.MultipartUpload, bucket string) {
			replacePart(t, client, left, bucket, data[:partSize/2])
		}, size - 2*partSize},
		{"GivenUp", func(t *testing.T, client *awss3.Client, left types.MultipartUpload, bucket string) {
			if _, err := client.AbortMultipartUpload(t.Context(), &awss3.AbortMultipartUploadInput{Bucket: &bucket, Key: left.Key, UploadId: left.UploadId}); err != nil {
				t.Fatal(err)
			}
		}, size},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var sent atomic.Int64
			address := between(t, server, func(_ http.ResponseWriter, r *http.Request) bool {
				if number := r.URL.Query().Get("partNumber"); number != "" {
					sent.Add(r.ContentLength)
					if number == "5" {
						cancel()
					}
				}
				return false
			})
			store, err := blobs.Open(t.Context(), address, s3.Options(server.Env))
			if err != nil {
				t.Fatal(err)
			}
			if err := putOne(ctx, store, data); !errors.Is(err, context.Canceled) {
				t.Fatalf("Put that is cut off: %v", err)
			}
			if err := store.Close(); err != nil { // which waits for the helper
				t.Fatal(err)
			}
			var client *awss3.Client
			openBucket(t, server, address).As(&client)
			bucket := bucketOf(t, address)
			left, err := client.ListMultipartUploads(t.Context(), &awss3.ListMultipartUploadsInput{Bucket: &bucket})
			if err != nil || len(left.Uploads) != 1 {
				t.Fatalf("%d uploads in parts are left, %v, want 1", len(left.Uploads), err)
			}
			test.harm(t, client, left.Uploads[0], bucket)
			sent.Store(0)
			store = open(t, server, address)
			if err := putOne(t.Context(), store, data); err != nil {
				t.Fatal(err)
			}
			if sent.Load() > test.most {
				t.Errorf("the second upload sent %d bytes, want at most %d", sent.Load(), test.most)
			}
			sum := sha1.Sum(data)
			out, err := client.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: &bucket, Key: aws.String("main/" + hex.EncodeToString(sum[:]))})
			if err != nil {
				t.Fatal(err)
			}
			defer out.Body.Close()
			if got, err := io.ReadAll(out.Body); err != nil || !bytes.Equal(got, data) {
				t.Errorf("the object has %d other bytes, %v", len(got), err)
			}
			uploads, err := client.ListMultipartUploads(t.Context(), &awss3.ListMultipartUploadsInput{Bucket: &bucket})
			if err != nil || len(uploads.Uploads) > 0 {
				t.Errorf("uploads in parts: %d, %v, want none", len(uploads.Uploads), err)
			}
		})
	}
}

// TestS3Tidy wants parts that uploads have left to be given up where they are old, and below
// the store's prefix.
func TestS3Tidy(t *testing.T) {
	server := blobstest.StartS3(t)
	address := newBucket(t, server)
	var client *awss3.Client
	openBucket(t, server, address).As(&client)
	bucket := bucketOf(t, address)
	for _, key := range []string{"some/main/1", "some/main/2", "other/main/1"} {
		if _, err := client.CreateMultipartUpload(t.Context(), &awss3.CreateMultipartUploadInput{Bucket: &bucket, Key: &key}); err != nil {
			t.Fatal(err)
		}
	}
	store := open(t, server, address+"&prefix=some/")
	for _, test := range []struct {
		before time.Time
		want   int
	}{{time.Now().Add(-time.Hour), 3}, {time.Now().Add(time.Hour), 1}} {
		if err := store.Tidy(t.Context(), test.before); err != nil {
			t.Error(err)
		}
		left, err := client.ListMultipartUploads(t.Context(), &awss3.ListMultipartUploadsInput{Bucket: &bucket})
		if err != nil || len(left.Uploads) != test.want {
			t.Errorf("%d uploads are left, %v, want %d", len(left.Uploads), err, test.want)
		}
	}
}

// replacePart puts other bytes into the first part of an unfinished upload.
func replacePart(t *testing.T, client *awss3.Client, left types.MultipartUpload, bucket string, data []byte) {
	t.Helper()
	_, err := client.UploadPart(t.Context(), &awss3.UploadPartInput{
		Bucket: &bucket, Key: left.Key, UploadId: left.UploadId, PartNumber: aws.Int32(1), Body: bytes.NewReader(data),
	})
	if err != nil {
		t.Fatal(err)
	}
}

// putOne uploads one object.
func putOne(ctx context.Context, store *blobs.Store, data []byte) error {
	u, err := store.NewUpload(ctx)
	if err != nil {
		return err
	}
	defer u.Close()
	_, err = u.Put(ctx, "main", bytes.NewReader(data), nil)
	if err == nil {
		err = u.Commit(ctx)
	}
	return err
}

func bucketOf(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
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
