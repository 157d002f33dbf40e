package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A filesBench stores and restores one kind of files with every tool, each in a folder of
// its own.
type filesBench struct {
	dir      string // with the files in the folder "result"
	transfer *transfer
	table    *table
	rounds   int
}

// stepTime is how long a tool may take for one step before it is stopped.
const stepTime = 3 * time.Minute

// benchFiles measures recording and fetching with a store on this machine, beside other
// tools and beside the least that has to be done.
func benchFiles(ctx context.Context, dir string, p plan) error {
	var t table
	for _, one := range append(transfers(p.part), bundle(p.part)) {
		b := &filesBench{dir: filepath.Join(dir, one.Name), transfer: one, table: &t, rounds: p.rounds}
		if err := b.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", one.Name, err)
		}
	}
	t.print(fmt.Sprintf("Storing and restoring, medians (worst) of %d rounds in seconds", p.rounds))
	return t.write(p.json)
}

// bundle is a folder that is stored as one object.
func bundle(part float64) *transfer {
	files := max(1, int(100_000*part))
	return &transfer{Name: "bundle", Files: files, Bytes: 4096 * int64(files), packed: true, make: func(dir string, t *transfer) error {
		return makeSmall(filepath.Join(dir, "images"), t)
	}}
}

func (b *filesBench) run(ctx context.Context) error {
	source := filepath.Join(b.dir, "result")
	if err := os.MkdirAll(source, 0o777); err != nil {
		return err
	}
	if err := b.transfer.make(source, b.transfer); err != nil {
		return err
	}
	failed := map[string]bool{}
	for range b.rounds {
		for _, tool := range tools(b.transfer.Name) {
			if failed[tool.name] {
				continue
			}
			if err := b.use(ctx, tool); err != nil {
				if ctx.Err() != nil || tool.ours {
					return fmt.Errorf("%s: %w", tool.name, err)
				}
				fmt.Fprintf(os.Stderr, "bench: %s: %s: %v\n", b.transfer.Name, tool.name, err)
				failed[tool.name] = true
			}
		}
	}
	return b.transfer.putAway(b.dir)
}

// use takes all steps with a tool, and compares what it restored.
func (b *filesBench) use(ctx context.Context, tool tool) (err error) {
	work := filepath.Join(b.dir, "work")
	if err := os.Mkdir(work, 0o777); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.transfer.putAway(work)) }()
	if tool.setUp != "" {
		if err := run(ctx, work, nil, "sh", "-ec", tool.setUp); err != nil {
			return fmt.Errorf("setting up: %w", err)
		}
	}
	for _, step := range tool.steps {
		if step.name == changed {
			if b.transfer.Name != "small" {
				continue
			}
			if err := b.change(); err != nil {
				return err
			}
		}
		if err := run(ctx, work, nil, "sync"); err != nil {
			return err
		}
		if tool.ours {
			time.Sleep(time.Second) // as recordings of one job are that far apart, they are made to be
		}
		limited, cancel := context.WithTimeout(ctx, stepTime)
		one, err := measured(limited, work, step.script, nil)
		cancel()
		if err != nil {
			b.table.fail(b.transfer.Name, step.name, tool.name, limited.Err())
			return err
		}
		b.table.add(b.transfer.Name, step.name, tool.name, one)
		if step.name == first {
			if b.table.find(b.transfer.Name, first, tool.name).Stored, err = stored(work); err != nil {
				return err
			}
		}
	}
	if tool.restored == "" {
		return nil
	}
	err = run(ctx, work, nil, "diff", "-rq", "-x", ".datapact", "-x", ".git", "-x", ".gitattributes", "../result", tool.restored)
	if err != nil {
		return fmt.Errorf("what came back differs: %w", err)
	}
	return nil
}

// change gives one of a hundred small files other bytes.
func (b *filesBench) change() error {
	var seed [32]byte
	binary.LittleEndian.PutUint64(seed[:], uint64(time.Now().UnixNano()))
	random := rand.NewChaCha8(seed)
	for i := 0; i < b.transfer.Files; i += 100 {
		name := filepath.Join(b.dir, "result", fmt.Sprintf("%03d", i/100), "00")
		if err := writeFile(name, io.LimitReader(random, 4096)); err != nil {
			return err
		}
	}
	return nil
}

// stored is how many bytes a folder has.
func stored(path string) (int64, error) {
	out, err := exec.Command("du", "-sb", path).Output()
	if err != nil {
		return 0, err
	}
	count, _, found := strings.Cut(string(out), "\t")
	if !found {
		return 0, errors.New("du printed no size")
	}
	return strconv.ParseInt(count, 10, 64)
}
