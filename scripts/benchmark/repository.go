package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/git-datapact/git-datapact/receipts"
)

// A repository is one with a branch "data" of many receipts, packed as git packs
// it.
type repository struct {
	dir           string
	middle, newer receipts.ID // of the middle of the history, and the newest
}

// start is when the first receipt of a generated branch was recorded.
var start = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

func generate(ctx context.Context, dir string, n int) (*repository, error) {
	r := &repository{dir: dir}
	if err := run(ctx, "", nil, "git", "init", "-q", dir); err != nil {
		return nil, err
	}
	reader, writer := io.Pipe()
	go func() {
		out := bufio.NewWriter(writer)
		err := r.export(out, n)
		if err == nil {
			err = out.Flush()
		}
		writer.CloseWithError(err)
	}()
	if err := run(ctx, dir, reader, "git", "fast-import", "--quiet"); err != nil {
		return nil, err
	}
	if err := run(ctx, dir, nil, "git", "gc", "-q"); err != nil {
		return nil, err
	}
	result := filepath.Join(dir, "build", "result")
	if err := os.MkdirAll(result, 0o777); err != nil {
		return nil, err
	}
	return r, os.WriteFile(filepath.Join(result, "rows.csv"), []byte("a,b\n1,2\n"), 0o666)
}

// export writes the branch as a stream for git fast-import: one commit a receipt.
func (r *repository) export(w io.Writer, n int) error {
	job := "{}\n"
	if err := writeCommit(w, start, "start", "config/job.json", job); err != nil {
		return err
	}
	for i := range n {
		receipt := sample(i)
		data, err := receipt.Encode()
		if err != nil {
			return err
		}
		if i == n/2 {
			r.middle = receipt.ID()
		}
		r.newer = receipt.ID()
		message := "record " + string(r.newer[:12])
		if err := writeCommit(w, receipt.Timestamp.Time(), message, r.newer.Path(), string(data)); err != nil {
			return err
		}
	}
	return nil
}

func writeCommit(w io.Writer, when time.Time, message, path, data string) error {
	_, err := fmt.Fprintf(w, "commit refs/heads/data\ncommitter bench <bench@localhost> %d +0000\ndata %d\n%s\nM 100644 inline %s\ndata %d\n%s\n",
		when.Unix(), len(message), message, path, len(data), data)
	return err
}

// sample is a receipt like those of a real pipeline's second stage.
func sample(i int) *receipts.Receipt {
	finished := receipts.NewTimestamp(start.Add(time.Duration(i+1) * time.Minute))
	digest := fmt.Sprintf("%064x", i)
	return &receipts.Receipt{
		Branch:    "data",
		Input:     []receipts.Input{{Branch: "source", Result: fmt.Sprintf("%040x", i), Timestamp: finished}},
		Metadata:  []receipts.Metadata{{Key: "version", Value: fmt.Sprint(i)}},
		Timestamp: finished,
		Output: []receipts.Output{{
			Blob: digest[:40], Checksum: receipts.Checksum{SHA256: digest}, Filters: []string{"gz"}, Path: "filelist.gz", Size: 1460203,
		}},
	}
}

func run(ctx context.Context, dir string, stdin io.Reader, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Stdin, cmd.Stderr = dir, stdin, os.Stderr
	return cmd.Run()
}
