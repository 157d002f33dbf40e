package main

import (
	"context"
	"crypto/sha1"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A pipeline is a repository of two jobs, where each receipt of "source" was read by one
// of "data".
type pipeline struct {
	dir     string
	name    string
	items   int // of each branch
	bulk    int // how many of them a commit records
	outputs []json.RawMessage
}

// objects is how many blobs the receipts of a pipeline share.
const objects = 1000

// benchScale measures what looks at all receipts, and what should not, on branches of
// several sizes. What has been measured is printed also if it is interrupted.
func benchScale(ctx context.Context, dir string, sizes []int, p plan) error {
	var t table
	err := t.scale(ctx, dir, sizes, p)
	title := fmt.Sprintf("Two branches of that many receipts each, medians of %d runs: ms (ms of CPU, MiB)", p.runs)
	if p.bulk > 1 {
		title += fmt.Sprintf("; each commit records %d but for the last thousand", p.bulk)
	}
	t.printSizes(title)
	return errors.Join(err, t.write(p.json))
}

func (t *table) scale(ctx context.Context, dir string, sizes []int, p plan) error {
	for _, size := range sizes {
		name := fmt.Sprint(size)
		r := &pipeline{dir: filepath.Join(dir, name), name: name, items: size, bulk: p.bulk}
		if err := r.generate(ctx); err != nil {
			return fmt.Errorf("generating %d receipts: %w", size, err)
		}
		for _, step := range r.steps() {
			if err := r.measure(ctx, step, t, p.runs); err != nil {
				return fmt.Errorf("%d receipts: %s: %w", size, step.name, err)
			}
		}
		if !p.keep {
			if err := os.RemoveAll(r.dir); err != nil {
				return err
			}
		}
	}
	return nil
}

// measure runs a step a few times, in turn with what git does for the same where it says
// so. The first run, which may have to read everything, is a step of its own.
func (r *pipeline) measure(ctx context.Context, step scaleStep, t *table, runs int) error {
	for i := range runs + 1 {
		if step.before != nil {
			if err := step.before(ctx); err != nil {
				return err
			}
		}
		one, err := measured(ctx, r.dir, "{ "+step.script+"; } >/dev/null || test $? = 1", nil)
		if err != nil {
			return err
		}
		switch {
		case i > 0:
			t.add(step.name, r.name, "datapact", one)
		case step.first:
			t.add(step.name+", the first time", r.name, "datapact", one)
		}
		if i == 0 || step.git == "" {
			continue
		}
		if one, err = measured(ctx, r.dir, step.git, nil); err != nil {
			return err
		}
		t.add(step.name, r.name, "limit", one)
		if one.seconds > 20 { // once is enough
			return nil
		}
	}
	return nil
}

// A scaleStep is a script that is measured; a status of 1 is an answer.
type scaleStep struct {
	name, script string
	git          string // what git does for the same, "" for nothing
	first        bool   // whether the first run is measured
	before       func(context.Context) error
}

func (r *pipeline) steps() []scaleStep {
	old := r.items / 100
	if r.bulk > 1 { // one that was recorded by a commit of its own
		old = max(old, r.items-lately/2)
	}
	value := fmt.Sprintf("git-datapact-show data@{version=%d}", old)
	all := "git log --all --raw --no-abbrev --no-renames -z >/dev/null"
	list := all + "; find .git/datapact/blobs -type f >/dev/null"
	return []scaleStep{
		{name: "status", script: "git-datapact-status", first: true},
		{name: "status, 10 new", script: "git-datapact-status", before: r.grow},
		{name: "run --dry-run", script: "git-datapact-run --dry-run 2>&1"},
		{name: "run --dry-run, 10 new", script: "git-datapact-run --dry-run 2>&1", before: r.grow},
		{name: "show B@{old value}", script: value},
		{name: "show B@{old value}, 10 new", script: value, before: r.grow},
		{name: "find --where", script: fmt.Sprintf("git-datapact-find --where version=%d", old)},
		{name: "find --path", script: "git-datapact-find --path '*none*'"},
		{name: "log -n 20", script: "git-datapact-log -n 20 data"},
		{name: "show by id", script: "git-datapact-show source@" + r.source(old).id},
		{name: "record", script: "git-datapact-record -q --branch source build/result"},
		{name: "replay", script: "git-datapact-replay -q data@" + r.reader(r.items/2).id},
		{name: "validate of one", script: "git-datapact-validate data~1..data"},
		{name: "verify --exists", script: "git-datapact-verify -q --exists", git: list},
		{name: "gc", script: "git-datapact-gc -q --gone=seed", git: list},
		{name: "site", script: "git-datapact-site -q -o ../site-" + r.name, first: true},
		{name: "site, 10 new", script: "git-datapact-site -q -o ../site-" + r.name, before: r.grow},
	}
}

// generate makes the repository. Its blobs are those of one recording.
func (r *pipeline) generate(ctx context.Context) error {
	const script = `git init -q -b main . && git commit -q --allow-empty -m x && git-datapact-branch -q seed
mkdir -p build/result && for i in $(seq %d); do echo $i >build/result/$i.csv; done
git-datapact-record -q --branch seed build/result && git-datapact-show --json seed >receipt.json
for branch in source data; do cp -R .git/datapact/blobs/seed .git/datapact/blobs/$branch; done
rm -r build/result && mkdir build/result && echo a,b >build/result/rows.csv && git branch -q -D seed`
	if err := os.MkdirAll(r.dir, 0o777); err != nil {
		return err
	}
	if err := run(ctx, r.dir, nil, "sh", "-ec", fmt.Sprintf(script, objects)); err != nil {
		return err
	}
	data, err := os.ReadFile(filepath.Join(r.dir, "receipt.json"))
	if err != nil {
		return err
	}
	var recorded struct {
		Output []json.RawMessage `json:"output"`
	}
	if err := json.Unmarshal(data, &recorded); err != nil {
		return err
	}
	if r.outputs = recorded.Output; len(r.outputs) != objects {
		return errors.New("the recording does not tell its outputs")
	}
	err = r.imports(ctx, func(w io.Writer) error {
		return errors.Join(writeCommitOn(w, "source", start, "start", "config/job.json", "{}\n"),
			writeCommitOn(w, "data", start, "start", "config/job.json", `{"input":[{"branch":"source"}]}`+"\n"))
	})
	if err == nil {
		err = r.records(ctx, "source", r.source)
	}
	if err == nil {
		err = r.records(ctx, "data", r.reader)
	}
	if err != nil || r.bulk < 2 {
		return err
	}
	return run(ctx, r.dir, nil, "git", "repack", "-d", "-q") // the trees
}

// grow adds ten receipts to the source.
func (r *pipeline) grow(ctx context.Context) error {
	from := r.items
	r.items += news
	return r.imports(ctx, func(w io.Writer) error { return writeBranch(w, "source", r.source, from, r.items) })
}

func (r *pipeline) imports(ctx context.Context, write func(io.Writer) error) error {
	return imports(ctx, r.dir, write)
}

// lately is how many receipts at the end of a branch have a commit each in any case.
const lately = 1000

// records makes a branch of all receipts.
func (r *pipeline) records(ctx context.Context, branch string, of func(int) receipt) error {
	many := &bulk{dir: r.dir, branch: branch}
	at := 0
	for ; r.bulk > 1 && at < r.items-lately; at += r.bulk {
		var list []receipt
		for i := at; i < min(at+r.bulk, r.items-lately); i++ {
			list = append(list, of(i))
		}
		if err := many.record(ctx, list); err != nil {
			return err
		}
	}
	return r.imports(ctx, func(w io.Writer) error { return writeBranch(w, branch, of, min(at, max(r.items-lately, 0)), r.items) })
}

// writeBranch continues a branch by a commit for each receipt.
func writeBranch(w io.Writer, branch string, of func(int) receipt, from, to int) error {
	if _, err := fmt.Fprintf(w, "reset refs/heads/%s\nfrom refs/heads/%[1]s^0\n\n", branch); err != nil {
		return err
	}
	for i := from; i < to; i++ {
		one := of(i)
		if err := writeCommitOn(w, branch, one.finished, "record "+one.id[:12], one.path(), one.data); err != nil {
			return err
		}
	}
	return nil
}

// source is the receipt that a number stands for.
func (r *pipeline) source(i int) receipt {
	return r.receipt("source", i, ":item", fmt.Sprint(i))
}

// reader is the receipt of what read that.
func (r *pipeline) reader(i int) receipt {
	return r.receipt("data", i, "source", r.source(i).id)
}

func (r *pipeline) receipt(branch string, i int, input, result string) receipt {
	finished := start.Add(time.Duration(i+1) * time.Minute)
	when := finished.Format(time.RFC3339)
	return receipt{
		id:       fmt.Sprintf("%x", sha1.Sum([]byte(inputLine(input, result)))),
		finished: finished,
		data: fmt.Sprintf("{\"branch\":%q,\"input\":[{\"branch\":%q,\"result\":%q,\"timestamp\":%q}],\"metadata\":[{\"key\":\"version\",\"value\":\"%d\"}],\"output\":[%s],\"timestamp\":%q}\n",
			branch, input, result, when, i, r.outputs[i%len(r.outputs)], when),
	}
}

// printSizes writes the table as Markdown: a row for each step, a column for each size, and
// in the last one what ours takes at the largest beside git.
func (t *table) printSizes(title string) {
	t.Machine = machine()
	var sizes, names []string
	for _, f := range t.Figures {
		if !slices.Contains(names, f.Case) {
			names = append(names, f.Case)
		}
		if !slices.Contains(sizes, f.Step) {
			sizes = append(sizes, f.Step)
		}
	}
	fmt.Printf("%s; %s\n\n| | %s | beside git |\n|---|%s\n", title, t.Machine, strings.Join(sizes, " | "), strings.Repeat("---|", len(sizes)+1))
	for _, name := range names {
		fmt.Printf("| %s ", name)
		ratio := ""
		for _, size := range sizes {
			ours, git := t.lookup(name, size, "datapact"), t.lookup(name, size, "limit")
			if ours == nil {
				fmt.Print("| ")
				continue
			}
			fmt.Printf("| %.0f (%.0f, %d) ", ours.Median*1000, ours.CPU*1000, ours.Memory>>20)
			if git != nil && git.Median > 0 {
				ratio = fmt.Sprintf("%.2f", ours.Median/git.Median)
			}
		}
		fmt.Printf("| %s |\n", ratio)
	}
	fmt.Println()
}
