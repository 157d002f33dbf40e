package main

import (
	"context"
	"crypto/sha1"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// A diamond is a repository of four jobs: a and b read src, and ab joins them.
type diamond struct {
	dir, server string
	items       int // of each branch
}

// inputLine is an input as the id of a receipt is made of it.
func inputLine(branch, id string) string {
	return fmt.Sprintf("{\"input\":{\"branch\":%q,\"result\":%q}}\n", branch, id)
}

// planned is the receipt of a branch that reads others.
func planned(branch string, when time.Time, inputs ...[2]string) receipt {
	lines, list := "", ""
	for i, in := range inputs {
		if lines += inputLine(in[0], in[1]); i > 0 {
			list += ","
		}
		stamp := when.Add(-time.Duration(i+1) * time.Second).Format(time.RFC3339)
		if in[0][0] != ':' {
			stamp = start.Format(time.RFC3339)
		}
		list += fmt.Sprintf("{\"branch\":%q,\"result\":%q,\"timestamp\":%q}", in[0], in[1], stamp)
	}
	return receipt{
		id: fmt.Sprintf("%x", sha1.Sum([]byte(lines))), finished: when,
		data: fmt.Sprintf("{\"branch\":%q,\"input\":[%s],\"output\":[],\"timestamp\":%q}\n", branch, list, start.Format(time.RFC3339)),
	}
}

// write puts items from one number to another on all branches but the last, which joins
// them, where that is wanted.
func (d *diamond) write(w io.Writer, from, to int, join bool) error {
	for i := from; i < to; i++ {
		when := start.Add(time.Duration(i) * time.Minute)
		src := planned("src", when, [2]string{":item", fmt.Sprint(i)})
		a, b := planned("a", when, [2]string{"src", src.id}), planned("b", when, [2]string{"src", src.id})
		list := []struct {
			branch string
			receipt
		}{{"src", src}, {"a", a}, {"b", b}}
		if join {
			list = append(list, struct {
				branch string
				receipt
			}{"ab", planned("ab", when, [2]string{"a", a.id}, [2]string{"b", b.id})})
		}
		for _, one := range list {
			if i == from && from > 0 { // on top of what is there
				if _, err := fmt.Fprintf(w, "reset refs/heads/%s\nfrom refs/heads/%s^0\n\n", one.branch, one.branch); err != nil {
					return err
				}
			}
			if err := writeCommitOn(w, one.branch, when, "record "+one.id[:12], one.path(), one.data); err != nil {
				return err
			}
		}
	}
	return nil
}

func newDiamond(ctx context.Context, dir string, items int) (*diamond, error) {
	d := &diamond{dir: dir, server: filepath.Join(dir, ".git"), items: items}
	if err := run(ctx, "", nil, "git", "init", "-q", dir); err != nil {
		return nil, err
	}
	return d, d.imports(ctx, func(w io.Writer) error {
		for branch, job := range map[string]string{
			"src": `{}`, "a": `{"input":[{"branch":"src"}]}`, "b": `{"input":[{"branch":"src"}]}`, "ab": `{"input":[{"branch":"a"},{"branch":"b"}]}`,
		} {
			if err := writeCommitOn(w, branch, start, "start", "config/job.json", job+"\n"); err != nil {
				return err
			}
		}
		return d.write(w, 0, items, true)
	})
}

func (d *diamond) imports(ctx context.Context, write func(io.Writer) error) error {
	if err := imports(ctx, d.dir, write); err != nil {
		return err
	}
	return run(ctx, d.dir, nil, "git", "gc", "-q")
}

// benchPlans measures planning: as status does, and as the check of a plan does with
// nothing new and with some new. Beside it, git reads all the receipts.
func benchPlans(ctx context.Context, dir string, receipts, runs int) error {
	d, err := newDiamond(ctx, dir, receipts/4)
	if err != nil {
		return fmt.Errorf("generating a diamond: %w", err)
	}
	fmt.Printf("a join of two, %d receipts on each of four branches, medians of %d runs, ms\n\n", d.items, runs)
	read := "for b in src a b ab; do git ls-tree -r $b result/; done | cut -c13-52 | git cat-file --batch --buffer >/dev/null"
	for _, c := range []struct{ name, script string }{
		{"git reads all receipts", read},
		{"status of all", "git datapact status >/dev/null"},
		{"status ab", "git datapact status ab >/dev/null"},
		{"run --dry-run", "git datapact run --dry-run >/dev/null 2>&1"},
	} {
		took, err := medianOf(ctx, d.dir, runs, c.script)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		fmt.Printf("%-34s %12.1f\n", c.name, took)
	}
	return d.checks(ctx, runs)
}

func (d *diamond) checks(ctx context.Context, runs int) error {
	ask := func(version string) string {
		return fmt.Sprintf(`printf '%%s' '{"source":{"uri":"file://%s","plan":"ab"}%s}' | git datapact resource check`, d.server, version)
	}
	// One that is due opens the job.
	if err := d.imports(ctx, func(w io.Writer) error { return d.write(w, d.items, d.items+1, false) }); err != nil {
		return err
	}
	begun := time.Now()
	out, err := exec.CommandContext(ctx, "sh", "-c", ask("")).Output()
	if err != nil {
		return fmt.Errorf("the first check: %w", err)
	}
	fmt.Printf("%-34s %12.1f\n", "check of the plan, no clone yet", float64(time.Since(begun).Microseconds())/1000)
	version := strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(string(out)), "["), "]")
	nothing, err := medianOf(ctx, d.dir, runs, ask(`,"version":`+version)+" >/dev/null")
	if err != nil {
		return err
	}
	fmt.Printf("%-34s %12.1f\n", "check of the plan, nothing new", nothing)
	version = strings.Replace(version, `"first":"yes"`, `"first":""`, 1)
	if err := d.imports(ctx, func(w io.Writer) error { return d.write(w, d.items+1, d.items+1+news, false) }); err != nil {
		return err
	}
	out, err = exec.CommandContext(ctx, "sh", "-c", ask(`,"version":`+version)).Output()
	if err != nil {
		return err
	}
	if n := strings.Count(string(out), `"receipt"`); n != news+1 {
		return fmt.Errorf("check answered %d versions, want %d", n, news+1)
	}
	some, err := medianOf(ctx, d.dir, runs, ask(`,"version":`+version)+" >/dev/null")
	if err != nil {
		return err
	}
	fmt.Printf("%-34s %12.1f\n\n", fmt.Sprintf("check of the plan, %d new", news), some)
	return nil
}

// medianOf is the median time of a script, in ms. That something is due is no failure.
func medianOf(ctx context.Context, dir string, runs int, script string) (float64, error) {
	var took []float64
	for range runs {
		cmd := exec.CommandContext(ctx, "sh", "-c", script)
		cmd.Dir, cmd.Stderr = dir, os.Stderr
		begun := time.Now()
		err := cmd.Run()
		if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && (!ok || exit.ExitCode() != 1) {
			return 0, err
		}
		took = append(took, float64(time.Since(begun).Microseconds())/1000)
	}
	return median(took), nil
}
