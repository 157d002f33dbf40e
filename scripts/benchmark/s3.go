package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// A transfer is what is moved to a server of S3 and back, and what it took.
type transfer struct {
	Name  string `json:"name"`
	Files int    `json:"files"`
	Bytes int64  `json:"bytes"`
	Up    sides  `json:"up"`
	Down  sides  `json:"down"`
	One   *costs `json:"one,omitempty"` // file of a bundle

	packed bool // in a bundle
	make   func(dir string, t *transfer) error
}

// manyFiles is how many files it takes for their deletion to be felt.
const manyFiles = 1000

// putAway gets a folder with the transfer's files out of the way. For minutes, ext4 is slow to
// make files where it has just deleted many, whoever makes them: these stay to the end.
func (t *transfer) putAway(folder string) error {
	if t.Files < manyFiles {
		return os.RemoveAll(folder)
	}
	away, err := os.MkdirTemp(filepath.Dir(folder), "left-")
	if err != nil {
		return err
	}
	return os.Rename(folder, filepath.Join(away, filepath.Base(folder)))
}

// The sides of a transfer are ours and rclone's, each in the same rounds.
type sides struct {
	Ours   costs   `json:"datapact"`
	Theirs costs   `json:"rclone"`
	Ratio  float64 `json:"ratio"` // of the medians of seconds
}

// The costs of one side are those of all rounds: the worst of memory and scratch space.
type costs struct {
	Median  float64 `json:"median"` // seconds
	Worst   float64 `json:"worst"`
	Memory  int64   `json:"memory"`  // bytes, of all processes together
	Scratch int64   `json:"scratch"` // bytes in the folder for temporary files

	all []cost
}

func (c *costs) settle() {
	var seconds []float64
	for _, one := range c.all {
		seconds = append(seconds, one.seconds)
		c.Memory, c.Scratch = max(c.Memory, one.memory), max(c.Scratch, one.scratch)
	}
	c.Median, c.Worst = median(seconds), slices.Max(seconds)
}

// transfers are those of the benchmark, with a part of their bytes or files.
func transfers(part float64) []*transfer {
	const random, csv, small = 1 << 30, 690_000_000, 10_000
	return []*transfer{
		{Name: "random", Files: 1, Bytes: int64(random * part), make: makeRandom},
		{Name: "csv", Files: 1, Bytes: int64(csv * part), make: makeCSV},
		{Name: "small", Files: max(1, int(small*part)), Bytes: 4096 * max(1, int64(small*part)), make: makeSmall},
	}
}

// benchS3 measures recording to a server of S3 on this machine, and fetching from it, beside
// rclone with the same files.
func benchS3(ctx context.Context, dir string, p plan) (err error) {
	server, err := startS3(ctx, filepath.Join(dir, "s3"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.stop()) }()
	for _, name := range []string{"rclone", "diff", "sync"} {
		if _, err := exec.LookPath(name); err != nil {
			return fmt.Errorf("%w: on Debian, apt-get install %s", err, name)
		}
	}
	all := append(transfers(p.part), bundle(p.part))
	for _, t := range all {
		b := &s3Bench{server: server, dir: filepath.Join(dir, t.Name), transfer: t}
		if err := b.run(ctx, p.rounds); err != nil {
			return fmt.Errorf("%s: %w", t.Name, err)
		}
	}
	printTransfers(all, p.rounds)
	return writeJSON(p.json, all)
}

func printTransfers(all []*transfer, rounds int) {
	fmt.Printf("to and from S3 on this machine, beside rclone: medians (worst) of %d rounds\n\n", rounds)
	fmt.Printf("%-8s %6s %9s %-5s %17s %17s %6s %20s %12s\n", "", "files", "MB", "", "datapact s", "rclone s", "ratio", "MiB, ours / theirs", "scratch MiB")
	for _, t := range all {
		for _, way := range []struct {
			name string
			s    sides
		}{{"up", t.Up}, {"down", t.Down}} {
			o, r := way.s.Ours, way.s.Theirs
			fmt.Printf("%-8s %6d %9.1f %-5s %8.2f (%6.2f) %8.2f (%6.2f) %6.2f %11d / %6d %12d\n", t.Name, t.Files, float64(t.Bytes)/1e6, way.name,
				o.Median, o.Worst, r.Median, r.Worst, way.s.Ratio, o.Memory>>20, r.Memory>>20, o.Scratch>>20)
		}
		if one := t.One; one != nil {
			fmt.Printf("%-8s %6d %9s %-5s %8.2f (%6.2f)\n", t.Name, 1, "", "down", one.Median, one.Worst)
		}
	}
	fmt.Println()
}

// An s3Bench is one transfer at work.
type s3Bench struct {
	server   *s3Server
	dir      string
	transfer *transfer
}

func (b *s3Bench) run(ctx context.Context, rounds int) error {
	source := filepath.Join(b.dir, "result")
	if err := os.MkdirAll(source, 0o777); err != nil {
		return err
	}
	if err := b.transfer.make(source, b.transfer); err != nil {
		return err
	}
	steps := b.transfer.steps()
	for range rounds {
		if err := b.round(ctx, steps); err != nil {
			return err
		}
	}
	for _, s := range []*sides{&b.transfer.Up, &b.transfer.Down} {
		s.Ours.settle()
		s.Theirs.settle()
		s.Ratio = s.Ours.Median / s.Theirs.Median
	}
	if b.transfer.One != nil {
		b.transfer.One.settle()
	}
	return b.transfer.putAway(b.dir)
}

// An s3Step is a script that is measured.
type s3Step struct {
	script string
	into   *costs
}

// steps move everything by both, to a bucket of its own each, and back. What we pack goes
// through tar, zstd and rclone on the other side, and one file comes out of it first.
func (t *transfer) steps() []s3Step {
	fetch := s3Step{"git-datapact-fetch -C repository -q data -o ../ours", &t.Down.Ours}
	if !t.packed {
		return []s3Step{
			{"git-datapact-record -C repository -q --branch data ../result", &t.Up.Ours},
			{"rclone copy --transfers 16 result s3:theirs", &t.Up.Theirs},
			fetch,
			{"rclone copy --transfers 16 s3:theirs theirs", &t.Down.Theirs},
		}
	}
	t.One = new(costs)
	return []s3Step{
		{"git-datapact-record -C repository -q --branch data --filter 'images/=tar,zstd' ../result", &t.Up.Ours},
		{"tar -C result -c images | zstd -T0 -q | rclone rcat s3:theirs/stored", &t.Up.Theirs},
		{"git-datapact-cat -C repository data:images/000/01 >one && cmp one result/images/000/01", t.One},
		fetch,
		{"mkdir theirs && rclone cat s3:theirs/stored | zstd -dcq | tar -C theirs -x", &t.Down.Theirs},
	}
}

// round takes all steps, and compares what came back. Our repository is new: another would know
// the files from the last round, and ask whether the store has them still.
func (b *s3Bench) round(ctx context.Context, steps []s3Step) error {
	if err := run(ctx, b.dir, nil, "sh", "-ec", newDataset); err != nil {
		return err
	}
	for _, step := range steps {
		if err := run(ctx, b.dir, nil, "sync"); err != nil {
			return err
		}
		one, err := measured(ctx, b.dir, step.script, b.server.env())
		if err != nil {
			return err
		}
		step.into.all = append(step.into.all, one)
	}
	for _, folder := range []string{"ours", "theirs"} {
		if err := run(ctx, b.dir, nil, "diff", "-rq", "-x", ".datapact", "-x", ".gitignore", "result", folder); err != nil {
			return fmt.Errorf("what came back differs: %w", err)
		}
		if err := b.transfer.putAway(filepath.Join(b.dir, folder)); err != nil {
			return err
		}
	}
	if err := b.transfer.putAway(filepath.Join(b.dir, "repository")); err != nil {
		return err
	}
	return b.server.empty(b.transfer)
}
