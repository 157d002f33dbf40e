package blobstest

import (
	"bytes"
	"crypto/rand"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/blobs/cloud"
	"github.com/git-datapact/git-datapact/blobs/remote"
	"github.com/git-datapact/git-datapact/blobs/wire"
)

// OpenFolder opens the store of a folder until the end of the test.
func OpenFolder(t testing.TB, dir string) *blobs.Store {
	t.Helper()
	s, err := blobs.Open(t.Context(), "file://"+filepath.ToSlash(dir), nil)
	return Opened(t, s, err)
}

// OpenBucket opens the store of a bucket, which this process serves as a helper does, until
// the end of the test.
func OpenBucket(t testing.TB, bucket *cloud.Bucket) *blobs.Store {
	t.Helper()
	s, err := Serve(bucket)
	return Opened(t, s, err)
}

// Opened is a store that was opened, until the end of the test, which an error ends.
func Opened(t testing.TB, s *blobs.Store, err error) *blobs.Store {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing store: %v", err)
		}
	})
	return s
}

// Store puts and commits one file.
func Store(t testing.TB, s *blobs.Store, branch string, data []byte) blobs.Object {
	t.Helper()
	u, err := s.NewUpload(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	stored, err := u.Put(t.Context(), branch, bytes.NewReader(data), nil)
	if err == nil {
		err = u.Commit(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	return blobs.Object{Key: blobs.Key(branch + "/" + stored.Blob), Size: stored.Size, SHA256: stored.SHA256}
}

// Serve opens the store of a bucket, which this process serves as a helper does. The caller
// closes the store, and that the bucket.
func Serve(bucket *cloud.Bucket) (*blobs.Store, error) {
	folder, err := os.MkdirTemp("/tmp", "blobstest") // whose path is short
	if err != nil {
		return nil, err
	}
	socket := filepath.Join(folder, "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	token := rand.Text()
	server := &http.Server{Handler: cloud.Handler(bucket, token)}
	go server.Serve(listener)
	client := remote.Connect(&url.URL{Scheme: "test", Host: bucket.Name}, socket, token, wire.Ready{Copies: true, Signs: true, Ranges: true})
	return blobs.New(&served{client, func() error {
		return errors.Join(server.Close(), bucket.Close(), os.RemoveAll(folder))
	}}), nil
}

// A served backend stops the server at its end.
type served struct {
	*remote.Remote
	stop func() error
}

func (s *served) Close() error { return errors.Join(s.Remote.Close(), s.stop()) }
