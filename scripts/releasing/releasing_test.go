package main

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestCheckVersion(t *testing.T) {
	for version, want := range map[string]bool{
		"0.2.0": true, "10.20.30": true, "0.2.0-rc1": true, "1.0.0-beta12": true,
		"": false, "v0.2.0": false, "0.2": false, "0.02.0": false, "0.2.0-rc.1": false, "0.2.0-rc0": false, "0.2.0+1": false, "0.2.0-next": false, "0.2.0\n": false,
	} {
		if err := checkVersion(version); (err == nil) != want {
			t.Errorf("checkVersion(%q) = %v, want a version: %t", version, err, want)
		}
	}
}

func TestSection(t *testing.T) {
	const changelog = "# Changelog\n\n## Unreleased\n- new\n\n## 0.2.0 (2026-11-28)\n- second\n  line\n\n## 0.1.0\n\n"
	const tagged = "# Changelog\n\n## 0.2.0 (2026-11-28)\n- second\n"
	if got, err := section(tagged, "0.2.0-rc1"); got != "- second\n" || err != nil {
		t.Errorf("section for 0.2.0-rc1 = %q, %v, want that of 0.2.0", got, err)
	}
	for version, want := range map[string]string{"0.2.0": "- second\n  line\n", "0.3.0-rc1": "- new\n", "0.3.0": "", "0.1.0": "", "0.2": ""} {
		if got, err := section(changelog, version); got != want || (err == nil) != (want != "") {
			t.Errorf("section(%q) = %q, %v, want %q", version, got, err, want)
		}
	}
}

func TestUnwrapped(t *testing.T) {
	const wrapped = "One\ntwo.\n\n### Title\nThree\n- four\n  `--five`\n  - six\n    seven\n- eight\n\n| a | b |\n|---|---|\n| c | d |\n\n```\nnine\n  ten\n```\nEleven\ntwelve\n"
	const want = "One two.\n\n### Title\nThree\n- four `--five`\n  - six seven\n- eight\n\n| a | b |\n|---|---|\n| c | d |\n\n```\nnine\n  ten\n```\nEleven twelve\n"
	if got := unwrapped(wrapped); got != want {
		t.Errorf("unwrapped = %q, want %q", got, want)
	}
}

// TestCheckTag goes from a repository without the tag to one that is what is tagged, and on.
func TestCheckTag(t *testing.T) {
	root := t.TempDir()
	git := func(args ...string) {
		t.Helper()
		args = append([]string{"-C", root, "-c", "user.name=Ann", "-c", "user.email=ann@example.com", "-c", "commit.gpgSign=false", "-c", "tag.gpgSign=false"}, args...)
		if out, err := exec.Command("git", args...).CombinedOutput(); err != nil {
			t.Fatalf("git %q: %v\n%s", args, err, out)
		}
	}
	check := func(want string) {
		t.Helper()
		if err := checkTag(t.Context(), root, "v0.2.0"); err == nil && want != "" || err != nil && (want == "" || !strings.Contains(err.Error(), want)) {
			t.Errorf("checkTag = %v, want %q", err, want)
		}
	}
	git("init", "-q")
	git("commit", "-q", "--allow-empty", "-m", "first")
	check("there is no tag v0.2.0")
	git("tag", "-a", "-m", "0.2.0", "v0.2.0")
	check("")
	if err := os.WriteFile(filepath.Join(root, "added"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	check("?? added")
	git("add", ".")
	git("commit", "-q", "-m", "second")
	check("HEAD is not the tag v0.2.0")
}

// TestArchive packs a folder twice, which others have with other times and modes, and wants the
// same bytes, and in them what is there.
func TestArchive(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("archives with links are made elsewhere")
	}
	modified := time.Date(2026, 11, 28, 1, 2, 4, 0, time.UTC)
	for suffix, want := range map[string][]string{
		".tar.gz": {"a/ drwxr-xr-x ", "a/bin/ drwxr-xr-x ", "a/bin/tool -rwxr-xr-x text", "a/bin/tool-x Lrwxr-xr-x tool", "a/text -rw-r--r-- text"},
		".zip":    {"a/ drwxr-xr-x ", "a/bin/ drwxr-xr-x ", "a/bin/tool -rwxr-xr-x text", "a/text -rw-r--r-- text"},
	} {
		var first []byte
		var last string
		for _, umask := range []fs.FileMode{0, 0o027} {
			folder := filepath.Join(t.TempDir(), "a")
			err := errors.Join(os.MkdirAll(filepath.Join(folder, "bin"), 0o777&^umask),
				os.WriteFile(filepath.Join(folder, "bin", "tool"), []byte("text"), 0o777&^umask),
				os.WriteFile(filepath.Join(folder, "text"), []byte("text"), 0o666&^umask))
			if suffix == ".tar.gz" {
				err = errors.Join(err, os.Symlink("tool", filepath.Join(folder, "bin", "tool-x")))
			}
			file := folder + suffix
			if err := errors.Join(err, archive(folder, file, modified)); err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if first != nil && !bytes.Equal(data, first) {
				t.Errorf("%s is not the same bytes again", suffix)
			}
			first, last = data, file
		}
		if got, err := read(last); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s has %q, %v, want %q", suffix, got, err, want)
		}
	}
}

// read lists what an archive has, with what it holds.
func read(file string) (entries []string, err error) {
	err = look(file, func(e entry, content io.Reader) error {
		text, err := io.ReadAll(content)
		entries = append(entries, e.name+" "+e.mode.String()+" "+string(text)+e.link)
		return err
	})
	return entries, err
}

// TestBill joins two bills, and wants nothing of the machine in them.
func TestBill(t *testing.T) {
	one := func(name string) bill {
		return bill{
			Format:       "CycloneDX",
			Metadata:     metadata{Tools: []map[string]any{{"name": "tool", "hashes": 1}}, Component: map[string]any{"name": modulePath, "hashes": 1}},
			Components:   []map[string]any{{"bom-ref": "shared"}, {"bom-ref": name}},
			Dependencies: []dependency{{"us", []string{name, "shared"}}, {"shared", nil}, {name, nil}},
		}
	}
	var all bill
	all.add(one("b"))
	all.add(one("a"))
	if len(all.Components) != 3 || len(all.Dependencies) != 4 {
		t.Errorf("the bill has %d components and %d dependencies, want 3 and 4: %+v", len(all.Components), len(all.Dependencies), all)
	}
	if got, want := all.Dependencies[0].DependsOn, []string{"a", "b", "shared"}; !slices.Equal(got, want) {
		t.Errorf("we depend on %q, want %q", got, want)
	}
	if all.Metadata.Tools[0]["hashes"] != nil || all.Metadata.Component["hashes"] != nil {
		t.Errorf("the bill has checksums of what made it, or of one executable: %+v", all.Metadata)
	}
}
