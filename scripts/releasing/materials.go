package main

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// modulePath is the path of our own module.
const modulePath = "github.com/git-datapact/git-datapact"

// A bill says what executables are made of, in the format of https://cyclonedx.org: modules
// with their versions, checksums and licences.
type bill struct {
	Schema       string           `json:"$schema"`
	Format       string           `json:"bomFormat"`
	Spec         string           `json:"specVersion"`
	Version      int              `json:"version"`
	Metadata     metadata         `json:"metadata"`
	Components   []map[string]any `json:"components"`
	Dependencies []dependency     `json:"dependencies"`
}

type metadata struct {
	Tools     []map[string]any `json:"tools"`
	Component map[string]any   `json:"component"`
}

type dependency struct {
	Ref       string   `json:"ref"`
	DependsOn []string `json:"dependsOn,omitempty"`
}

// materials writes one bill for all executables of all platforms. One is asked for it if it is
// made of a module that none before it is made of.
func (r *release) materials(ctx context.Context) error {
	var all bill
	for _, p := range r.platforms {
		err := filepath.WalkDir(filepath.Join(r.stage(p), "bin"), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() {
				return err
			}
			info, err := buildinfo.ReadFile(path)
			if err != nil {
				return err
			}
			if missing, err := all.missing(info); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			} else if missing == "" {
				return nil
			}
			return r.describe(ctx, path, &all)
		})
		if err != nil {
			return err
		}
	}
	return r.write(all)
}

// missing returns a module that an executable is made of and the bill does not have, or "".
func (b *bill) missing(info *buildinfo.BuildInfo) (string, error) {
	if len(info.Deps) == 0 {
		return "", errors.New("does not tell what it is made of")
	}
	for _, module := range info.Deps {
		if module.Replace != nil {
			return "", fmt.Errorf("is made of a replacement for %s", module.Path)
		}
		if !slices.ContainsFunc(b.Components, func(c map[string]any) bool { return c["name"] == module.Path && c["version"] == module.Version }) {
			return module.Path + " " + module.Version, nil
		}
	}
	return "", nil
}

// describe adds what an executable is made of to a bill.
func (r *release) describe(ctx context.Context, path string, all *bill) error {
	file := filepath.Join(r.work, "bill.json")
	cmd := exec.CommandContext(ctx, "go", "run", cyclonedx, "bin", "-json", "-std", "-licenses", "-notimestamp", "-noserial", "-short-purls",
		"-version", "v"+r.version, "-output", file, path)
	cmd.Dir = r.root // whose modules have the licences
	if err := run(cmd); err != nil {
		return err
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var one bill
	if err := json.Unmarshal(data, &one); err != nil {
		return fmt.Errorf("bill of materials: %w", err)
	}
	if len(one.Metadata.Tools) == 0 || one.Metadata.Component["name"] != modulePath {
		return errors.New("bill of materials: its metadata name neither a tool nor our module")
	}
	all.add(one)
	return nil
}

// add joins two bills, and leaves out what depends on the machine: the checksum of the program
// that made them, and of the executable.
func (b *bill) add(one bill) {
	for _, described := range append(one.Metadata.Tools, one.Metadata.Component) {
		delete(described, "hashes")
	}
	if b.Format == "" {
		*b = one
		return
	}
	for _, component := range one.Components {
		if !slices.ContainsFunc(b.Components, func(c map[string]any) bool { return c["bom-ref"] == component["bom-ref"] }) {
			b.Components = append(b.Components, component)
		}
	}
	for _, d := range one.Dependencies {
		i := slices.IndexFunc(b.Dependencies, func(other dependency) bool { return other.Ref == d.Ref })
		if i < 0 {
			b.Dependencies = append(b.Dependencies, d)
			continue
		}
		refs := append(b.Dependencies[i].DependsOn, d.DependsOn...)
		slices.Sort(refs)
		b.Dependencies[i].DependsOn = slices.Compact(refs)
	}
}

// write sorts a bill, and writes it.
func (r *release) write(b bill) error {
	ref := func(c map[string]any) string { return fmt.Sprint(c["bom-ref"]) }
	slices.SortFunc(b.Components, func(a, b map[string]any) int { return strings.Compare(ref(a), ref(b)) })
	slices.SortFunc(b.Dependencies, func(a, b dependency) int { return strings.Compare(a.Ref, b.Ref) })
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(b); err != nil {
		return err
	}
	fmt.Println(r.billName())
	return os.WriteFile(filepath.Join(r.out, r.billName()), text.Bytes(), 0o666)
}

// billName is the name of the bill's file.
func (r *release) billName() string { return "git-datapact_" + r.version + "_sbom.cdx.json" }
