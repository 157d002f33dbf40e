package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestRecipes wants each archive to be in a recipe, once, with its own checksum behind it.
func TestRecipes(t *testing.T) {
	r := &release{version: "0.2.0", out: t.TempDir(), platforms: platforms}
	sums := map[string]string{}
	for _, p := range platforms {
		sums[r.archiveName(p)] = "sum-of-" + p.String()
	}
	if err := r.recipes(sums); err != nil {
		t.Fatal(err)
	}
	formula, err := os.ReadFile(filepath.Join(r.out, "git-datapact.rb"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range platforms {
		want := `url "` + home + "/releases/download/v0.2.0/" + r.archiveName(p) + "\"\n      sha256 \"" + sums[r.archiveName(p)] + `"`
		if got := strings.Count(string(formula), want); got != 1 && p.os != "windows" {
			t.Errorf("the formula has %d times %s, want it once:\n%s", got, want, formula)
		}
	}
	if ruby, err := exec.LookPath("ruby"); err == nil {
		if out, err := exec.Command(ruby, "-c", filepath.Join(r.out, "git-datapact.rb")).CombinedOutput(); err != nil {
			t.Errorf("ruby -c: %v\n%s", err, out)
		}
	}
	data, err := os.ReadFile(filepath.Join(r.out, "git-datapact.json"))
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		Version      string
		Architecture map[string]struct {
			URL, Hash string
			Folder    string `json:"extract_dir"`
		}
	}
	if err := json.Unmarshal(data, &manifest); err != nil || manifest.Version != "0.2.0" {
		t.Fatalf("the manifest has the version %q, %v\n%s", manifest.Version, err, data)
	}
	for name, p := range map[string]platform{"64bit": {"windows", "amd64"}, "arm64": {"windows", "arm64"}} {
		got := manifest.Architecture[name]
		if got.URL != home+"/releases/download/v0.2.0/"+r.archiveName(p) || got.Hash != sums[r.archiveName(p)] || got.Folder != r.base(p) {
			t.Errorf("the manifest has for %s %+v, want the archive of %s", name, got, p)
		}
	}
}
