package main

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// The engine is measured with a task that costs as little as one can: it copies its
// input.
const (
	engineJobs = 2
	engineTask = `{"input": [{"branch": "source"}], "task": {"run": {"path": "cp", "args": ["source/n", "result/n"]}}}`
	engineData = "1\n"
)

// benchEngine measures what `git datapact run` takes for each of n executions, beside
// the task itself, on branches that hold recorded receipts already.
func benchEngine(ctx context.Context, dir string, recorded, n int) error {
	if err := generateJobs(ctx, dir, recorded, n); err != nil {
		return fmt.Errorf("generating jobs: %w", err)
	}
	work := filepath.Join(dir, "task")
	if err := os.MkdirAll(work, 0o777); err != nil {
		return err
	}
	var tasks []float64
	for range 100 {
		took, err := timedRun(ctx, work, "cp", filepath.Join(dir, "n"), "n")
		if err != nil {
			return err
		}
		tasks = append(tasks, took)
	}
	task := median(tasks)
	begun := time.Now()
	if err := run(ctx, dir, nil, "git-datapact-run", "-q", "--jobs", fmt.Sprint(engineJobs)); err != nil {
		return fmt.Errorf("running the jobs: %w", err)
	}
	each := float64(time.Since(begun).Microseconds()) / 1000 * engineJobs / float64(n)
	fmt.Printf("%-10d %10d %14.1f %14.1f %14.1f\n", recorded, n, each, task, each-task)
	return nil
}

func timedRun(ctx context.Context, dir, name string, args ...string) (float64, error) {
	begun := time.Now()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	err := cmd.Run()
	return float64(time.Since(begun).Microseconds()) / 1000, err
}

// generateJobs makes a repository with the branches source and next: next has
// receipts for the first of source's, and lacks n.
func generateJobs(ctx context.Context, dir string, recorded, n int) error {
	if err := run(ctx, "", nil, "git", "init", "-q", dir); err != nil {
		return err
	}
	if err := imports(ctx, dir, func(w io.Writer) error { return exportJobs(w, recorded, n) }); err != nil {
		return err
	}
	if err := run(ctx, dir, nil, "git", "gc", "-q"); err != nil {
		return err
	}
	blobs := filepath.Join(dir, ".git", "datapact", "blobs", "source")
	if err := os.MkdirAll(blobs, 0o777); err != nil {
		return err
	}
	for _, file := range []string{filepath.Join(blobs, fmt.Sprintf("%x", sha1.Sum([]byte(engineData)))), filepath.Join(dir, "n")} {
		if err := os.WriteFile(file, []byte(engineData), 0o666); err != nil {
			return err
		}
	}
	return nil
}

// exportJobs writes both branches as a stream for git fast-import.
func exportJobs(w io.Writer, recorded, n int) error {
	for branch, job := range map[string]string{"source": "{}", "next": engineTask} {
		if err := writeCommitOn(w, branch, start, "start", "config/job.json", job+"\n"); err != nil {
			return err
		}
	}
	for i := range recorded + n {
		source := jobReceipt("source", ":number", fmt.Sprint(i), i)
		if err := writeCommitOn(w, "source", source.finished, "record", source.path(), source.data); err != nil {
			return err
		}
		if i >= recorded {
			continue
		}
		next := jobReceipt("next", "source", source.id, i)
		if err := writeCommitOn(w, "next", next.finished, "record", next.path(), next.data); err != nil {
			return err
		}
	}
	return nil
}

func jobReceipt(branch, input, result string, i int) receipt {
	finished := start.Add(time.Duration(i+1) * time.Minute)
	line := fmt.Sprintf("{\"input\":{\"branch\":\"%s\",\"result\":\"%s\"}}\n", input, result)
	when := finished.Format(time.RFC3339)
	return receipt{
		id:       fmt.Sprintf("%x", sha1.Sum([]byte(line))),
		data:     fmt.Sprintf(jobTemplate, branch, input, result, when, sha1.Sum([]byte(engineData)), sha256.Sum256([]byte(engineData)), when),
		finished: finished,
	}
}

// jobTemplate wants a branch, the branch, result and time of its input, a blob, its
// sha256, and a time.
const jobTemplate = `{
  "branch": "%s",
  "input": [
    {
      "branch": "%s",
      "result": "%s",
      "timestamp": "%s"
    }
  ],
  "output": [
    {
      "blob": "%x",
      "checksum": {
        "sha256": "%x"
      },
      "path": "n",
      "size": 2
    }
  ],
  "timestamp": "%s"
}
`
