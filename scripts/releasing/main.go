// Releasing makes everything of a release in a folder: see scripts/release. Whoever runs it
// on the same commit with the same Go gets the same bytes.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"
)

// Programs of others, which make packages and the bill of materials.
const (
	nfpm      = "github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.48.0"
	cyclonedx = "github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0"
)

// A release is what is made, and of what.
type release struct {
	root      string // the checkout
	version   string // without the v of tags
	time      time.Time
	work, out string // folders: what is needed in between, and what is made
	platforms []platform
}

func main() {
	r := &release{}
	flag.StringVar(&r.root, "root", ".", "the checkout to release")
	output := flag.String("output", "", "the `folder` to make, which must not exist (default .release/VERSION of the checkout)")
	snapshot := flag.Bool("snapshot", false, "release what is there, tagged or not")
	check := flag.Bool("check", false, "look into the archives that the folder has, and make nothing")
	chosen := flag.String("platforms", "", "the platforms to build for, separated by commas (default all; Homebrew and Scoop need all)")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "release: want one version, such as 0.2.0")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	r.version = flag.Arg(0)
	if *output == "" {
		*output = filepath.Join(r.root, ".release", r.version)
	}
	if *check {
		r.out, r.platforms = *output, platforms
		if err := r.check(); err != nil {
			fail(err)
		}
		return
	}
	if err := r.prepare(ctx, *chosen, *snapshot); err != nil {
		fail(err)
	}
	if err := r.into(ctx, *output); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "release: error:", err)
	os.Exit(1)
}

// prepare finds out what is to be released.
func (r *release) prepare(ctx context.Context, chosen string, snapshot bool) (err error) {
	if err := checkVersion(r.version); err != nil {
		return err
	}
	if r.platforms, err = choose(chosen); err != nil {
		return err
	}
	if !snapshot {
		if err := checkTag(ctx, r.root, "v"+r.version); err != nil {
			return err
		}
	}
	r.time, err = sourceTime(ctx, r.root)
	return err
}

// into makes the folder, which appears when everything is in it.
func (r *release) into(ctx context.Context, output string) (err error) {
	if _, err := os.Lstat(output); err == nil {
		return fmt.Errorf("%s exists: remove it, or name another folder with -output", output)
	}
	if err := os.MkdirAll(filepath.Dir(output), 0o777); err != nil {
		return err
	}
	if r.work, err = os.MkdirTemp(filepath.Dir(output), ".making-*"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(r.work)) }()
	r.out = filepath.Join(r.work, "out")
	if err := errors.Join(os.Mkdir(r.out, 0o777), r.make(ctx)); err != nil {
		return err
	}
	return os.Rename(r.out, output)
}

// make makes the files of a release: what names archives with their checksums after these, and
// the checksums of all of it at the end.
func (r *release) make(ctx context.Context) error {
	if err := r.notes(); err != nil {
		return err
	}
	for _, p := range r.platforms {
		if err := r.platform(ctx, p); err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
	}
	if err := r.materials(ctx); err != nil {
		return err
	}
	if err := r.check(); err != nil {
		return err
	}
	if len(r.platforms) < len(platforms) {
		fmt.Println("Homebrew and Scoop: left out, not all platforms are built")
	} else if err := r.recipes(); err != nil {
		return err
	}
	return writeSums(r.out)
}

// platform makes an archive, and for Linux packages, with what install.sh lays out.
func (r *release) platform(ctx context.Context, p platform) error {
	stage := r.stage(p)
	if err := r.lay(ctx, p, stage); err != nil {
		return err
	}
	name := r.archiveName(p)
	if err := archive(stage, filepath.Join(r.out, name), r.time); err != nil {
		return err
	}
	fmt.Println(name)
	if p.os != "linux" {
		return nil
	}
	return r.packages(ctx, p, stage)
}

// archiveName is the name of an archive's file.
func (r *release) archiveName(p platform) string { return r.base(p) + p.suffix() }

// base is the name of the folder that an archive holds.
func (r *release) base(p platform) string {
	return strings.Join([]string{"git-datapact", r.version, p.os, p.arch}, "_")
}

// stage is the folder with what an archive holds.
func (r *release) stage(p platform) string {
	return filepath.Join(r.work, p.os+"_"+p.arch, r.base(p))
}
