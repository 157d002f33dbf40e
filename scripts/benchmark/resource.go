package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cgi"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
)

// news is how many receipts a check finds that are new.
const news = 10

// A server is git http-backend on a port of the loopback, which counts the bytes
// of its answers.
type server struct {
	http.Server
	url   string
	bytes atomic.Int64
}

// serve serves the repositories in a folder. The caller closes the server.
func serve(dir string) (*server, error) {
	out, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	backend := &cgi.Handler{
		Path: filepath.Join(strings.TrimSpace(string(out)), "git-http-backend"), Dir: "/",
		Env: []string{"GIT_PROJECT_ROOT=" + dir, "GIT_HTTP_EXPORT_ALL=1", "REMOTE_USER=bench"}, Stderr: io.Discard,
	}
	s := &server{url: "http://" + listener.Addr().String()}
	s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body) // CGI takes none in chunks
		if err != nil {
			return
		}
		r.Body, r.ContentLength, r.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
		backend.ServeHTTP(&counter{w, &s.bytes}, r)
	})
	go func() { _ = s.Serve(listener) }()
	return s, nil
}

type counter struct {
	http.ResponseWriter
	bytes *atomic.Int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p)
	c.bytes.Add(int64(n))
	return n, err
}

// benchResource measures the programs of Concourse's resource on a branch of n
// receipts that a server has.
func benchResource(ctx context.Context, r *repository, n int, p plan) (err error) {
	s, err := serve(r.dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	b := &resourceBench{server: s, repository: r, dir: filepath.Join(r.dir, "resource"), url: s.url + "/.git"}
	if err := b.prepare(ctx, n); err != nil {
		return err
	}
	fmt.Printf("%-34s %12s %12s %12s %12s\n", fmt.Sprintf("%d receipts, %d new, over http", n, news), "check ms", "git ms", "check bytes", "git bytes")
	for _, c := range b.checks() {
		if err := b.compare(ctx, c, p.runs); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	return b.outs(ctx, p.outs)
}

type resourceBench struct {
	server     *server
	repository *repository
	dir, url   string
}

// prepare makes the server's new receipts, and clones as they were before those.
func (b *resourceBench) prepare(ctx context.Context, n int) error {
	const before = `
		git config uploadpack.allowFilter true && git config http.receivepack true
		mkdir -p resource/build/result && echo x >resource/build/result/x
		git rev-parse data >resource/known`
	const clones = `
		export XDG_CACHE_HOME="$PWD/resource/warm"
		git clone -q --bare --single-branch -b data %[1]s resource/plain.git
		printf '{"source":{"uri":"%[1]s","branch":"data"},"version":{"ref":"%%s","receipt":"%[2]s"}}' "$(cat resource/known)" >resource/request
		git-datapact-resource check <resource/request >/dev/null`
	for _, script := range []string{before, fmt.Sprintf(clones, b.url, b.repository.newer.id)} {
		if err := run(ctx, b.repository.dir, nil, "sh", "-ec", script); err != nil {
			return err
		}
	}
	reader, writer := io.Pipe()
	go func() {
		_, err := fmt.Fprint(writer, "reset refs/heads/data\nfrom refs/heads/data^0\n\n")
		for i := n; i < n+news && err == nil; i++ {
			one := sample(i)
			err = writeCommit(writer, time.Now(), "record", one.path(), one.data)
		}
		writer.CloseWithError(err)
	}()
	return run(ctx, b.repository.dir, reader, "git", "fast-import", "--quiet", "--force")
}

// A check is a comparison whose sides begin anew before each run.
type check struct {
	name        string
	reset       string // for both sides
	ours, plain string
}

func (b *resourceBench) checks() []check {
	ours := `XDG_CACHE_HOME="$PWD/resource/cache" git-datapact-resource check <resource/request`
	history := ` && git -C resource/git.git log --first-parent --raw --no-abbrev "$(cat resource/known)^..data" -- result`
	empty := "rm -rf resource/cache resource/git.git"
	return []check{
		{"no clone yet", empty, ours, "git clone -q --bare --single-branch -b data " + b.url + " resource/git.git" + history},
		{"a clone from before", empty + " && cp -a resource/warm resource/cache && cp -al resource/plain.git resource/git.git",
			ours, "git -C resource/git.git fetch -q origin data:data" + history},
		{"nothing new", "true", ours, "git -C resource/git.git fetch -q origin data:data" + history},
	}
}

// compare prints the medians of both sides, of times and of bytes received.
func (b *resourceBench) compare(ctx context.Context, c check, runs int) error {
	if c.name == "no clone yet" {
		runs = min(runs, 5) // a plain clone takes its time
	}
	var times, sizes [2][]float64
	for range runs {
		if _, err := timed(ctx, b.repository.dir, c.reset); err != nil {
			return err
		}
		for side, command := range []string{c.ours, c.plain} {
			before := b.server.bytes.Load()
			took, err := timed(ctx, b.repository.dir, command)
			if err != nil {
				return err
			}
			times[side] = append(times[side], took)
			sizes[side] = append(sizes[side], float64(b.server.bytes.Load()-before))
		}
	}
	fmt.Printf("%-34s %12.1f %12.1f %12.0f %12.0f\n", c.name, median(times[0]), median(times[1]), median(sizes[0]), median(sizes[1]))
	return nil
}

// outs records one result after the other, as many as asked for, each on an input
// of its own.
func (b *resourceBench) outs(ctx context.Context, n int) error {
	const request = `{"source":{"uri":"%s","branch":"data","store":"file://%s/store"},"params":{"input":[{"branch":":bench","result":"%d"}]}}`
	var times []float64
	for i := range n {
		if err := os.WriteFile(filepath.Join(b.dir, "out"), fmt.Appendf(nil, request, b.url, b.dir, i), 0o600); err != nil {
			return err
		}
		took, err := timed(ctx, b.repository.dir, "git-datapact-resource out resource/build <resource/out")
		if err != nil {
			return err
		}
		times = append(times, took)
	}
	if part := n / 10; part > 0 {
		fmt.Printf("%-34s %12.1f ms at first, %.1f ms at last\n", fmt.Sprintf("%d outs one after the other", n), median(times[:part]), median(times[n-part:]))
	}
	return nil
}
