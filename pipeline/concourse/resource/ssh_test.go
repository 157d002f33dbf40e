package resource_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// An sshServer is a port of the loopback behind which each connection has an sshd.
type sshServer struct {
	port       int
	user       string
	key        string // private, that is let in
	lockedKey  string // the same with the passphrase
	strangeKey string // that is not let in
	passphrase string
	knownHosts string
}

// serveSSH serves the repository of a world to one key, and lets its source say so.
func serveSSH(t *testing.T, w *world, settings ...string) *sshServer {
	t.Helper()
	sshd, err := exec.LookPath("sshd")
	if err != nil {
		if sshd, err = exec.LookPath("/usr/sbin/sshd"); err != nil {
			t.Skip("NOT TESTED: there is no sshd; Debian's package openssh-server has it")
		}
	}
	if os.Getuid() == 0 { // sshd of Debian wants it
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			t.Fatal(err)
		}
	}
	current, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(w.dir, "ssh")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &sshServer{port: listener.Addr().(*net.TCPAddr).Port, user: current.Username, passphrase: "open sesame " + filepath.Base(w.dir)}
	keygen(t, filepath.Join(dir, "host"), "")
	s.knownHosts = fmt.Sprintf("[127.0.0.1]:%d %s", s.port, readFile(t, filepath.Join(dir, "host.pub")))
	s.key = keygen(t, filepath.Join(dir, "key"), "")
	s.strangeKey = keygen(t, filepath.Join(dir, "strange"), "")
	config := fmt.Sprintf("HostKey %s/host\nAuthorizedKeysFile %s/key.pub\nPidFile none\nUsePAM no\nStrictModes no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\nSetEnv HOME=%s\n%s\n",
		dir, dir, dir, strings.Join(settings, "\n"))
	if err := os.WriteFile(filepath.Join(dir, "config"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	serveConnections(t, listener, sshd, "-i", "-e", "-f", filepath.Join(dir, "config"))
	run(t, "ssh-keygen", "-q", "-p", "-P", "", "-N", s.passphrase, "-f", copyOf(t, filepath.Join(dir, "key"), filepath.Join(dir, "locked")))
	s.lockedKey = readFile(t, filepath.Join(dir, "locked"))
	w.source["uri"] = fmt.Sprintf("ssh://127.0.0.1:%d%s", s.port, w.repo)
	w.source["private_key"], w.source["private_key_user"] = s.key, s.user
	w.hide(s.passphrase)
	for _, key := range []string{s.key, s.lockedKey, s.strangeKey} {
		w.hide(strings.Split(key, "\n")[2])
	}
	return s
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

// serveConnections starts a program for each connection, as inetd does, until the test
// has ended. Who is connected ends the program, and the test's own end does.
func serveConnections(t *testing.T, listener net.Listener, program string, args ...string) {
	var log lockedBuffer
	var running sync.WaitGroup
	running.Go(func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			file, err := connection.(*net.TCPConn).File()
			_ = connection.Close() // the file is another descriptor of it
			if err != nil {
				t.Error(err)
				continue
			}
			running.Go(func() {
				defer file.Close()
				cmd := exec.Command(program, args...)
				cmd.Stdin, cmd.Stdout, cmd.Stderr = file, file, &log
				_ = cmd.Run() // the status is that of the connection
			})
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		running.Wait()
		if t.Failed() {
			t.Logf("%s said:\n%s", program, log.String())
		}
	})
}

// A lockedBuffer may be written to concurrently.
type lockedBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *lockedBuffer) Write(data []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(data)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func copyOf(t *testing.T, from, to string) string {
	t.Helper()
	if err := os.WriteFile(to, []byte(readFile(t, from)), 0o600); err != nil {
		t.Fatal(err)
	}
	return to
}

// keygen makes a key and returns the private one.
func keygen(t *testing.T, file, passphrase string) string {
	t.Helper()
	run(t, "ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-C", "test", "-f", file)
	return readFile(t, file)
}

func TestSSH(t *testing.T) {
	protocols := map[string][]string{"current": {"AcceptEnv GIT_PROTOCOL"}, "old": nil}
	for name, settings := range protocols {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "up", "data")
			s := serveSSH(t, w, settings...)
			w.source["known_hosts"] = s.knownHosts
			up := w.out("up", w.seeded("1"), nil)
			dir, _ := w.in("up", up.Version, nil)
			got := w.out("data", w.build("result/x", "x", "up/.datapact/result", readFile(t, filepath.Join(dir, ".datapact/result"))), nil)
			for _, from := range []*version{nil, &got.Version} {
				if versions := w.check("data", from, nil); !cmp.Equal(versions, []version{got.Version}) {
					t.Errorf("check = %v, want %v", versions, got.Version)
				}
			}
		})
	}
}

func TestKeys(t *testing.T) {
	w := newWorld(t, "data")
	s := serveSSH(t, w, "AcceptEnv GIT_PROTOCOL")
	w.plant("data", "1")
	good := map[string]object{
		"a key":                           {},
		"a host key that is known":        {"known_hosts": s.knownHosts},
		"a passphrase":                    {"private_key": s.lockedKey, "private_key_passphrase": s.passphrase},
		"no line feed at the end":         {"private_key": strings.TrimSpace(s.key)},
		"line breaks of Windows":          {"private_key": strings.ReplaceAll(s.key, "\n", "\r\n")},
		"the user in the address":         {"private_key_user": nil, "uri": strings.Replace(w.source["uri"].(string), "//", "//"+s.user+"@", 1)},
		"a user of the address is weaker": {"uri": strings.Replace(w.source["uri"].(string), "//", "//nobody-at-all@", 1)},
	}
	for name, more := range good {
		if got := w.check("data", nil, more); len(got) != 1 {
			t.Errorf("check with %s = %v, want one", name, got)
		}
	}
	_, other, _ := strings.Cut(readFile(t, filepath.Join(w.dir, "ssh", "strange.pub")), " ")
	host, _, _ := strings.Cut(s.knownHosts, " ")
	bad := []struct {
		more object
		want string
	}{
		{object{"private_key": "hush"}, "source.private_key is not a private key\nhint: "},
		{object{"private_key": strings.Replace(s.key, "\n", "", 1)}, "source.private_key is not a private key\nhint: "},
		{object{"private_key": s.lockedKey}, "source.private_key has a passphrase\nhint: "},
		{object{"private_key": s.lockedKey, "private_key_passphrase": s.passphrase + "x"}, "source.private_key_passphrase does not open the private key"},
		{object{"private_key": s.strangeKey}, "the server refuses the ssh key: "},
		{object{"private_key_user": "nobody-at-all"}, "the server refuses the ssh key: "},
		{object{"known_hosts": host + " ssh-ed25519 " + other}, "the server's host key is not the expected one: "},
		{object{"known_hosts": "example.com ssh-ed25519 " + other}, "the server's host key is not the expected one: "},
		{object{"uri": fmt.Sprintf("ssh://127.0.0.1:%d/none", s.port)}, "there is no such repository: "},
		{object{"uri": fmt.Sprintf("ssh://127.0.0.1:%d/x", freePort(t))}, "the server refuses connections: "},
	}
	for _, test := range bad {
		o := w.fails(test.want, "check", object{"source": w.sourceOf("data", test.more)})
		if !strings.Contains(o.stderr, "\nhint: ") && !strings.Contains(o.stderr, "refuses connections") && !strings.Contains(o.stderr, "does not open") {
			t.Errorf("check said %q, want a hint", o.stderr)
		}
	}
}
