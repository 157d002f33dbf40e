// Package verify is the command git-datapact-verify, which proves that a store holds what
// receipts say.
package verify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/cmd/internal/progress"
	"github.com/git-datapact/git-datapact/cmd/internal/proofs"
	"github.com/git-datapact/git-datapact/cmd/internal/storechoice"
	"github.com/git-datapact/git-datapact/cmd/internal/storeflag"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/verify"
)

type command struct {
	storeflag.Flags
	progress.Watch
	Exists     bool           `help:"Look up that every blob is there and its size, read none."`
	Sample     verify.Percent `placeholder:"N%" help:"Read a random share of the blobs, look up the others."`
	Seed       uint32         `placeholder:"N" help:"Choose the sample that this number stands for (default: another one each time, and tell its number)."`
	OlderThan  receipts.Age   `placeholder:"AGE" help:"Do not read again what was proved within AGE, such as 12h or 30d."`
	Again      bool           `help:"Read again what an interrupted run has proved."`
	History    bool           `help:"Verify earlier executions of the receipts, too."`
	Lineage    bool           `help:"Verify what the receipts were made from, too, back to every source."`
	RepairFrom string         `placeholder:"URL" help:"Copy what is missing or corrupt from this store, if it is right there."`
	Jobs       int            `short:"j" placeholder:"N" help:"Check N blobs side by side (default: 8)."`
	JSON       bool           `name:"json" help:"Print one JSON object per finding and line, and a last one that sums up."`
	Selector   []string       `arg:"" optional:"" help:"Which receipts: all current ones of a branch, or one (default: all of every branch)."`
}

func (*command) Help() string {
	return "Prove that the store holds what receipts say: every blob is read and compared with its size and sha256, and with those of the file in it. Prints a line for everything that is wrong."
}

// Run verifies. That something is wrong, and was not mended, is a negative answer.
func (c *command) Run(ctx context.Context, env *frame.Env) (err error) {
	defer storeflag.Hint(&err)
	if c.Exists && (c.Sample > 0 || c.OlderThan > 0 || c.Again) || c.Seed > 0 && c.Sample == 0 || c.Jobs < 0 {
		return gitcmd.Usage(errors.New("--exists reads nothing that --sample, --older-than or --again could choose, --seed is for --sample, and --jobs is not negative"))
	}
	repository := gitcmd.Open("")
	defer repository.Close()
	opts := verify.Options{
		Selectors: c.Selector, History: c.History, Lineage: c.Lineage, Exists: c.Exists, Sample: c.Sample,
		Seed: c.Seed, OlderThan: time.Duration(c.OlderThan), Again: c.Again, Jobs: c.Jobs,
	}
	if c.Jobs == 0 && c.Transfers != nil {
		opts.Jobs = int(*c.Transfers)
	}
	data, err := repository.DataDir(ctx)
	if err != nil {
		return err
	}
	catalog := jobs.Later(repository)
	chosen, err := c.Find(ctx, repository, catalog)
	if err != nil {
		return err
	}
	var repair *blobs.Store
	if c.RepairFrom != "" {
		limits, err := c.Limits(ctx, repository)
		if err != nil {
			return err
		}
		if repair, err = storeflag.OpenNamed(ctx, "--repair-from", c.RepairFrom, limits); err != nil {
			return err
		}
		defer repair.Close()
	}
	for _, one := range chosen.All() {
		opts.Memory, opts.Mirrors = verify.MemoryFile(data, one.URL), nil
		if repair != nil {
			opts.Mirrors = []*blobs.Store{repair}
		}
		name := ""
		if len(chosen.Mirrors) > 0 {
			name = one.Shown()
		}
		right, oneErr := c.verify(ctx, env, repository, subject{one, name, opts})
		if ctx.Err() != nil {
			return oneErr
		}
		if oneErr != nil && len(chosen.Mirrors) > 0 {
			oneErr = fmt.Errorf("store %s: %w", name, oneErr)
		}
		if oneErr == nil && !right {
			oneErr = gitcmd.ErrNegative
		}
		err = worse(err, oneErr)
	}
	return err
}

// worse is the error of two that a command ends with: a failure rather than that something
// is wrong.
func worse(a, b error) error {
	switch {
	case a == nil:
		return b
	case b == nil || errors.Is(b, gitcmd.ErrNegative):
		return a
	case errors.Is(a, gitcmd.ErrNegative):
		return b
	}
	return errors.Join(a, b)
}

// A subject is a store that is verified.
type subject struct {
	chosen storechoice.Store
	name   string // "" where there is one store alone
	opts   verify.Options
}

// verify verifies one store, and reports whether all is right there.
func (c *command) verify(ctx context.Context, env *frame.Env, repository *gitcmd.Repository, s subject) (bool, error) {
	store, err := c.Open(ctx, repository, s.chosen)
	if err != nil {
		return false, err
	}
	defer store.Close()
	watcher := proofs.NewWatcher(env, c.Watch, c.JSON)
	watcher.Store = s.name
	s.opts.Found, s.opts.Progress = watcher.Found, watcher.Progress
	summary, err := verify.Run(ctx, repository, store, &s.opts)
	if err := watcher.Close(summary, err); err != nil {
		return false, err
	}
	if !summary.Right() && watcher.Missing {
		env.Infof("hint: %s", s.chosen.MissingHint())
	}
	return summary.Right(), nil
}

// New returns the command.
func New() frame.Command { return &command{} }
