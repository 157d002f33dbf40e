package resource_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/git-datapact/git-datapact/gitcmd/gittest"
)

func TestBadRequests(t *testing.T) {
	w := newWorld(t)
	w.hide("hush")
	id := strings.Repeat("ab", 20)
	tests := []struct{ action, request, want string }{
		{"check", ``, "the request is not JSON"},
		{"check", `{"source": {"password": "hush`, "the request is not JSON"},
		{"check", `{"source": {"password": "hush"}} hush`, "the request is more than one JSON object"},
		{"check", `["hush"]`, "the request is not a JSON object"},
		{"check", `{hush}`, "the request is not JSON: error at byte 2"},
		{"check", `{}`, "request: source: want an object, have null\nrequest: source.uri: missing\nrequest: source.branch: missing\n"},
		{"check", `{"source": {"uri": "u", "branch": "b", "private_key": null}}`, "request: source.private_key: null, which stands for nothing here"},
		{"check", `{"source": {"uri": "u", "branch": "a..b", "s3_secret_access_key": "hush", "pasword": "hush"}}`,
			"request: source.s3_bucket: missing, but there is s3_secret_access_key\nrequest: source.pasword: unknown key\nrequest: source.branch: want the name of a branch\n"},
		{"check", `{"source": {"uri": "ext::sh -c hush", "branch": "b"}}`, "this is not an address of a git repository"},
		{"check", `{"source": {"uri": "--upload-pack=hush", "branch": "b"}}`, "this is not an address of a git repository"},
		{"check", `{"source": {"uri": "ftp://user:hush@127.0.0.1/", "branch": "b"}}`, "the address is of a kind that is not allowed"},
		{"check", `{"source": {"uri": "/no/such/repo", "branch": "b"}}`, "there is no such repository"},
		{"check", `{"source": {"uri": "u", "branch": "b"}, "version": {"ref": "x", "receipt": 1, "y": ""}}`,
			"request: version.receipt: want a string, have a number\nrequest: version.y: unknown key\nrequest: version.ref: want the 40 or 64 hexadecimal digits of a commit\n"},
		{"in", `{"source": {"uri": "u", "branch": "b"}}`, "request: source: names no store: want store, s3_bucket, gs_bucket or azblob_container\nrequest: version: missing\n"},
		{"in", `{"source": {"uri": "u", "branch": "b", "store": "file:///x"}, "version": {"ref": "` + id + `", "receipt": "` + id + `"}, "params": {"download": "no", "path": []}}`,
			"request: params.download: want true or false, have a string\nrequest: params.path: unknown key\n"},
		{"out", `{"source": {"uri": "u", "branch": "b", "store": "file:///x"}, "params": []}`, "request: params: want an object, have a list"},
	}
	for _, test := range tests {
		args := []string{w.build("result/x", "x")}
		if test.action == "check" {
			args = nil
		}
		w.fails(test.want, test.action, test.request, args...)
	}
	w.fails("the request is larger than", "check", strings.Repeat(" ", 64<<20+1))
	w.fails("want a folder for in and out, and none for check", "check", `{}`, "/tmp")
}

// TestDoors are closed in all ways.
func TestDoors(t *testing.T) {
	w := newWorld(t, "data").with("GIT_DATAPACT_WAIT=3s")
	s := serveHTTP(t, w)
	v := w.plant("data", "1")[0]
	w.hide("hush-hush")
	tests := []struct {
		more object
		want string
	}{
		{object{"password": "hush-hush"}, "the server refuses the user name and password"},
		{object{"username": nil, "password": nil}, "the server wants a user name and password"},
		{object{"uri": s.URL + "/none.git"}, "there is no such repository"},
		{object{"uri": strings.Replace(s.URL, "http:", "https:", 1) + "/server.git"}, "git server https://127.0.0.1:"},
		{object{"uri": fmt.Sprintf("http://127.0.0.1:%d/x", freePort(t))}, "git fetch: unable to access"},
		{object{"branch": "none"}, "branch none: not found\nhint: "},
	}
	for _, test := range tests {
		w.fails(test.want, "check", object{"source": w.sourceOf("data", test.more)})
		w.fails(test.want, "check", object{"source": w.sourceOf("data", test.more), "version": v})
		if test.more["branch"] == nil {
			w.fails(test.want, "in", object{"source": w.sourceOf("data", test.more), "version": v}, w.build())
		}
		w.fails(test.want, "out", object{"source": w.sourceOf("data", test.more)}, w.seeded("1"))
	}
	s.breakWith(func(rw http.ResponseWriter, r *http.Request) bool {
		http.Error(rw, "no", http.StatusForbidden)
		return true
	})
	w.fails("the server forbids it (403)", "check", object{"source": w.sourceOf("data", nil)})
	s.breakWith(func(rw http.ResponseWriter, r *http.Request) bool {
		if forbidden := strings.Contains(r.URL.String(), "git-receive-pack"); !forbidden {
			return false
		}
		http.Error(rw, "no", http.StatusForbidden)
		return true
	})
	w.fails("the server forbids it (403)", "out", object{"source": w.sourceOf("data", nil)}, w.seeded("1"))
	if n := w.receiptsOf("data"); n != 1 {
		t.Errorf("there are %d receipts, want 1", n)
	}
}

// TestPasswordInAddress takes a name and a password out of the address.
func TestPasswordInAddress(t *testing.T) {
	w := newWorld(t, "data")
	s := serveHTTP(t, w)
	s.password = "pass-in-address"
	w.hide(s.password)
	w.plant("data", "1")
	more := object{"username": nil, "password": nil, "uri": strings.Replace(w.source["uri"].(string), "//", "//"+s.username+":"+s.password+"@", 1)}
	if got := w.check("data", nil, more); len(got) != 1 {
		t.Errorf("check = %v, want one", got)
	}
	more["uri"] = strings.Replace(more["uri"].(string), "server.git", "none.git", 1)
	w.fails("there is no such repository", "check", object{"source": w.sourceOf("data", more)})
}

// TestCertificate trusts a server that nobody has signed for only when told to.
func TestCertificate(t *testing.T) {
	w := newWorld(t, "data")
	w.plant("data", "1")
	s := serveHTTP(t, w)
	secure := httptest.NewTLSServer(s.Config.Handler)
	t.Cleanup(secure.Close)
	more := object{"uri": secure.URL + "/server.git"}
	w.fails("the server's certificate is not trusted", "check", object{"source": w.sourceOf("data", more)})
	more["skip_ssl_verification"] = true
	if got := w.check("data", nil, more); len(got) != 1 {
		t.Errorf("check = %v, want one", got)
	}
}

// TestSecretsStayInside looks from outside while programs run: at the arguments of
// all processes, and at the temporary files.
func TestSecretsStayInside(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("NOT TESTED: there is no /proc")
	}
	w := newWorld(t, "data")
	s := serveHTTP(t, w)
	w.source["git_config"] = []any{object{"name": "http.extraHeader", "value": "X-Token: hush-hush-hush"}}
	w.source["private_key"] = keygen(t, filepath.Join(w.dir, "key"), "")
	w.hide("hush-hush-hush")
	temporary := ""
	for _, variable := range w.env {
		if dir, ok := strings.CutPrefix(variable, "TMPDIR="); ok {
			temporary = dir
		}
	}
	var looks atomic.Int64
	s.breakWith(func(http.ResponseWriter, *http.Request) bool {
		looks.Add(1)
		lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
		for _, name := range lines {
			line, _ := os.ReadFile(name)
			for _, secret := range w.secrets {
				if strings.Contains(string(line), secret) {
					t.Errorf("%q is an argument of %q", secret, line)
				}
			}
		}
		_ = filepath.WalkDir(temporary, func(path string, entry os.DirEntry, err error) error {
			if err != nil || filepath.Dir(path) != temporary {
				return nil //nolint:nilerr // files go while this looks
			}
			if info, err := entry.Info(); err == nil && (!info.IsDir() || info.Mode().Perm() != 0o700) {
				t.Errorf("%s is open to others: %v", path, info.Mode())
			}
			return nil
		})
		return false
	})
	got := w.out("data", w.seeded("1"), nil)
	w.check("data", nil, nil)
	w.in("data", got.Version, nil)
	if looks.Load() < 6 {
		t.Errorf("looked %d times, want more", looks.Load())
	}
	err := filepath.WalkDir(filepath.Join(w.dir, "cache"), func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		for _, secret := range append(w.secrets, s.username) {
			if strings.Contains(string(data), secret) {
				t.Errorf("%s holds %q", path, secret)
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// sleepingHook does not come back before its repository is gone.
const sleepingHook = `#!/bin/sh
for second in $(seq 1000); do
	test -e HEAD && sleep 1 || exit 1
done
`

// TestSilentServers accept connections and say nothing.
func TestSilentServers(t *testing.T) {
	address := gittest.Listen(t, gittest.Silent)
	for _, scheme := range []string{"http", "https", "ssh"} {
		t.Run(scheme, func(t *testing.T) {
			w := newWorld(t, "data")
			w = w.with("GIT_DATAPACT_PATIENCE=500ms")
			more := object{"uri": scheme + "://" + address + "/x.git"}
			o := w.fails("git server "+scheme+"://127.0.0.1:", "check", object{"source": w.sourceOf("data", more)})
			if o.took > 5*time.Minute {
				t.Errorf("check took %v, want it to give up", o.took)
			}
			t.Logf("%v: %s", o.took, o.stderr)
		})
	}
	t.Run("hook", func(t *testing.T) { // a server that takes a push, and does not come back
		w := newWorld(t, "data").with("GIT_DATAPACT_PATIENCE=500ms")
		hook := filepath.Join(w.repo, "hooks", "pre-receive")
		if err := os.MkdirAll(filepath.Dir(hook), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(hook, []byte(sleepingHook), 0o777); err != nil {
			t.Fatal(err)
		}
		o := w.fails("gave no answer within 10s", "out", object{"source": w.sourceOf("data", nil)}, w.seeded("1"))
		if o.took > 5*time.Minute {
			t.Errorf("out took %v, want it to give up", o.took)
		}
	})
}

// TestBareEnvironment has next to nothing to rely on.
func TestBareEnvironment(t *testing.T) {
	w := newWorld(t, "data")
	w.giveAway(w.repo)
	versions := w.plant("data", "1")
	for name, env := range map[string][]string{
		"no home":               {"HOME="},
		"a home of nobody":      {"HOME=/proc/nowhere"},
		"a home that is a file": {"HOME=" + filepath.Join(w.repo, "HEAD")},
		"git settings":          {"GIT_DIR=/proc/nowhere", "GIT_WORK_TREE=/", "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=a.b", "GIT_CONFIG_VALUE_0=c", "GIT_ASKPASS=/bin/false", "GIT_SSH=/bin/false"},
		"no cache":              {"XDG_CACHE_HOME=", "HOME="},
	} {
		if got := w.with(env...).check("data", nil, nil); !cmp.Equal(got, versions) {
			t.Errorf("check with %s = %v, want %v", name, got, versions)
		}
		w.with(env...).out("data", w.seeded(name), nil)
		w.git("-C", w.repo, "update-ref", "refs/heads/data", versions[0].Ref)
	}
	w.removeCache(t)
}

// removeCache removes the cache that stands among the temporary files where nothing
// says otherwise, and wants it to be there.
func (w *world) removeCache(t *testing.T) {
	i := slices.IndexFunc(w.env, func(variable string) bool { return strings.HasPrefix(variable, "TMPDIR=") })
	dir := filepath.Join(strings.TrimPrefix(w.env[i], "TMPDIR="), fmt.Sprint("git-datapact-resource-", os.Getuid()))
	if _, err := os.Stat(dir); err != nil {
		t.Errorf("there is no cache: %v", err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Error(err)
	}
}

// TestCommitter keeps who commits where git knows it.
func TestCommitter(t *testing.T) {
	w := newWorld(t, "data")
	home := w.build(".gitconfig", "[user]\n\tname = From Config\n\temail = config@example.com\n")
	committed := func() string { return w.git("-C", w.repo, "log", "-1", "--format=%an <%ae>", "data") }
	w.with("HOME="+home).out("data", w.seeded("1"), nil)
	if got, want := committed(), "From Config <config@example.com>"; got != want {
		t.Errorf("committed by %s, want %s", got, want)
	}
	w.with("HOME="+home, "GIT_AUTHOR_NAME=From Variable").out("data", w.seeded("2"), nil)
	if got, want := committed(), "From Variable <config@example.com>"; got != want {
		t.Errorf("committed by %s, want %s", got, want)
	}
}

func TestBadStores(t *testing.T) {
	w := newWorld(t, "data")
	w.hide("hush-hush")
	v := w.out("data", w.seeded("1"), nil).Version
	for more, want := range map[string]string{
		"file:///proc/nowhere/store":     "blob",
		"nosuch://user:hush-hush@x/y":    `unknown scheme "nosuch"`,
		"file:///x?key=hush-hush":        "unknown parameter",
		"file://" + w.repo + "/HEAD":     "is a file, want a folder",
		"file://" + w.dir + "/elsewhere": "blob",
	} {
		source := w.sourceOf("data", object{"store": more})
		w.fails(want, "in", object{"source": source, "version": v}, w.build())
		if !strings.Contains(more, "elsewhere") {
			w.fails("", "out", object{"source": source}, w.seeded("2"))
		}
	}
	if n := w.receiptsOf("data"); n != 1 {
		t.Errorf("there are %d receipts, want 1", n)
	}
}
