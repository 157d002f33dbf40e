package blobstest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const (
	startTries = 5
	// startTimeout is how long a server may take to listen, on a busy machine.
	startTimeout = 5 * time.Minute
)

// ErrNoServer says that a server to test with is not on PATH.
var ErrNoServer = errors.New("scripts/test installs it")

// A Server is a real server of a cloud's protocol, on a port of its own on this machine,
// which no other machine reaches. On Linux it ends with the test's process, however that
// ends. Its methods may be called concurrently, Close excepted.
type Server struct {
	// URL is the store of a bucket that is empty at first.
	URL string
	// Env are the variables with the keys, as of a process's environment.
	Env map[string]string
	// Endpoint is the server's own URL.
	Endpoint string

	make   func(s *Server, name string) (url string, err error) // a bucket
	made   atomic.Int64
	cmd    *exec.Cmd
	said   strings.Builder
	exited chan struct{} // closed once the process is gone
}

// NewBucket makes one more empty bucket and returns the URL of its store.
func (s *Server) NewBucket() (string, error) {
	return s.make(s, fmt.Sprintf("bucket-%d", s.made.Add(1)))
}

// Close stops the server.
func (s *Server) Close() error {
	err := s.cmd.Process.Kill()
	if errors.Is(err, os.ErrProcessDone) {
		err = nil
	}
	<-s.exited
	return err
}

// has reports whether there is a server to start.
func has(executable string) bool {
	_, err := exec.LookPath(executable)
	return err == nil
}

// started is a server until the end of the test. Where there is none to start, it skips the
// test; it fails it where CI is "true".
func started[S interface{ Close() error }](t testing.TB, s S, err error) S {
	t.Helper()
	switch {
	case errors.Is(err, ErrNoServer) && os.Getenv("CI") != "true":
		t.Skipf("NOT TESTED WITH A SERVER: %v", err)
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

// start starts an executable that is to listen on an address, and waits until it does and
// has a first bucket. The error is an [ErrNoServer] where it is not on PATH.
func start(executable string, command func(s *Server, address string) *exec.Cmd, bucket func(s *Server, name string) (string, error)) (*Server, error) {
	if !has(executable) {
		return nil, fmt.Errorf("%s is not on PATH; %w", executable, ErrNoServer)
	}
	var err error
	for range startTries { // another process may take the port meanwhile
		var s *Server
		if s, err = startOnce(command, bucket); err == nil {
			return s, nil
		}
	}
	return nil, fmt.Errorf("starting %s: %w", executable, err)
}

func startOnce(command func(s *Server, address string) *exec.Cmd, bucket func(s *Server, name string) (string, error)) (*Server, error) {
	address, err := freePort()
	if err != nil {
		return nil, err
	}
	s := &Server{Endpoint: "http://" + address, make: bucket, exited: make(chan struct{})}
	s.cmd = command(s, address)
	s.cmd.Stdout, s.cmd.Stderr = &s.said, &s.said
	endWithTest(s.cmd)
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = s.cmd.Wait() // killed, or said why not
		close(s.exited)
	}()
	if err = s.listens(address); err == nil {
		s.URL, err = s.NewBucket()
	}
	if err != nil {
		return nil, errors.Join(err, s.Close(), errors.New(s.said.String()))
	}
	return s, nil
}

// freePort is an address on this machine that nobody listens at.
func freePort() (string, error) {
	addresses, err := freePorts(1)
	if err != nil {
		return "", err
	}
	return addresses[0], nil
}

// freePorts are addresses on this machine that nobody listens at, each with another port.
func freePorts(n int) (addresses []string, err error) {
	for range n {
		l, failed := net.Listen("tcp", "127.0.0.1:0")
		if failed != nil {
			return nil, failed
		}
		defer func() { err = errors.Join(err, l.Close()) }()
		addresses = append(addresses, l.Addr().String())
	}
	return addresses, nil
}

// made takes the answer to a request to make something, which has a status then.
func made(what string, want int, answer *http.Response, err error) error {
	if err != nil {
		return err
	}
	if err := answer.Body.Close(); err != nil || answer.StatusCode != want {
		return fmt.Errorf("making %s: %s, %v", what, answer.Status, err)
	}
	return nil
}

// listens waits until the server does.
func (s *Server) listens(address string) error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for {
		if conn, err := net.Dial("tcp", address); err == nil {
			return conn.Close()
		}
		select {
		case <-ticker.C:
		case <-s.exited:
			return errors.New("it ended")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
