package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestRecipes has archives with a small program installed by the recipes for them, as far as
// that can be done without Homebrew and Scoop, and then changes what recipes and archives say.
func TestRecipes(t *testing.T) {
	for _, program := range []string{"ruby", "git", "tar", "unzip"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(program + " is not here")
		}
	}
	const formula, manifest = "git-datapact.rb", "git-datapact.json"
	for _, c := range []struct{ name, file, from, to, want string }{
		{name: "right"},
		{"another checksum", formula, `sha256 "`, `sha256 "0`, "has another sha256 than the recipe says"},
		{"another version", formula, `version "0.2.0"`, `version "0.2.1"`, "is not of version 0.2.1"},
		{"another platform", formula, "_darwin_amd64", "_linux_amd64", "has another sha256 than the recipe says"},
		{"a word that Homebrew does not have", formula, "depends_on", "wants", "undefined method"},
		{"nothing to install", formula, `"bin", "share"`, `"share"`, "the formula installs no"},
		{"a test that does not succeed", formula, "git-datapact version", "git-datapact wrong", "git-datapact wrong: "},
		{"no test", formula, "test do", "on_linux do", "the formula has no test"},
		{"another checksum", manifest, `"hash": "`, `"hash": "0`, "has another sha256 than the recipe says"},
		{"a field that Scoop does not have", manifest, `"suggest"`, `"suggests"`, "the manifest has"},
		{"another executable", manifest, "git-datapact.exe", "git.exe", "/bin/git.exe"},
		{"another folder in updates", manifest, "git-datapact_$version_windows_arm64\"", "git-datapact_windows_arm64\"", "autoupdate makes"},
		{"no checksums for updates", manifest, "/SHA256SUMS", "/git-datapact.rb", "has nil for"},
	} {
		t.Run(strings.TrimSpace(c.file+" "+c.name), func(t *testing.T) {
			t.Parallel()
			r := smallRelease(t)
			if c.file != "" {
				file := filepath.Join(r.out, c.file)
				text, err := os.ReadFile(file)
				if err != nil || !strings.Contains(string(text), c.from) {
					t.Fatalf("%s has no %s, %v:\n%s", c.file, c.from, err, text)
				}
				if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(text), c.from, c.to)), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			out, err := exec.Command("ruby", "recipes.rb", r.out).CombinedOutput()
			if (err == nil) != (c.want == "") || !strings.Contains(string(out), c.want) {
				t.Errorf("recipes.rb: %v, want %q in\n%s", err, c.want, out)
			}
		})
	}
}

// smallRelease is one whose executables tell the version.
func smallRelease(t *testing.T) *release {
	t.Helper()
	r := &release{version: "0.2.0", out: t.TempDir(), work: t.TempDir(), platforms: platforms}
	for _, p := range platforms {
		for name, text := range map[string]string{
			"bin/git-datapact": "#!/bin/sh\n[ \"$1\" != wrong ] && echo 0.2.0\n", "bin/git-datapact.exe": "", "share/man/man1/git-datapact.1": "page",
		} {
			file := filepath.Join(r.stage(p), name)
			if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o777), os.WriteFile(file, []byte(text), 0o777)); err != nil {
				t.Fatal(err)
			}
		}
		if err := archive(r.stage(p), filepath.Join(r.out, r.archiveName(p)), time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(r.recipes(), writeSums(r.out)); err != nil {
		t.Fatal(err)
	}
	return r
}
