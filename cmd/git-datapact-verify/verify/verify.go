// Package verify is the command git-datapact-verify, which proves that a store holds what
// receipts say.
package verify

import (
	"context"
	"errors"
	"time"

	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/cmd/internal/proofs"
	"github.com/git-datapact/git-datapact/cmd/internal/storeflag"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/verify"
)

type command struct {
	storeflag.Flag
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
	data, err := repository.DataDir(ctx)
	if err != nil {
		return err
	}
	catalog := jobs.Later(repository)
	chosen, err := c.Find(ctx, repository, catalog)
	if err != nil {
		return err
	}
	opts.Memory = verify.MemoryFile(data, chosen.URL)
	store, err := c.OpenFor(ctx, repository, catalog)
	if err != nil {
		return err
	}
	defer store.Close()
	if c.RepairFrom != "" {
		if opts.Mirror, err = storeflag.OpenNamed(ctx, "--repair-from", c.RepairFrom); err != nil {
			return err
		}
		defer opts.Mirror.Close()
	}
	watcher := proofs.NewWatcher(env, c.JSON)
	opts.Found, opts.Progress = watcher.Found, watcher.Progress
	summary, err := verify.Run(ctx, repository, store, &opts)
	if err = watcher.Close(summary, err); err == nil && !summary.Right() {
		err = gitcmd.ErrNegative
		if watcher.Missing {
			env.Infof("hint: %s", chosen.MissingHint())
		}
	}
	return err
}

// New returns the command.
func New() frame.Command { return &command{} }
