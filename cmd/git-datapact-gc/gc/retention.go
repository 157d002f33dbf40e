package gc

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/receipts/gc"
)

// keeps reports whether the command line says which executions keep their blobs.
func (c *command) keeps() bool { return c.KeepLast > 0 || c.KeepWithin > 0 || c.KeepTagged }

func (c *command) checkRetention() error {
	switch {
	case c.Retention && c.keeps():
		return errors.New("--retention is what jobs say: want it, or --keep-last, --keep-within and --keep-tagged")
	case c.KeepLast < 0:
		return fmt.Errorf("--keep-last %d: want a number of executions", c.KeepLast)
	}
	return nil
}

// retention tells which executions of a branch keep their blobs, nil where all do.
func (c *command) retention(repository *gitcmd.Repository) func(context.Context, string) (gc.Retention, bool, error) {
	switch {
	case c.keeps():
		all := gc.Retention{Last: c.KeepLast, Within: time.Duration(c.KeepWithin), Tagged: c.KeepTagged, Why: "git datapact gc" + c.flags()}
		return func(context.Context, string) (gc.Retention, bool, error) { return all, true, nil }
	case c.Retention:
		open := jobs.Later(repository)
		return func(ctx context.Context, branch string) (gc.Retention, bool, error) { return ofJob(ctx, open, branch) }
	}
	return nil
}

// flags are those that say what is kept.
func (c *command) flags() string {
	var text strings.Builder
	if c.KeepLast > 0 {
		fmt.Fprintf(&text, " --keep-last %d", c.KeepLast)
	}
	if c.KeepWithin > 0 {
		fmt.Fprintf(&text, " --keep-within %v", c.KeepWithin)
	}
	if c.KeepTagged {
		text.WriteString(" --keep-tagged")
	}
	return text.String()
}

// ofJob is the retention that the job of a branch has.
func ofJob(ctx context.Context, open jobs.Opener, branch string) (gc.Retention, bool, error) {
	catalog, err := open(ctx)
	if err != nil {
		return gc.Retention{}, false, err
	}
	job, err := catalog.Job(ctx, branch)
	if err != nil || job.Retention == nil {
		return gc.Retention{}, false, err
	}
	return gc.Retention{
		Last: job.Retention.KeepLast, Within: job.Retention.KeepWithin, Tagged: job.Retention.KeepTagged, Why: "retention of the job",
	}, true, nil
}
