// Package record is the command git-datapact-record, which records a result directory as a
// receipt.
package record

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/git-datapact/git-datapact/cmd/internal/entries"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/cmd/internal/progress"
	"github.com/git-datapact/git-datapact/cmd/internal/storeflag"
	"github.com/git-datapact/git-datapact/cmd/internal/units"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/pipeline/plan"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/archive"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

type command struct {
	storeflag.Flags
	progress.Watch
	Branch     string         `type:"branch" short:"b" placeholder:"NAME" help:"Record on this branch (default: the current one)."`
	Input      []string       `short:"i" sep:"none" placeholder:"DIR|SELECTOR" help:"What the execution read (default: every folder beside DIR that holds .datapact/result)."`
	Seed       []string       `sep:"none" placeholder:":BRANCH=RESULT" help:"What the execution read that is on no branch, such as :shop=2026-11."`
	Metadata   []string       `short:"m" sep:"none" placeholder:"KEY=VALUE" help:"Say this about the execution."`
	Filter     []string       `sep:"none" placeholder:"GLOB=NAME" help:"Store matching outputs through gz, zstd or none."`
	Push       frame.Optional `placeholder:"REMOTE" help:"Push the branch afterwards (--push=REMOTE chooses where to); what others recorded meanwhile stays."`
	Sign       frame.Optional `xor:"sign" placeholder:"KEY" help:"Sign the commit, with user.signingKey or with KEY (default: as git config commit.gpgSign says)."`
	NoSign     bool           `xor:"sign" help:"Do not sign the commit."`
	AllowEmpty bool           `help:"Record a result without files: of a stage that checks, or uploads elsewhere."`
	DryRun     bool           `short:"n" help:"Say what would be recorded, store and commit nothing."`
	Name       string         `placeholder:"FILE" help:"The name of what is read from standard input."`
	NoCache    bool           `help:"Read every file, also those that have not changed since they were read last."`
	JSON       bool           `name:"json" help:"Print the receipt as one JSON object on a line."`
	Dir        string         `arg:"" optional:"" default:"result" help:"The result directory, or - for one file from standard input, see --name."`

	seeds []receipts.Input
}

func (*command) Help() string {
	return "Record a result directory as a receipt: store its files as blobs, then commit the receipt to a dataset branch. Prints the receipt's id."
}

// Run records the result, pushes it if asked to, and prints the receipt's id.
func (c *command) Run(ctx context.Context, env *frame.Env) (err error) {
	defer storeflag.Hint(&err)
	if err := c.check(); err != nil {
		return gitcmd.Usage(err)
	}
	repository := gitcmd.Open("")
	defer repository.Close()
	repository.SignWith(gitcmd.Signing{Always: c.Sign.Set, Never: c.NoSign, Key: c.Sign.Value})
	open := jobs.Later(repository)
	catalog, err := open(ctx)
	if err != nil {
		return err
	}
	job, err := catalog.Current(ctx, c.Branch)
	if err != nil {
		return err
	}
	chosen, err := c.Find(ctx, repository, open)
	if err != nil {
		return err
	}
	use := storeflag.Storing
	if c.DryRun {
		use = storeflag.Reading
	}
	a, err := c.OpenArchive(ctx, env, repository, chosen, use)
	if err != nil {
		return err
	}
	defer storeflag.CloseArchive(a)
	a.Leave, a.Known = plan.Leave(repository, open), archive.KnowledgeBut(c.NoCache)
	line := progress.New(env, c.Watch, "Storing")
	request := c.request(job, line)
	if c.Dir == standardInput {
		var done func() error
		if request.Dir, done, err = c.takeInput(ctx, env, repository); err != nil {
			return err
		}
		request.Beside = "."
		defer func() { err = errors.Join(err, done()) }()
	}
	request.Ignored = func(paths []string) { env.Infof("%s", archive.LeftOut(paths)) }
	if c.DryRun {
		line.Close()
		return c.preview(ctx, env, a, request)
	}
	entry, err := a.RecordDir(ctx, request)
	line.Close()
	if entry == nil {
		return err
	}
	for _, warning := range archive.Warnings(entry.Receipt) {
		env.Warnf("%s", warning)
	}
	warnOfDate(env, entry, "is")
	if c.Push.Set && err == nil {
		chosen.WarnOfPush(env)
	}
	return errors.Join(entries.Print(env, entry, c.JSON, entries.ID), err)
}

// preview prints what would be recorded.
func (c *command) preview(ctx context.Context, env *frame.Env, a *archive.Archive, request archive.Request) error {
	preview, err := a.Preview(ctx, request)
	if err != nil {
		return err
	}
	for _, warning := range preview.Warnings {
		env.Warnf("%s", warning)
	}
	warnOfDate(env, preview.Entry, "would be")
	var size int64
	files := 0
	for _, file := range preview.Files {
		through := "as it is"
		if len(file.Filters) > 0 {
			through = strings.Join(file.Filters, ", ")
		}
		if file.Files > 0 {
			through = units.Count(file.Files, "file") + ", " + through
		}
		env.Infof("would record %s (%s, %s)", file.Path, units.Bytes(file.Size), through)
		size += file.Size
		files += max(1, file.Files)
	}
	env.Infof("would record %s, %s", units.Count(files, "file"), units.Bytes(size))
	return entries.Print(env, preview.Entry, c.JSON, entries.ID)
}

// warnOfDate warns of a receipt that is dated ahead of the clock.
func warnOfDate(env *frame.Env, entry *ledger.Entry, is string) {
	if ahead := time.Until(entry.Receipt.Timestamp.Time()); ahead > 2*time.Second {
		env.Warnf("the receipt %s dated %v ahead of this clock, since an input or the branch's newest receipt is", is, ahead.Round(time.Second))
	}
}

// check looks at what the flags say, before anything is read or stored.
func (c *command) check() error {
	if _, err := archive.MetadataOf(c.Metadata); err != nil {
		return err
	}
	for _, text := range c.Filter {
		if _, err := archive.ParseFilterRule(text); err != nil {
			return err
		}
	}
	for _, text := range c.Seed {
		seed, err := receipts.ParseSeed(text)
		if err != nil {
			return err
		}
		c.seeds = append(c.seeds, seed)
	}
	return c.checkName()
}

func (c *command) request(job *jobs.Job, line *progress.Line) archive.Request {
	runs := job.Runs()
	return archive.Request{
		Dir: c.Dir, Branch: job.Branch, Inputs: c.Input, Seeds: c.seeds, Job: &runs, Order: job.InputBranches(),
		Metadata: c.Metadata, Filters: append(c.Filter, job.FilterRules()...),
		AllowEmpty: c.AllowEmpty, Push: c.Push.Set, Remote: c.Push.Value, Progress: line.Func(),
	}
}

// New returns the command.
func New() frame.Command { return &command{} }
