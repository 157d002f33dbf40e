package cmd_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync/atomic"

	"github.com/rogpeppe/go-internal/testscript"
)

// mostTwice is how much a fetch that was killed may read again.
const mostTwice = 8 << 20

// cuts runs a program, which reads an object of the store that $DATAPACT_STORE names on this
// machine, and kills it so many times, each when another share of the object was sent. Then
// the program must succeed, and the store must have sent at most mostTwice bytes again for
// each time.
func cuts(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 2)
	store := ts.Getenv("DATAPACT_STORE")
	plain, err := url.QueryUnescape(store)
	ts.Check(err)
	host := regexp.MustCompile(`127\.0\.0\.1:[0-9]+`).FindString(plain)
	if host == "" {
		ts.Fatalf("DATAPACT_STORE names no server of this machine")
	}
	p := &counting{proxy: httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: host})}
	p.proxy.ModifyResponse = p.count
	server := httptest.NewServer(p.proxy)
	defer server.Close()
	through := strings.NewReplacer(host, server.Listener.Addr().String(), url.QueryEscape(host), url.QueryEscape(server.Listener.Addr().String())).Replace(store)

	times := number(ts, args[0])
	for i := range times {
		cmd := programIn(ts, ts.Value(installedBin{}).(string), args[1:])
		cmd.Env = append(cmd.Env, "DATAPACT_STORE="+through)
		p.share.Store(int64(i + 1))
		p.shares.Store(int64(times + 1))
		p.kill.Store(&cmd.Process)
		ts.Check(cmd.Start())
		if cmd.Wait() == nil || p.kill.Load() != nil {
			ts.Fatalf("run %d was not killed", i+1)
		}
	}
	p.kill.Store(nil)
	cmd := programIn(ts, ts.Value(installedBin{}).(string), args[1:])
	cmd.Env = append(cmd.Env, "DATAPACT_STORE="+through)
	out, err := cmd.CombinedOutput()
	if err != nil {
		ts.Fatalf("the last run: %v\n%s", err, out)
	}
	sent, size := p.sent.Load(), p.size.Load()
	ts.Logf("%d bytes, cut %d times: %d bytes were sent, %d of them again", size, times, sent, sent-size)
	if sent < size || sent > size+int64(times)*mostTwice {
		ts.Fatalf("%d bytes were sent of %d", sent, size)
	}
}

// A counting proxy counts the bytes of objects, and kills a process when its share was sent.
type counting struct {
	proxy         *httputil.ReverseProxy
	size, sent    atomic.Int64
	share, shares atomic.Int64
	kill          atomic.Pointer[*os.Process]
}

func (c *counting) count(answer *http.Response) error {
	if answer.Request.Method != http.MethodGet {
		return nil
	}
	if answer.StatusCode == http.StatusOK {
		c.size.Store(answer.ContentLength)
	}
	answer.Body = struct {
		io.Reader
		io.Closer
	}{io.TeeReader(answer.Body, c), answer.Body}
	return nil
}

// Write counts.
func (c *counting) Write(p []byte) (int, error) {
	sent := c.sent.Add(int64(len(p)))
	if process := c.kill.Load(); process != nil && sent > c.size.Load()*c.share.Load()/c.shares.Load() {
		c.kill.Store(nil)
		_ = (*process).Kill()
	}
	return len(p), nil
}
