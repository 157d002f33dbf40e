package site

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/cmd/internal/units"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/gitcmd/gittest"
	"github.com/git-datapact/git-datapact/pipeline/site"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// TestServe wants pages to be served to this machine alone, to follow the branches, and the
// command to end when it is interrupted.
func TestServe(t *testing.T) {
	dir := gittest.New(t)
	gittest.Import(t, dir, twoStages(3))
	repository := gitcmd.Open(dir)
	defer repository.Close()
	out, printed := io.Pipe()
	b := build{
		repository: repository, env: &frame.Env{Name: "git-datapact-site", Stdout: printed, Stderr: t.Output()}, dir: filepath.Join(t.TempDir(), "out"),
		opts: site.Options{Title: "test", Version: "test", Bytes: units.Bytes},
	}
	if err := b.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.serve(ctx, "127.0.0.1:0") }()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	address := strings.TrimSpace(line)
	if got, _ := get(t, address+"index.html", ""); got != http.StatusOK {
		t.Errorf("the overview has status %d", got)
	}
	for _, test := range []struct{ path, host string }{{".datapact/site.json", ""}, {"index.html", "evil.example"}} {
		if got, _ := get(t, address+test.path, test.host); got != http.StatusNotFound {
			t.Errorf("%s, asked of %q, has status %d, want 404", test.path, test.host, got)
		}
	}

	entry, err := ledger.Append(t.Context(), gitcmd.Open(dir), &receipts.Receipt{
		Branch: stemcells, Timestamp: receipts.NewTimestamp(time.Now()), Input: []receipts.Input{{Branch: ":concourse", Result: "new"}},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	page := address + "receipt/" + stemcells + "/" + string(entry.ID[:2]) + "/" + string(entry.ID[2:]) + ".html"
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if status, text := get(t, page, ""); status == http.StatusOK && strings.Contains(text, string(entry.ID)) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the new receipt has no page")
		}
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("serve = %v, want that it was interrupted", err)
	}
}

// get asks for a page, of a host by another name if there is one.
func get(t *testing.T, address, host string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if host != "" {
		request.Host = host
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// TestLoopback: which addresses are this machine's own.
func TestLoopback(t *testing.T) {
	for text, want := range map[string]string{
		"": usualAddress, ":80": "127.0.0.1:80", "localhost:0": "localhost:0", "[::1]:80": "[::1]:80", "127.0.0.9:1": "127.0.0.9:1",
		"0.0.0.0:80": "", "example.com:80": "", "[::]:80": "", "192.168.1.1:80": "", "80": "", "127.0.0.1": "",
	} {
		if got, err := checkLoopback(text); got != want || (err != nil) != (want == "") {
			t.Errorf("checkLoopback(%q) = %q, %v, want %q", text, got, err, want)
		}
	}
}
