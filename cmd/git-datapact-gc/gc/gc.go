// Package gc is the command git-datapact-gc, which finds the blobs of a store that no receipt
// names, and deletes them.
package gc

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/cmd/internal/progress"
	"github.com/git-datapact/git-datapact/cmd/internal/storechoice"
	"github.com/git-datapact/git-datapact/cmd/internal/storeflag"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/gc"
)

type command struct {
	storeflag.Flags
	progress.Watch
	Delete     bool          `help:"Move the blobs to the quarantine of the store."`
	Purge      bool          `help:"Delete for good what has been in quarantine for longer than --older-than."`
	Restore    bool          `help:"Bring back everything that is in quarantine."`
	OlderThan  receipts.Age  `placeholder:"AGE" default:"2w" help:"Leave alone what is younger, such as 36h, 10d or 2w (default: 2w)."`
	TipsOnly   bool          `help:"Keep what current receipts name, and not what those in history do."`
	Retention  bool          `help:"Let go of the blobs of executions that the retention of their jobs does not keep."`
	KeepLast   int           `placeholder:"N" help:"Keep those of the N newest executions of each branch, whatever its job says."`
	KeepWithin receipts.Age  `placeholder:"AGE" help:"Keep those of executions that finished within AGE, such as 90d."`
	KeepTagged bool          `help:"Keep those of executions that tags name."`
	Offline    bool          `help:"Do not ask the remotes whether all their receipts are here."`
	Gone       []string      `type:"branch" sep:"none" placeholder:"BRANCH" help:"Take this branch, which is not here, for deleted."`
	Ignore     []gitcmd.Hash `sep:"none" placeholder:"OBJECT" help:"Give up what this receipt, which cannot be read, may name."`
	JSON       bool          `name:"json" help:"Print a JSON object per dataset and line, and one with the total."`

	shown string // the store at work, "" where there is one alone
}

func (*command) Help() string {
	return "Find the blobs of a store that no receipt names, in any branch, remote-tracking branch or tag, nor in their history. Without --delete, --purge or --restore nothing is changed."
}

// Run collects and prints what was found. That there is nothing is a negative
// answer.
func (c *command) Run(ctx context.Context, env *frame.Env) (err error) {
	defer storeflag.Hint(&err)
	if err := c.checkRetention(); err != nil {
		return gitcmd.Usage(err)
	}
	if c.Restore && (c.Retention || c.keeps() || c.Delete || c.Purge || c.TipsOnly || len(c.Gone) > 0 || len(c.Ignore) > 0) {
		return gitcmd.Usage(errors.New("--restore goes with --store and --json only"))
	}
	repository := gitcmd.Open("")
	defer repository.Close()
	chosen, err := c.Find(ctx, repository, jobs.Later(repository))
	if err != nil {
		return err
	}
	negative, all := 0, chosen.All()
	for _, one := range all {
		if len(all) > 1 {
			c.shown = one.Shown()
			env.Infof("store %s:", c.shown)
		}
		switch err := c.collect(ctx, env, repository, one); {
		case errors.Is(err, gitcmd.ErrNegative) && len(all) > 1:
			negative++
		case err != nil && len(all) > 1:
			return fmt.Errorf("store %s: %w", one.Shown(), err)
		case err != nil:
			return err
		}
	}
	if negative == len(all) {
		return gitcmd.ErrNegative
	}
	return nil
}

// collect collects in one store.
func (c *command) collect(ctx context.Context, env *frame.Env, repository *gitcmd.Repository, one storechoice.Store) error {
	store, err := c.Open(ctx, repository, one)
	if err != nil {
		return err
	}
	defer store.Close()
	line := progress.New(env, c.Watch, "Collecting garbage")
	defer line.Close()
	var report *gc.Report
	if c.Restore {
		report, err = gc.Restore(ctx, store)
	} else {
		report, err = gc.Collect(ctx, repository, store, c.options(repository, line))
	}
	line.Close()
	if report == nil {
		return err
	}
	printErr := c.print(env, report)
	if err != nil {
		return err
	}
	return printErr
}

func (c *command) options(repository *gitcmd.Repository, line *progress.Line) *gc.Options {
	return &gc.Options{
		Retention: c.retention(repository),
		Before:    time.Now().Add(-time.Duration(c.OlderThan)), TipsOnly: c.TipsOnly, Offline: c.Offline,
		Gone: c.Gone, Ignore: c.Ignore, Delete: c.Delete, Purge: c.Purge,
		Progress: func(stage gc.Stage, done, total int) {
			line.Show(progress.Status{Note: fmt.Sprintf("%s: %s", strings.ToLower(string(stage)), howMany(done, total))})
		},
	}
}

// howMany is how many of so many things are done, 0 where that is not known.
func howMany(done, total int) string {
	if total > 0 {
		return fmt.Sprintf("%d of %d", done, total)
	}
	return strconv.Itoa(done)
}

// New returns the command.
func New() frame.Command { return &command{} }
