// Benchmark measures the executables as a person waits for them: whole processes,
// each beside the git program answering the same question, run in turn on the
// same repository. It prints medians and their ratio.
//
// Absolute times move with the machine; the ratios are what to compare.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
)

// A plan says what to measure.
type plan struct {
	sizes            string // of branches, separated by commas
	runs             int    // of each command
	executions, outs int
	pushed, planned  int
	keep             bool

	s3, files bool   // measure transfers to and from S3, or files, and nothing else
	scale     string // sizes of branches to measure on what looks at receipts, and nothing else
	bulk      int    // how many receipts a commit of these records
	part      float64
	rounds    int
	json      string // the file that their figures are written to, too
}

func main() {
	var p plan
	flag.StringVar(&p.sizes, "receipts", "1000,100000", "sizes of the branches to measure on, separated by commas")
	flag.IntVar(&p.runs, "runs", 15, "runs of each command")
	flag.IntVar(&p.executions, "executions", 1000, "executions of a job to measure the engine with, 0 for none")
	flag.IntVar(&p.pushed, "pushed", 10_000, "receipts of a push to measure hooks with, 0 for none")
	flag.IntVar(&p.outs, "outs", 1000, "recordings through Concourse's resource, one after the other, on each branch")
	flag.IntVar(&p.planned, "planned", 100_000, "receipts of a join to measure planning with, 0 for none")
	flag.BoolVar(&p.keep, "keep", false, "keep the repositories, and say where they are")
	flag.BoolVar(&p.s3, "s3", false, "measure transfers to and from S3 beside rclone, and nothing else")
	flag.BoolVar(&p.files, "files", false, "measure storing and restoring files beside other tools, and nothing else")
	flag.StringVar(&p.scale, "scale", "", "measure what looks at receipts on branches of these sizes, such as 1000,100000, and nothing else")
	flag.IntVar(&p.bulk, "bulk", 1, "for -scale: how many receipts each commit before the last thousand records; git itself takes hours to walk a million commits")
	flag.Float64Var(&p.part, "part", 1, "for -s3 and -files: which part of 1 GiB of random bytes, 690 MB of CSV, and 10,000 files of 4 KiB to use")
	flag.IntVar(&p.rounds, "rounds", 5, "for -s3 and -files: how many rounds")
	flag.StringVar(&p.json, "json", "", "for -s3, -files and -scale: the file to write the figures to, as JSON")
	flag.Parse()
	if p.part <= 0 || p.rounds < 1 || p.bulk < 1 {
		fmt.Fprintln(os.Stderr, "bench: -part, -rounds and -bulk: want numbers above 0")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := bench(ctx, p); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func bench(ctx context.Context, p plan) (err error) {
	dir, err := os.MkdirTemp("", "datapact-bench-")
	if err != nil {
		return err
	}
	if p.keep {
		fmt.Println("repositories are kept in", dir)
	} else {
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	bin := filepath.Join(dir, "bin")
	install := exec.CommandContext(ctx, "sh", "install.sh", "--prefix", dir)
	install.Stderr = os.Stderr
	if err := install.Run(); err != nil {
		return fmt.Errorf("installing the executables: %w", err)
	}
	if err := isolate(dir, bin); err != nil {
		return err
	}
	if p.s3 {
		return benchS3(ctx, dir, p)
	}
	if p.files {
		return benchFiles(ctx, dir, p)
	}
	if p.scale != "" {
		sizes, err := parseSizes(p.scale)
		if err != nil {
			return err
		}
		return benchScale(ctx, dir, sizes, p)
	}
	if p.executions > 0 {
		if err := benchEngines(ctx, dir, p.executions); err != nil {
			return err
		}
	}
	if p.pushed > 0 {
		if err := benchPushes(ctx, dir, p.pushed); err != nil {
			return err
		}
	}
	if p.planned > 0 {
		if err := benchPlans(ctx, filepath.Join(dir, "diamond"), p.planned, p.runs); err != nil {
			return err
		}
	}
	sizes, err := parseSizes(p.sizes)
	if err != nil {
		return err
	}
	for _, n := range sizes {
		if err := benchBranch(ctx, filepath.Join(dir, strconv.Itoa(n)), n, p); err != nil {
			return err
		}
	}
	return nil
}

func parseSizes(text string) ([]int, error) {
	var sizes []int
	for size := range strings.FieldsFuncSeq(text, func(c rune) bool { return c == ',' }) {
		n, err := strconv.Atoi(size)
		if err != nil || n < 100 {
			return nil, fmt.Errorf("sizes %q: want numbers from 100", text)
		}
		sizes = append(sizes, n)
	}
	return sizes, nil
}

func benchEngines(ctx context.Context, dir string, executions int) error {
	fmt.Printf("git datapact run --jobs %d: ms for each execution\n\n", engineJobs)
	fmt.Printf("%-10s %10s %14s %14s %14s\n", "recorded", "executed", "all", "the task", "the engine")
	for _, recorded := range []int{100, 10_000} {
		if err := benchEngine(ctx, filepath.Join(dir, fmt.Sprintf("jobs-%d", recorded)), recorded, executions); err != nil {
			return err
		}
	}
	fmt.Println()
	return nil
}

// isolate keeps the user's configuration out of the measurement.
func isolate(dir, bin string) error {
	for name, value := range map[string]string{
		"PATH": bin + string(os.PathListSeparator) + os.Getenv("PATH"),
		"HOME": dir, "GIT_CONFIG_NOSYSTEM": "1", "DATAPACT_STORE": "",
		"GIT_AUTHOR_NAME": "bench", "GIT_AUTHOR_EMAIL": "bench@localhost",
		"GIT_COMMITTER_NAME": "bench", "GIT_COMMITTER_EMAIL": "bench@localhost",
	} {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	return nil
}

// benchBranch measures on one branch of n receipts.
func benchBranch(ctx context.Context, dir string, n int, p plan) error {
	repository, err := generate(ctx, dir, n)
	if err != nil {
		return fmt.Errorf("generating %d receipts: %w", n, err)
	}
	fmt.Printf("a branch of %d receipts in %d commits, medians of %d runs\n\n", n, n+1, p.runs)
	fmt.Printf("%-34s %12s %12s %8s\n", "", "datapact ms", "git ms", "ratio")
	for _, c := range repository.cases() {
		ours, theirs, err := compare(ctx, dir, c, p.runs)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		fmt.Printf("%-34s %12.1f %12.1f %8.2f\n", c.name, ours, theirs, ours/theirs)
	}
	fmt.Println()
	if err := benchResource(ctx, repository, n, p); err != nil {
		return fmt.Errorf("resource: %w", err)
	}
	fmt.Println()
	return nil
}
