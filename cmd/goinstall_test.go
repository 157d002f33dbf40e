package cmd_test

import (
	"debug/buildinfo"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	gomodule "golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

// TestGoInstall has the go command install all executables from a proxy, as somebody does who
// has Go and no checkout: of the module's zip, and not of the files here. Without what debuggers
// read, they are linked in half the time.
func TestGoInstall(t *testing.T) {
	t.Parallel()
	watch()
	const version = "v0.9.8"
	bin := t.TempDir()
	cmd := exec.Command("go", "install", module+"cmd/...@latest")
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "GOPROXY="+moduleProxy(t, version)+","+downloaded(t), "GOSUMDB=off",
		"GOMODCACHE="+t.TempDir(), "GOFLAGS=-modcacherw -trimpath -ldflags=-w", "GOWORK=off", "GOBIN="+bin)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
	}
	folders, err := filepath.Glob("git-datapact*")
	if err != nil || len(folders) < 2 {
		t.Fatalf("there are the commands %q, %v", folders, err)
	}
	for _, name := range folders {
		if strings.HasPrefix(name, "git-datapact-store-") {
			if info, err := buildinfo.ReadFile(filepath.Join(bin, name)); err != nil || info.Main.Version != version {
				t.Errorf("%s is of %+v, %v, want version %s", name, info, err, version)
			}
			continue
		}
		got := manRun(t, filepath.Join(bin, name), "--version")
		if want := name + " version " + strings.TrimPrefix(version, "v") + "\n"; got != want {
			t.Errorf("%s --version printed %q, want %q", name, got, want)
		}
	}
}

// moduleProxy makes a proxy of a folder, which has one version of the module: what is here.
func moduleProxy(t *testing.T, version string) string {
	t.Helper()
	proxy := t.TempDir()
	folder := filepath.Join(proxy, filepath.FromSlash(module), "@v")
	if err := os.MkdirAll(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	info, err := json.Marshal(map[string]string{"Version": version, "Time": "2026-11-28T00:00:00Z"})
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"list": []byte(version + "\n"), version + ".mod": mod, version + ".info": info} {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	file, err := os.Create(filepath.Join(folder, version+".zip"))
	if err != nil {
		t.Fatal(err)
	}
	if err := zip.CreateFromDir(file, gomodule.Version{Path: strings.TrimSuffix(module, "/"), Version: version}, ".."); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return "file://" + filepath.ToSlash(proxy)
}

// downloaded is the proxy of what the go command has downloaded: what the module needs is
// there where its tests are.
func downloaded(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	return "file://" + filepath.ToSlash(strings.TrimSpace(string(out))) + "/cache/download"
}
