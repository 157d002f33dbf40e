// Package fetch is the command git-datapact-fetch, which brings the outputs of a receipt into a
// folder.
package fetch

import (
	"cmp"
	"context"
	"path"

	"github.com/git-datapact/git-datapact/cmd/internal/entries"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/cmd/internal/progress"
	"github.com/git-datapact/git-datapact/cmd/internal/storeflag"
	"github.com/git-datapact/git-datapact/cmd/internal/units"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/pipeline/plan"
	"github.com/git-datapact/git-datapact/receipts/archive"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

type command struct {
	storeflag.Flags
	progress.Watch
	Output   string   `short:"o" placeholder:"DIR" help:"The folder to fetch into (default: the last part of the branch's name)."`
	Raw      bool     `help:"Bring the stored bytes, with the filters on."`
	All      bool     `help:"Bring every receipt of the branch, each into a folder named by its id."`
	Force    bool     `help:"Replace files that were not fetched, or were changed since."`
	Offline  bool     `help:"Use no store that is reached over a network."`
	Signed   []string `name:"require-signed-by" sep:"none" placeholder:"WHO" help:"Fetch only what a commit records that WHO signed: a principal of gpg.ssh.allowedSignersFile, or the fingerprint of a key."`
	NoCache  bool     `help:"Read every file that is there, also those that have not changed since they were read last."`
	JSON     bool     `name:"json" help:"Print each receipt that was fetched as one JSON object on a line."`
	Selector string   `arg:"" help:"Which receipt."`
	Path     []string `arg:"" optional:"" help:"Outputs to bring: names, folders, or patterns such as '*.csv' and 'logs/**'."`
}

func (*command) Help() string {
	return "Bring the outputs of a receipt into a folder, verified and with their filters undone, and note the receipt in .datapact/result there. What is there already is not brought again."
}

// Run fetches one receipt, or all of a branch.
func (c *command) Run(ctx context.Context, env *frame.Env) (err error) {
	defer storeflag.Hint(&err)
	repository := gitcmd.Open("")
	defer repository.Close()
	catalog := jobs.Later(repository)
	l, selector, err := ledger.OpenSelector(ctx, repository, c.Selector, plan.Leave(repository, catalog))
	if err != nil {
		return err
	}
	c.Output = cmp.Or(c.Output, path.Base(selector.Branch))
	entry, err := l.LookupSigned(ctx, selector, c.Signed, c.All)
	if err != nil {
		return err
	}
	use := storeflag.Reading
	if c.Offline {
		use = storeflag.Offline
	}
	a, err := c.FindArchive(ctx, env, repository, catalog, use)
	if err != nil {
		return err
	}
	defer storeflag.CloseArchive(a)
	a.Known = archive.KnowledgeBut(c.NoCache)
	defer c.MissingHint(ctx, repository, catalog, &err)
	line := progress.New(env, c.Watch, "Fetching")
	defer line.Close()
	opts := archive.FetchOptions{Paths: c.Path, Raw: c.Raw, Force: c.Force, Hide: true, Progress: line.Func()}
	done := func(entry *ledger.Entry, report archive.FetchReport) error {
		line.Close()
		return c.report(env, entry, report)
	}
	if c.All {
		return a.FetchAll(ctx, l, selector, archive.Folders{Dir: c.Output, Options: opts, Done: done})
	}
	report, err := a.Fetch(ctx, entry, c.Output, &opts)
	if err != nil {
		return err
	}
	return done(entry, report)
}

func (c *command) report(env *frame.Env, entry *ledger.Entry, report archive.FetchReport) error {
	env.Infof("%s@%s: fetched %s (%s), %d there already", entry.Receipt.Branch, entry.ID[:12],
		units.Count(report.Fetched, "file"), units.Bytes(report.Bytes), report.Present)
	return entries.Print(env, entry, c.JSON, entries.None)
}

// New returns the command.
func New() frame.Command { return &command{} }
