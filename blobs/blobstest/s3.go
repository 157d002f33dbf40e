package blobstest

import (
	"context"
	"crypto/rand"
	"errors"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/blobs/cloud"
	"github.com/git-datapact/git-datapact/blobs/cloud/s3"
)

// s3Server is the executable of a server that speaks S3; scripts/test installs it.
const s3Server = "versitygw"

// An S3 is a real server of S3.
type S3 struct{ *Server }

// HasS3 reports whether there is a server to start.
func HasS3() bool { return has(s3Server) }

// StartS3 starts a server that runs until the end of the test. Where there is
// none to start, it skips the test; it fails it where CI is "true".
func StartS3(t testing.TB) *S3 {
	t.Helper()
	s, err := NewS3(t.TempDir())
	return started(t, s, err)
}

// NewS3 starts a server that keeps its files in dir. The caller closes it.
// Without a server on PATH the error is an [ErrNoServer].
func NewS3(dir string) (*S3, error) {
	buckets := filepath.Join(dir, "buckets")
	if err := os.MkdirAll(buckets, 0o777); err != nil {
		return nil, err
	}
	server, err := start(s3Server, func(s *Server, address string) *exec.Cmd {
		s.Env = newKeys()
		cmd := exec.Command(s3Server, "--port", address, "--keep-alive", "--quiet", "posix", buckets)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+s.Env["AWS_ACCESS_KEY_ID"], "ROOT_SECRET_KEY="+s.Env["AWS_SECRET_ACCESS_KEY"])
		return cmd
	}, func(s *Server, name string) (string, error) {
		err := os.Mkdir(filepath.Join(buckets, name), 0o777)
		if errors.Is(err, os.ErrExist) {
			err = nil
		}
		if err != nil {
			return "", err
		}
		return (&S3{s}).bucket(name)
	})
	return &S3{server}, err
}

// newKeys are the variables with new keys.
func newKeys() map[string]string {
	return map[string]string{"AWS_ACCESS_KEY_ID": "ID" + rand.Text(), "AWS_SECRET_ACCESS_KEY": "SECRET" + rand.Text()}
}

// bucket is the URL of the store of a bucket that was made.
func (s *S3) bucket(name string) (string, error) {
	address := "s3://" + name + "?endpoint=" + url.QueryEscape(s.Endpoint)
	return address, s.knows(address)
}

// knows makes sure that the server is this one: it knows the keys and the bucket.
func (s *S3) knows(address string) error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	store, err := s.Open(ctx, address)
	if err != nil {
		return err
	}
	for _, err = range store.List(ctx, "") {
		break
	}
	return errors.Join(err, store.Close())
}

// Open opens the store of a bucket, which this process serves as a helper does. The caller
// closes it.
func (s *S3) Open(ctx context.Context, address string) (*blobs.Store, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	bucket, err := cloud.Open(ctx, u, s.Env, s3.Open)
	if err != nil {
		return nil, err
	}
	return Serve(bucket)
}
