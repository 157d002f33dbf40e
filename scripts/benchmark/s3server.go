package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// An s3Server is a server of S3 on a port of the loopback, with a bucket for either side.
type s3Server struct {
	cmd     *exec.Cmd
	dir     string // with a folder for each bucket
	address string
}

const (
	benchKey, benchSecret  = "benchbenchbench", "benchbenchbenchbench"
	ourBucket, theirBucket = "ours", "theirs"
)

// startS3 starts the server that scripts/test installs. The caller stops it.
func startS3(ctx context.Context, dir string) (*s3Server, error) {
	path, err := findS3()
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &s3Server{dir: dir, address: listener.Addr().String()}
	if err := errors.Join(listener.Close(), os.MkdirAll(filepath.Join(dir, ourBucket), 0o777), os.Mkdir(filepath.Join(dir, theirBucket), 0o777)); err != nil {
		return nil, err
	}
	s.cmd = exec.CommandContext(ctx, path, "--port", s.address, "--keep-alive", "--quiet", "posix", dir)
	s.cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+benchKey, "ROOT_SECRET_KEY="+benchSecret)
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	for range 1000 {
		if conn, err := net.Dial("tcp", s.address); err == nil {
			return s, conn.Close()
		}
		time.Sleep(10 * time.Millisecond)
	}
	return nil, errors.Join(errors.New("the S3 server does not listen"), s.stop())
}

// findS3 finds the server on PATH, or where scripts/test installs it.
func findS3() (string, error) {
	if path, err := exec.LookPath("versitygw"); err == nil {
		return path, nil
	}
	cache, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		return "", err
	}
	found, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(cache)), "git-datapact-servers", "versitygw@*", "versitygw"))
	if err == nil && len(found) == 0 {
		err = errors.New("there is no versitygw: scripts/test installs it")
	}
	if err != nil {
		return "", err
	}
	return found[len(found)-1], nil
}

// empty makes the buckets new, which had the files of a transfer.
func (s *s3Server) empty(of *transfer) error {
	for _, bucket := range []string{ourBucket, theirBucket} {
		folder := filepath.Join(s.dir, bucket)
		if err := errors.Join(of.putAway(folder), os.Mkdir(folder, 0o777)); err != nil {
			return err
		}
	}
	return nil
}

// env tells both sides where their bucket is.
func (s *s3Server) env() []string {
	return []string{
		"DATAPACT_STORE=s3://ours?endpoint=" + url.QueryEscape("http://"+s.address),
		"AWS_ACCESS_KEY_ID=" + benchKey, "AWS_SECRET_ACCESS_KEY=" + benchSecret, "AWS_EC2_METADATA_DISABLED=true",
		"AWS_CA_BUNDLE=", // with one, some versions of rclone do nothing
		"RCLONE_CONFIG=" + os.DevNull, "RCLONE_CONFIG_S3_TYPE=s3", "RCLONE_CONFIG_S3_PROVIDER=Other", "RCLONE_CONFIG_S3_ENV_AUTH=true",
		fmt.Sprintf("RCLONE_CONFIG_S3_ENDPOINT=http://%s", s.address), "RCLONE_CONFIG_S3_FORCE_PATH_STYLE=true", "RCLONE_CONFIG_S3_NO_CHECK_BUCKET=true",
	}
}

func (s *s3Server) stop() error {
	err := s.cmd.Process.Kill()
	_ = s.cmd.Wait() // which says that it was killed
	if errors.Is(err, os.ErrProcessDone) {
		err = nil
	}
	return err
}
