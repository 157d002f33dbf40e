package cmd_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	docsLink  = regexp.MustCompile(`<a\b[^>]*? href="([^"]*)"`)
	docsLoad  = regexp.MustCompile(`(?i)<(?:link|script|img|iframe|object|source|video|audio|form|style)\b[^>]*>`)
	docsRule  = regexp.MustCompile(`@import|url\(`)
	docsStyle = `<link rel="stylesheet" href="style.css" type="text/css" media="all"/>`
	docsID    = regexp.MustCompile(` id="([^"]*)"`)
)

// TestDocs makes the site of the manual pages, and follows all links in it.
func TestDocs(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("mandoc"); err != nil {
		t.Skip("there is no mandoc")
	}
	watch()
	site := filepath.Join(t.TempDir(), "a site")
	make := func() (string, error) {
		out, err := exec.Command("sh", "../scripts/docs", site).CombinedOutput()
		return string(out), err
	}
	if out, err := make(); err != nil || out != "" {
		t.Fatalf("scripts/docs ended with %v and said\n%s", err, out)
	}
	if out, err := make(); err == nil || !strings.Contains(out, "exists") {
		t.Errorf("a second time scripts/docs ended with %v and said %q, want a failure: the folder exists", err, out)
	}
	texts := docsRead(t, site)
	pages, err := filepath.Glob("../man/*.[1-9]")
	if err != nil || len(texts) != len(pages)+1 {
		t.Fatalf("the site has %d pages, %v, want one for each of %d manual pages and an index", len(texts), err, len(pages))
	}
	linked := map[string]bool{}
	for name, text := range texts {
		for _, match := range docsLink.FindAllStringSubmatch(text, -1) {
			docsFollow(t, texts, name, match[1])
			if name == "index.html" {
				linked[match[1]] = true
			}
		}
		for _, load := range docsLoad.FindAllString(text, -1) {
			if load != docsStyle {
				t.Errorf("%s loads something: %s", name, load)
			}
		}
	}
	for _, page := range pages {
		if file := filepath.Base(page) + ".html"; !linked[file] {
			t.Errorf("the index does not link to %s", file)
		}
	}
	style, err := os.ReadFile(filepath.Join(site, "style.css"))
	if err != nil || docsRule.Match(style) {
		t.Errorf("style.css loads something, or cannot be read: %v", err)
	}
}

// docsRead reads the pages of a site, by the names of their files.
func docsRead(t *testing.T, site string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(site, "*.html"))
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts[filepath.Base(file)] = string(data)
	}
	return texts
}

// docsFollow wants a link to lead to a page, and to a place that the page has. A link to a page
// of our own never leads elsewhere.
func docsFollow(t *testing.T, texts map[string]string, from, link string) {
	t.Helper()
	if rest, ok := strings.CutPrefix(link, "https://manpages.debian.org/"); ok && strings.Contains(rest, "datapact") {
		t.Errorf("%s: %s leads to a page of our own that is not there", from, link)
		return
	}
	if strings.HasPrefix(link, "https://") || strings.HasPrefix(link, "http://") {
		return
	}
	name, place, _ := strings.Cut(link, "#")
	if name == "" {
		name = from
	}
	text, ok := texts[name]
	if !ok {
		t.Errorf("%s: %s leads to no page", from, link)
		return
	}
	for _, match := range docsID.FindAllStringSubmatch(text, -1) {
		if match[1] == place {
			return
		}
	}
	if place != "" {
		t.Errorf("%s: %s leads to no place on the page", from, link)
	}
}
