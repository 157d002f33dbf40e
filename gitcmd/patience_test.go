//go:build unix

package gitcmd

import (
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/git-datapact/git-datapact/gitcmd/gittest"
)

// TestSilentServer talks to servers that accept connections and never answer, and to one
// that says a half of it.
func TestSilentServer(t *testing.T) {
	r, dir := newRepository(t)
	commit := write(t, r, "data", Change{Path: "a", Data: []byte("one\n")})
	t.Setenv(PatienceVariable, "1s")
	silent := gittest.Listen(t, gittest.Silent)
	half := gittest.Listen(t, func(conn net.Conn) {
		_, _ = conn.Read(make([]byte, 1))
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/x-git-receive-pack-advertisement\r\n\r\n001f#")
		_, _ = io.Copy(io.Discard, conn)
	})
	gittest.Run(t, dir, "config", "url.git://"+silent+"/.insteadOf", "mirror:")
	r = Open(dir) // which reads the configuration anew
	var group sync.WaitGroup
	defer group.Wait()
	for _, address := range []string{"http://" + silent + "/r.git", "http://" + half + "/r.git", "git://" + silent + "/r.git", "mirror:r.git"} {
		for name, talk := range map[string]func() error{
			"push":      func() error { return r.Push(t.Context(), address, commit, "data") },
			"fetch":     func() error { _, err := r.FetchTip(t.Context(), address, "data"); return err },
			"ls-remote": func() error { _, err := r.RemoteRefs(t.Context(), address); return err },
		} {
			if strings.HasSuffix(address, "://"+half+"/r.git") && name != "push" {
				continue
			}
			group.Go(func() {
				if err := talk(); err == nil || Hint(err) != patienceHint {
					t.Errorf("%s of %s = %v, with the hint %q", name, address, err, Hint(err))
				}
			})
		}
	}
}

// TestSilentProgram reaches a server through a program that says nothing.
func TestSilentProgram(t *testing.T) {
	if canAsk() {
		t.Skip("there is a terminal, at which somebody may be asked for a password")
	}
	r, dir := newRepository(t)
	gittest.Run(t, dir, "config", "core.sshCommand", gittest.Lasting(t))
	t.Setenv(PatienceVariable, "100ms")
	if _, err := r.RemoteRefs(t.Context(), "example.com:r.git"); err == nil || Hint(err) != patienceHint {
		t.Errorf("RemoteRefs = %v, with the hint %q", err, Hint(err))
	}
}

// TestLongHook pushes to a server that answers, with a hook here that takes longer than a
// server may be silent.
func TestLongHook(t *testing.T) {
	server := gittest.New(t, "--bare")
	r, dir := newRepository(t)
	commit := write(t, r, "data", Change{Path: "a", Data: []byte("one\n")})
	address := gittest.Listen(t, func(conn net.Conn) {
		defer conn.Close()
		cmd := exec.Command("git", "daemon", "--inetd", "--export-all", "--enable=receive-pack", "--base-path="+filepath.Dir(server))
		cmd.Stdin, cmd.Stdout = conn, conn
		_ = cmd.Run()
	})
	if err := os.MkdirAll(filepath.Join(dir, ".git", "hooks"), 0o777); err != nil {
		t.Fatal(err)
	}
	hook := "#!/bin/sh\nsleep 4\n"
	if err := os.WriteFile(filepath.Join(dir, ".git", "hooks", "pre-push"), []byte(hook), 0o777); err != nil {
		t.Fatal(err)
	}
	t.Setenv(PatienceVariable, "3s")
	if err := r.Push(t.Context(), "git://"+address+"/"+filepath.Base(server), commit, "data"); err != nil {
		t.Fatal(err)
	}
	if got := gittest.Run(t, server, "rev-parse", "data"); got != string(commit) {
		t.Errorf("the server has %s, want %s", got, commit)
	}
}

// TestPatientSettings leaves alone what the user has chosen.
func TestPatientSettings(t *testing.T) {
	const ssh = "GIT_SSH_COMMAND=ssh -o ConnectTimeout=30 -o ServerAliveInterval=30 -o ServerAliveCountMax=1"
	http := []string{"-c", "http.lowSpeedLimit=1", "-c", "http.lowSpeedTime=30"}
	for _, c := range []struct {
		set, to   string
		http, ssh bool // are set by us
	}{
		{"", "", true, true},
		{"http.lowSpeedTime", "5", false, true},
		{"http.lowSpeedLimit", "1000", false, true},
		{"GIT_HTTP_LOW_SPEED_TIME", "5", false, true},
		{"core.sshCommand", "ssh -i key", true, false},
		{"ssh.variant", "plink", true, false},
		{"GIT_SSH_COMMAND", "ssh -i key", true, false},
		{"GIT_SSH", "/usr/bin/plink", true, false},
	} {
		t.Run(c.set, func(t *testing.T) {
			r, dir := newRepository(t)
			if strings.HasPrefix(c.set, "GIT_") {
				t.Setenv(c.set, c.to)
			} else if c.set != "" {
				gittest.Run(t, dir, "config", c.set, c.to)
			}
			args, env, err := r.patient(t.Context(), 30*time.Second, []string{"push"})
			if err != nil || slices.Equal(args, append(http, "push")) != c.http || slices.Equal(env, []string{ssh}) != c.ssh || !c.http && len(args) != 1 || !c.ssh && len(env) > 0 {
				t.Errorf("patient = %q, %q, %v", args, env, err)
			}
		})
	}
}

func TestAddresses(t *testing.T) {
	r, dir := newRepository(t)
	for _, setting := range []string{
		"remote.plain.url=https://h/r", "remote.short.url=x:r", "remote.both.url=x:r", "remote.both.pushurl=y:p", "remote.both.pushurl=z:p",
		"url.git://a/.insteadOf=x:", "url.ssh://b/.insteadOf=x:r", "url.ssh://push/.pushInsteadOf=x:", "url.git://y/.insteadOf=y:",
	} {
		key, value, _ := strings.Cut(setting, "=")
		gittest.Run(t, dir, "config", "--add", key, value)
	}
	for _, remote := range []string{"plain", "short", "both"} {
		fetch, err := r.addresses(t.Context(), remote, false)
		if want := gittest.Run(t, dir, "remote", "get-url", "--all", remote); err != nil || strings.Join(fetch, "\n") != want {
			t.Errorf("addresses of %s = %q, %v, want %q", remote, fetch, err, want)
		}
		push, err := r.addresses(t.Context(), remote, true)
		if want := gittest.Run(t, dir, "remote", "get-url", "--all", "--push", remote); err != nil || strings.Join(push, "\n") != want {
			t.Errorf("addresses of %s for pushes = %q, %v, want %q", remote, push, err, want)
		}
	}
	if got, err := r.addresses(t.Context(), "x:other", false); err != nil || !slices.Equal(got, []string{"git://a/other"}) {
		t.Errorf("addresses of an address = %q, %v", got, err)
	}
}
