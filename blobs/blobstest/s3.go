package blobstest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/blobs/cloud"
	"github.com/git-datapact/git-datapact/blobs/cloud/s3"
)

// s3Server is the executable of a server that speaks S3; scripts/test installs it.
const s3Server = "versitygw"

const (
	startTries = 5
	// startTimeout is how long a server may take to listen, on a busy machine.
	startTimeout = 5 * time.Minute
)

// ErrNoS3 says that there is no S3 server on PATH to test with.
var ErrNoS3 = fmt.Errorf("%s is not on PATH; scripts/test installs it", s3Server)

// An S3 is a real server of S3, on a port of its own on this machine, which no other
// machine reaches. On Linux it ends with the test's process, however that ends. Its
// methods may be called concurrently, Close excepted.
type S3 struct {
	// URL is the store of a bucket that is empty at first.
	URL string
	// Env are the variables with the keys, as of a process's environment.
	Env map[string]string
	// Endpoint is the server's own URL.
	Endpoint string

	dir    string
	made   atomic.Int64
	server *exec.Cmd
	exited chan struct{} // closed once the server is gone
}

// HasS3 reports whether there is a server to start.
func HasS3() bool {
	_, err := exec.LookPath(s3Server)
	return err == nil
}

// StartS3 starts a server that runs until the end of the test. Where there is
// none to start, it skips the test; it fails it where CI is "true".
func StartS3(t testing.TB) *S3 {
	t.Helper()
	s, err := NewS3(t.TempDir())
	switch {
	case errors.Is(err, ErrNoS3) && os.Getenv("CI") != "true":
		t.Skipf("NOT TESTED WITH S3: %v", err)
	case err != nil:
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// NewS3 starts a server that keeps its files in dir. The caller closes it.
// Without a server on PATH the error is ErrNoS3.
func NewS3(dir string) (*S3, error) {
	path, err := exec.LookPath(s3Server)
	if err != nil {
		return nil, ErrNoS3
	}
	for range startTries { // another process may take the port meanwhile
		var s *S3
		if s, err = startS3(path, dir); err == nil {
			return s, nil
		}
	}
	return nil, fmt.Errorf("starting %s: %w", s3Server, err)
}

func startS3(path, dir string) (*S3, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	s := &S3{dir: filepath.Join(dir, "buckets"), exited: make(chan struct{})}
	s.Endpoint = "http://" + port
	s.Env = map[string]string{"AWS_ACCESS_KEY_ID": "ID" + rand.Text(), "AWS_SECRET_ACCESS_KEY": "SECRET" + rand.Text()}
	if err := os.MkdirAll(s.dir, 0o777); err != nil {
		return nil, err
	}
	if s.URL, err = s.NewBucket(); err != nil {
		return nil, err
	}
	var said strings.Builder
	s.server = exec.Command(path, "--port", port, "--keep-alive", "--quiet", "posix", s.dir)
	s.server.Dir = dir
	s.server.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+s.Env["AWS_ACCESS_KEY_ID"], "ROOT_SECRET_KEY="+s.Env["AWS_SECRET_ACCESS_KEY"])
	s.server.Stdout, s.server.Stderr = &said, &said
	endWithTest(s.server)
	if err := s.server.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = s.server.Wait() // killed, or said why not
		close(s.exited)
	}()
	if err := s.answers(port); err != nil {
		return nil, errors.Join(err, s.Close(), errors.New(said.String()))
	}
	return s, nil
}

// freePort is an address on this machine that nobody listens at.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// answers waits until the server does, and makes sure that it is this one: it
// knows the keys and the bucket.
func (s *S3) answers(port string) error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for {
		if conn, err := net.Dial("tcp", port); err == nil {
			conn.Close()
			break
		}
		select {
		case <-ticker.C:
		case <-s.exited:
			return errors.New("it ended")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	store, err := s.Open(ctx, s.URL)
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

// NewBucket makes one more empty bucket and returns the URL of its store.
func (s *S3) NewBucket() (string, error) {
	name := fmt.Sprintf("bucket-%d", s.made.Add(1))
	if err := os.Mkdir(filepath.Join(s.dir, name), 0o777); err != nil && !errors.Is(err, os.ErrExist) {
		return "", err
	}
	return "s3://" + name + "?endpoint=" + url.QueryEscape(s.Endpoint), nil
}

// Close stops the server.
func (s *S3) Close() error {
	err := s.server.Process.Kill()
	if errors.Is(err, os.ErrProcessDone) {
		err = nil
	}
	<-s.exited
	return err
}
