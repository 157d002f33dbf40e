// Package cat is the command git-datapact-cat, which streams one output of a receipt to
// standard output, verified.
package cat

import (
	"context"
	"io"

	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/cmd/internal/progress"
	"github.com/git-datapact/git-datapact/cmd/internal/storeflag"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/pipeline/plan"
	"github.com/git-datapact/git-datapact/receipts/archive"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

type command struct {
	storeflag.Flags
	progress.Watch
	Raw  bool   `help:"Print the stored bytes, with the filters on."`
	Path string `arg:"" name:"selector:path" help:"The receipt, and the path of the output in it."`
}

func (*command) Help() string {
	return "Stream one output of a receipt to standard output. What was printed is right only if the command succeeds: bytes are verified as they pass, the whole at the end."
}

// Run copies the output.
func (c *command) Run(ctx context.Context, env *frame.Env) (err error) {
	defer storeflag.Hint(&err)
	selector, path, err := ledger.SplitPath(c.Path)
	if err != nil {
		return gitcmd.Usage(err)
	}
	repository := gitcmd.Open("")
	defer repository.Close()
	catalog := jobs.Later(repository)
	entry, err := ledger.Lookup(ctx, repository, selector, plan.Leave(repository, catalog))
	if err != nil {
		return err
	}
	a, err := c.FindArchive(ctx, env, repository, catalog, storeflag.Reading)
	if err != nil {
		return err
	}
	defer storeflag.CloseArchive(a)
	defer c.MissingHint(ctx, repository, catalog, &err)
	content, err := a.Open(ctx, entry, path, &archive.FetchOptions{Raw: c.Raw})
	if err != nil {
		return err
	}
	defer content.Close()
	to := env.Stdout
	if !env.OnTerminal() { // which shows the bytes themselves
		line := progress.New(env, c.Watch, "Printing")
		defer line.Close()
		to = line.Writing(to, sizeOf(content), path)
	}
	_, err = io.Copy(to, content)
	return err
}

// sizeOf is how many bytes there are to come, 0 if that is not known.
func sizeOf(content io.Reader) int64 {
	if sized, ok := content.(interface{ Size() int64 }); ok {
		return sized.Size()
	}
	return 0
}

// New returns the command.
func New() frame.Command { return &command{} }
