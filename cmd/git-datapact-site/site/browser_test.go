package site

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/cmd/internal/units"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/gitcmd/gittest"
	"github.com/git-datapact/git-datapact/pipeline/site"
)

// The branches of the repository that the pages are of.
const (
	stemcells = "aws-xen-centos-7-stemcell"
	metadata  = "aws-xen-centos-7-metadata"
	version   = "3468.5"
)

// TestBrowser reads the pages of a live repository, or of one of the same shape, in a real
// browser: from a folder and from a server, on a desk and on a phone, light and dark, by the
// keyboard alone. Nothing may be asked of another host or complained about on the console, and
// axe finds nothing that keeps people out. Where DATAPACT_PICTURES names a folder, pictures of
// what was seen go there.
func TestBrowser(t *testing.T) {
	chromium, err := exec.LookPath("chromium")
	if err != nil && os.Getenv("CI") != "true" {
		t.Skip("no chromium here")
	}
	axe := axeSource(t) // before there is another home
	dir := pagesOf(t, repositoryOf(t))
	server := httptest.NewServer(http.FileServer(http.Dir(dir)))
	defer server.Close()
	opts := []chromedp.ExecAllocatorOption{chromedp.ExecPath(chromium), chromedp.UserDataDir(t.TempDir())}
	for _, flag := range []string{
		"headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking",
		"disable-component-update", "disable-sync", "hide-scrollbars", "no-default-browser-check",
	} {
		opts = append(opts, chromedp.Flag(flag, true))
	}
	allocator, cancel := chromedp.NewExecAllocator(t.Context(), opts...)
	defer cancel()
	browser, cancel := chromedp.NewContext(allocator)
	defer cancel()
	if err := chromedp.Do(browser); err != nil {
		t.Fatal(err)
	}
	folder := (&url.URL{Scheme: "file", Path: dir}).String()
	for _, test := range []struct {
		name, base, scheme string
		wide, high         int64
	}{
		{"desk-light", folder, "light", 1280, 900},
		{"desk-dark", server.URL, "dark", 1280, 900},
		{"phone-light", folder, "light", 390, 844},
		{"phone-dark", server.URL, "dark", 390, 844},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx, cancel := chromedp.NewContext(browser)
			defer cancel()
			r := &reader{T: t, ctx: ctx, base: test.base, axe: axe}
			r.begin(test.scheme, test.wide, test.high)
			r.read()
			r.end()
		})
	}
}

// repositoryOf is a live repository or, where there is none, one of the same shape.
func repositoryOf(t *testing.T) string {
	t.Helper()
	if _, ok := gittest.LiveBundle(); ok {
		return gittest.Live(t)
	}
	dir := gittest.New(t)
	gittest.Import(t, dir, twoStages(40))
	return dir
}

// pagesOf makes the pages of a repository.
func pagesOf(t *testing.T, repository string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "a site")
	b := build{repository: gitcmd.Open(repository), env: &frame.Env{Name: "git-datapact-site", Stderr: t.Output()}, dir: dir}
	defer b.repository.Close()
	b.opts = site.Options{Title: "BOSH stemcells", Version: "test", Bytes: units.Bytes, Public: "https://s3.amazonaws.com/stemcells"}
	if err := b.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	return dir
}

// axeSource is the script of axe-core, where scripts/test has put it; "" where it is not.
func axeSource(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(out)), "git-datapact-servers", "axe-core@4.14.1", "axe.min.js"))
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatal(err)
	}
	if err != nil {
		t.Logf("axe-core is not here: %v", err)
	}
	return string(data)
}

// A reader is somebody with a browser and a keyboard.
type reader struct {
	*testing.T
	ctx       context.Context
	base, axe string

	mu       sync.Mutex
	findings []string
}

// begin opens the first page in a window of a size.
func (r *reader) begin(scheme string, wide, high int64) {
	r.Helper()
	listen := func(event any) {
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			r.find("exception: %s", e.ExceptionDetails.Text)
		case *runtime.EventConsoleAPICalled:
			r.find("console: %s", e.Type)
		case *log.EventEntryAdded:
			r.find("log: %s %s", e.Entry.Text, e.Entry.URL)
		case *network.EventRequestWillBeSent:
			if !strings.HasPrefix(e.Request.URL, r.base+"/") && !strings.HasPrefix(e.Request.URL, "data:") { // the browser's own icons are data
				r.find("request: %s", e.Request.URL)
			}
		}
	}
	r.do(chromedp.EmulateViewport(wide, high))
	if err := chromedp.Listen(r.ctx, listen); err != nil {
		r.Fatal(err)
	}
	r.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		if _, err := cdp.Call(ctx, t, log.Enable, cdp.Empty{}); err != nil {
			return err
		}
		if _, err := cdp.Call(ctx, t, network.Enable, network.EnableParams{}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		return err
	}))
	r.do(chromedp.Navigate(r.base + "/index.html"))
}

func (r *reader) find(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.findings = append(r.findings, fmt.Sprintf(format, args...))
}

func (r *reader) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, finding := range r.findings {
		r.Error(finding)
	}
}

// read goes from the overview to a receipt, to what it was made from, and back.
func (r *reader) read() {
	r.Helper()
	r.looks("overview")
	r.press(func() { r.reach(`svg a[href$="/` + metadata + `.html"]`) })
	r.until(`document.querySelector("table.receipts")?.dataset.ready === ""`)
	r.looks("branch")

	r.reach(`th[data-fact=version] button`)
	r.keys(kb.Enter)
	r.until(`document.querySelector("th[data-fact=version]").getAttribute("aria-sort") === "ascending"`)
	versions := r.texts(`[...document.querySelectorAll("table.receipts tbody tr")].map(r => r.cells[[...document.querySelectorAll("table.receipts thead th")].findIndex(h => h.dataset.fact === "version")].textContent)`)
	if len(versions) < 30 || !slices.IsSortedFunc(versions, inOrderOf(versions)) {
		r.Errorf("sorted by version are %q", versions)
	}
	r.keys(kb.Enter)
	r.until(`document.querySelector("th[data-fact=version]").getAttribute("aria-sort") === "descending"`)

	r.back(`input[name=q]`)
	r.keys("version=" + version)
	r.until(`document.querySelector(".count").textContent.startsWith("1 of ")`)
	r.looks("filtered")
	r.press(func() { r.reach(`table.receipts tbody a`) })
	r.until(`document.querySelector("#lineage") !== null`)
	r.looks("receipt")
	receipt := r.text(`location.pathname`)
	if text := r.text(`document.body.innerText`); !strings.Contains(text, version) || !strings.Contains(receipt, metadata) {
		r.Errorf("the page %s says %q, want version %s", receipt, text, version)
	}

	r.press(func() { r.reach(`svg a[href*="/` + stemcells + `/"]`) })
	r.until(`document.querySelector("#readers + ul a") !== null && document.querySelector("h1").textContent.startsWith("` + stemcells + `")`)
	r.looks("stemcell")
	if text := r.text(`document.querySelector("[aria-labelledby=inputs]").innerText`); !strings.Contains(text, version) {
		r.Errorf("the stemcell says %q, want version %s", text, version)
	}
	r.press(func() { r.reach(`#readers + ul a`) })
	r.until(`location.pathname === ` + quoted(receipt))
}

// looks wants a page to be as a page should be, and takes a picture.
func (r *reader) looks(name string) {
	r.Helper()
	if wide := r.text(`String(document.documentElement.scrollWidth - window.innerWidth)`); strings.TrimLeft(wide, "-0") != "" && wide[0] != '-' {
		r.Errorf("%s is %s pixels wider than the window", name, wide)
	}
	r.picture(name)
	if r.axe == "" {
		return
	}
	r.do(chromedp.Evaluate[chromedp.Void](r.axe))
	found, err := chromedp.Run(r.ctx, chromedp.Evaluate[string](
		`axe.run({preload: false}).then(r => JSON.stringify(r.violations.map(v => v.id + ": " + v.nodes.map(n => n.html + " " + n.failureSummary).slice(0, 3).join("; "))))`, chromedp.EvalAwaitPromise))
	if err != nil {
		r.Fatal(err)
	}
	var violations []string
	if err := json.Unmarshal([]byte(found), &violations); err != nil {
		r.Fatal(err)
	}
	for _, violation := range violations {
		r.Errorf("axe about %s: %s", name, violation)
	}
}

// picture takes one of the whole page, if it is wanted.
func (r *reader) picture(name string) {
	r.Helper()
	folder := os.Getenv("DATAPACT_PICTURES")
	if folder == "" {
		return
	}
	data, err := chromedp.Run(r.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		r.Fatal(err)
	}
	_, scheme, _ := strings.Cut(r.Name(), "/")
	if err := os.WriteFile(filepath.Join(folder, scheme+"-"+name+".png"), data, 0o666); err != nil {
		r.Fatal(err)
	}
}

// reach goes on with the tabulator until an element has the focus.
func (r *reader) reach(selector string) { r.Helper(); r.tab(selector) }

// back goes back with it.
func (r *reader) back(selector string) {
	r.Helper()
	r.tab(selector, chromedp.KeyModifiers(chromedp.ModifierShift))
}

func (r *reader) tab(selector string, how ...chromedp.KeyOption) {
	r.Helper()
	for range 250 {
		if r.text(`String(document.activeElement.matches(`+quoted(selector)+`))`) == "true" {
			return
		}
		r.do(chromedp.KeyEvent(kb.Tab, how...))
	}
	r.Fatalf("the keyboard does not lead to %s on %s", selector, r.text(`location.href`))
}

// press goes to a link, and follows it.
func (r *reader) press(reach func()) {
	r.Helper()
	reach()
	r.keys(kb.Enter)
}

func (r *reader) keys(keys string) { r.Helper(); r.do(chromedp.KeyEvent(keys)) }

func (r *reader) do(steps ...chromedp.Action[chromedp.Void]) {
	r.Helper()
	if err := chromedp.Do(r.ctx, steps...); err != nil {
		r.Fatal(err)
	}
}

// until waits for an expression to be true, on whatever page is there then.
func (r *reader) until(expression string) {
	r.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; {
		is, err := chromedp.Run(r.ctx, chromedp.Evaluate[bool](`document.readyState === "complete" && !!(`+expression+`)`))
		if err == nil && is {
			return
		}
		if time.Now().After(deadline) {
			r.Fatalf("waiting for %s on %s: %v", expression, r.text(`location.href`), err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (r *reader) text(expression string) string {
	r.Helper()
	text, err := chromedp.Run(r.ctx, chromedp.Evaluate[string](expression))
	if err != nil {
		r.Fatalf("evaluating %s: %v", expression, err)
	}
	return text
}

func (r *reader) texts(expression string) []string {
	r.Helper()
	list, err := chromedp.Run(r.ctx, chromedp.Evaluate[[]string](expression))
	if err != nil {
		r.Fatalf("evaluating %s: %v", expression, err)
	}
	return list
}

func quoted(text string) string {
	data, _ := json.Marshal(text)
	return string(data)
}
