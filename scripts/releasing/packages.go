package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// formats are those of packages for Linux: each with how it names a git that is new enough,
// which has an epoch in Debian.
var formats = []struct{ name, git string }{
	{"deb", "git (>= 1:%s)"}, {"rpm", "git >= %s"}, {"apk", "git>=%s"},
}

// A manifest is what nfpm makes a package of: https://nfpm.goreleaser.com/docs/configuration/.
type manifest struct {
	Name        string         `json:"name"`
	Arch        string         `json:"arch"`
	Platform    string         `json:"platform"`
	Version     string         `json:"version"`
	Section     string         `json:"section"`
	Priority    string         `json:"priority"`
	Maintainer  string         `json:"maintainer"`
	Description string         `json:"description"`
	Homepage    string         `json:"homepage"`
	License     string         `json:"license"`
	Depends     []string       `json:"depends"`
	Recommends  []string       `json:"recommends,omitempty"`
	Contents    []packed       `json:"contents"`
	RPM         map[string]any `json:"rpm"`
}

// A packed file is in a package.
type packed struct {
	Source      string    `json:"src,omitempty"`
	Destination string    `json:"dst"`
	Type        string    `json:"type,omitempty"`
	Info        *fileInfo `json:"file_info,omitempty"`
}

type fileInfo struct {
	Mode fs.FileMode `json:"mode"`
}

// packages makes the packages for Linux with what is staged.
func (r *release) packages(ctx context.Context, p platform, stage string) error {
	oldest, err := r.minimumGit()
	if err != nil {
		return err
	}
	for _, format := range formats {
		m := r.manifest(p, fmt.Sprintf(format.git, oldest))
		if format.name == "deb" {
			m.Recommends = []string{"ca-certificates", "openssh-client"}
		}
		if m.Contents, err = contents(stage, format.name); err != nil {
			return err
		}
		if err := r.pack(ctx, format.name, m); err != nil {
			return err
		}
	}
	return nil
}

func (r *release) manifest(p platform, git string) manifest {
	return manifest{
		Name: "git-datapact", Arch: p.arch, Platform: p.os, Version: r.version, Section: "vcs", Priority: "optional",
		Maintainer: "The maintainers of git-datapact", Description: description, Homepage: home,
		License: "MIT", Depends: []string{git}, RPM: map[string]any{"buildhost": "localhost", "summary": description},
	}
}

// contents lists what is staged with where a package has it. The folder of its own is listed
// too: rpm removes no other.
func contents(stage, format string) ([]packed, error) {
	list := []packed{{Destination: "/usr/share/doc/git-datapact", Type: "dir", Info: &fileInfo{0o755}}}
	err := filepath.WalkDir(stage, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(stage, path)
		if err != nil {
			return err
		}
		item := packed{Source: path, Destination: installedAs(filepath.ToSlash(name), format)}
		if entry.Type()&fs.ModeSymlink != 0 {
			item.Type = "symlink"
			item.Source, err = os.Readlink(path)
			list = append(list, item)
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		item.Info = &fileInfo{modeOf(name, info)}
		list = append(list, item)
		return nil
	})
	return list, err
}

// installedAs is where a package has a file: Debian has a place of its own for completions of
// zsh, and a name for licences.
func installedAs(name, format string) string {
	if format == "deb" {
		name = strings.Replace(name, "share/zsh/site-functions/", "share/zsh/vendor-completions/", 1)
		name = strings.Replace(name, "share/doc/git-datapact/LICENSE", "share/doc/git-datapact/copyright", 1)
	}
	return "/usr/" + name
}

// pack has nfpm make a package.
func (r *release) pack(ctx context.Context, format string, m manifest) error {
	data, err := json.Marshal(m) // which is YAML too
	if err != nil {
		return err
	}
	config := filepath.Join(r.work, "nfpm.yaml")
	if err := os.WriteFile(config, data, 0o666); err != nil {
		return err
	}
	before, err := os.ReadDir(r.out)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "run", nfpm, "package", "--config", config, "--packager", format, "--target", r.out+string(filepath.Separator))
	cmd.Env = append(os.Environ(), "SOURCE_DATE_EPOCH="+strconv.FormatInt(r.time.Unix(), 10))
	if err := run(cmd); err != nil {
		return err
	}
	after, err := os.ReadDir(r.out)
	for _, entry := range after {
		if !slices.ContainsFunc(before, func(b fs.DirEntry) bool { return b.Name() == entry.Name() }) {
			fmt.Println(entry.Name())
		}
	}
	return err
}
