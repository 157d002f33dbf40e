package site

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/git-datapact/git-datapact/gitcmd"
)

const (
	usualAddress = "127.0.0.1:8710"
	lookEvery    = time.Second // for branches that moved
	goodbye      = 2 * time.Second
)

// checkLoopback wants an address that only this machine reaches, as HOST:PORT, :PORT or none.
func checkLoopback(text string) (string, error) {
	if text == "" {
		return usualAddress, nil
	}
	host, port, err := net.SplitHostPort(text)
	if err == nil && host == "" {
		host = "127.0.0.1"
	}
	if err != nil || !isLoopback(host) {
		return "", gitcmd.WithHint(gitcmd.Usage(fmt.Errorf("--serve %q: want an address of this machine alone, such as %s or :8080", text, usualAddress)),
			"to show the pages to others, copy the folder to a web server")
	}
	return net.JoinHostPort(host, port), nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// serve serves the pages until it is interrupted, and makes them again when a branch moves.
func (b *build) serve(ctx context.Context, address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: b.handler(), ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	if err := b.env.Printf("http://%s/\n", listener.Addr()); err != nil {
		return errors.Join(err, server.Close())
	}
	if err := b.env.Flush(); err != nil {
		return errors.Join(err, server.Close())
	}
	err = b.follow(ctx, ended)
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbye)
	defer cancel()
	if server.Shutdown(stopping) != nil {
		_ = server.Close() // whoever is still reading has had the time
	}
	return err
}

// handler serves the files of the folder, but for what the command remembers there, to who asks
// for this machine by its own name: a page of somebody else cannot make a browser read them.
func (b *build) handler() http.Handler {
	files := http.FileServer(http.Dir(b.dir))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		if !isLoopback(host) || len(r.URL.Path) > 1 && r.URL.Path[1] == '.' {
			http.Error(w, "not found", http.StatusNotFound)
			return
		}
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-cache")
		files.ServeHTTP(w, r)
	})
}

// follow makes the pages again when a branch moves, until the command is interrupted or the
// server ends. Once it serves, an error is told, and the next change may mend it.
func (b *build) follow(ctx context.Context, ended <-chan error) error {
	timer := time.NewTicker(lookEvery)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-ended:
			return err
		case <-timer.C:
		}
		now, err := b.readTips(ctx)
		if err == nil && now != b.tips {
			err = b.run(ctx)
		}
		if err != nil && ctx.Err() == nil && !errors.Is(err, gitcmd.ErrNegative) {
			b.env.Warnf("%v", err)
		}
	}
}

// readTips is what all branches are at.
func (b *build) readTips(ctx context.Context) (string, error) {
	list, err := b.repository.ReadableBranches(ctx)
	text := ""
	for _, branch := range list {
		text += branch.Ref + " " + string(branch.Commit) + "\n"
	}
	return text, err
}
