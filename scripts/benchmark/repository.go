package main

import (
	"bufio"
	"context"
	"crypto/sha1"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// A repository is one with a branch "data" of many receipts, packed as git packs
// it.
type repository struct {
	dir           string
	middle, newer receipt // of the middle of the history, and the newest
}

// start is when the first receipt of a generated branch was recorded.
var start = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

func generate(ctx context.Context, dir string, n int) (*repository, error) {
	r := &repository{dir: dir}
	if err := run(ctx, "", nil, "git", "init", "-q", dir); err != nil {
		return nil, err
	}
	if err := imports(ctx, dir, func(w io.Writer) error { return r.export(w, n) }); err != nil {
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

// imports has git fast-import read what is written.
func imports(ctx context.Context, dir string, write func(io.Writer) error) error {
	reader, writer := io.Pipe()
	go func() {
		out := bufio.NewWriter(writer)
		err := write(out)
		writer.CloseWithError(errors.Join(err, out.Flush()))
	}()
	return run(ctx, dir, reader, "git", "fast-import", "--quiet")
}

// export writes the branch as a stream for git fast-import: one commit a receipt.
func (r *repository) export(w io.Writer, n int) error {
	job := "{}\n"
	if err := writeCommit(w, start, "start", "config/job.json", job); err != nil {
		return err
	}
	for i := range n {
		r.newer = sample(i)
		if i == n/2 {
			r.middle = r.newer
		}
		if err := writeCommit(w, r.newer.finished, "record "+r.newer.id[:12], r.newer.path(), r.newer.data); err != nil {
			return err
		}
	}
	return nil
}

func writeCommit(w io.Writer, when time.Time, message, path, data string) error {
	return writeCommitOn(w, "data", when, message, path, data)
}

func writeCommitOn(w io.Writer, branch string, when time.Time, message, path, data string) error {
	_, err := fmt.Fprintf(w, "commit refs/heads/%s\ncommitter bench <bench@localhost> %d +0000\ndata %d\n%s\nM 100644 inline %s\ndata %d\n%s\n",
		branch, when.Unix(), len(message), message, path, len(data), data)
	return err
}

// A receipt is one as it stands on a branch.
type receipt struct {
	id, data string
	finished time.Time
}

func (r receipt) path() string { return "result/" + r.id[:2] + "/" + r.id[2:] + ".json" }

// sample is a receipt like those of a real pipeline's second stage.
func sample(i int) receipt {
	finished := start.Add(time.Duration(i+1) * time.Minute)
	line := fmt.Sprintf("{\"input\":{\"branch\":\"source\",\"result\":\"%040x\"}}\n", i)
	when := finished.Format(time.RFC3339)
	return receipt{
		id:       fmt.Sprintf("%x", sha1.Sum([]byte(line))),
		data:     fmt.Sprintf(template, i, when, i, i, i, when),
		finished: finished,
	}
}

// template wants a number, a time, the number three times, and the time.
const template = `{
  "branch": "data",
  "input": [
    {
      "branch": "source",
      "result": "%040x",
      "timestamp": "%s"
    }
  ],
  "metadata": [
    {
      "key": "version",
      "value": "%d"
    }
  ],
  "output": [
    {
      "blob": "%040x",
      "checksum": {
        "sha256": "%064x"
      },
      "filters": [
        "gz"
      ],
      "path": "filelist.gz",
      "size": 1460203
    }
  ],
  "timestamp": "%s"
}
`

func run(ctx context.Context, dir string, stdin io.Reader, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Stdin, cmd.Stderr = dir, stdin, os.Stderr
	return cmd.Run()
}
