package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// A comparison is two shell commands that answer one question.
type comparison struct{ name, ours, theirs string }

// cases are the questions. Each side of a write makes one commit.
func (r *repository) cases() []comparison {
	list := `git ls-tree -r --format='%(objectname)' data result`
	return []comparison{
		{"--version", "git datapact --version", "git --version"},
		{"start of a command with blobs", "git-datapact-fetch --version", "git --version"},
		{"newest (log -n 1)", "git-datapact-log -n 1 data",
			`git log --first-parent -1 --raw --no-abbrev data -- result && git cat-file blob data:` + r.newer.path()},
		{"log -n 20", "git-datapact-log -n 20 data",
			list20 + ` | git cat-file --batch`},
		{"show by id, with its commit", "git-datapact-show data@" + r.middle.id,
			"git cat-file blob data:" + r.middle.path() + " && git log -1 --first-parent --format=%H data -- " + r.middle.path()},
		{"find by metadata, not there", "git-datapact-show data@{version=none} || true", list + " | git cat-file --batch --buffer | grep none || true"},
		{"all receipts (log)", "git-datapact-log data", list + " | git cat-file --batch --buffer"},
		{"all with commits (log --json)", "git-datapact-log --json data",
			"git log --first-parent --raw --no-abbrev --no-renames -z data -- result"},
		{"gc, nothing to delete", "git-datapact-gc || test $? = 1",
			"git log --all --raw --no-abbrev --no-renames -z && " + list + " | git cat-file --batch --buffer"},
		{"record one small result", "git-datapact-record -q --branch data build/result",
			fastImport},
	}
}

const list20 = `git log --first-parent -20 --raw --no-abbrev --format= data -- result | cut -d" " -f4`

// fastImport is the quickest commit of one file that the git program offers.
const fastImport = `h=$(git rev-parse data); printf 'commit refs/heads/data\ncommitter b <b@localhost> now\ndata 1\nx\nfrom %s\nM 100644 inline result/ff/%s.json\ndata 2\n{}\n' "$h" "$h" | git fast-import --quiet --date-format=now`

// compare runs both sides in turn and returns the medians in milliseconds.
func compare(ctx context.Context, dir string, c comparison, runs int) (ours, theirs float64, err error) {
	times := [2][]float64{}
	for i := range runs + 1 {
		for side, command := range []string{c.ours, c.theirs} {
			took, err := timed(ctx, dir, command)
			if err != nil {
				return 0, 0, err
			}
			if i > 0 { // the first run warms up
				times[side] = append(times[side], took)
			}
		}
	}
	return median(times[0]), median(times[1]), nil
}

func timed(ctx context.Context, dir, command string) (float64, error) {
	cmd := exec.CommandContext(ctx, "sh", "-c", command)
	cmd.Dir = dir
	var complaint strings.Builder
	cmd.Stderr = &complaint
	if os.Getenv("DATAPACT_BENCH_VERBOSE") != "" {
		cmd.Stdout = os.Stderr
	}
	begun := time.Now()
	if err := cmd.Run(); err != nil {
		return 0, fmt.Errorf("%s: %w: %s", command, err, complaint.String())
	}
	return float64(time.Since(begun).Microseconds()) / 1000, nil
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}
