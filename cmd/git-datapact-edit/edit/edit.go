// Package edit is the command git-datapact-edit, which changes the job of a dataset branch,
// without touching the checkout.
package edit

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

type command struct {
	File    string   `short:"F" placeholder:"FILE" help:"Take the job from FILE, or with - from standard input, instead of from an editor."`
	Message []string `short:"m" sep:"none" placeholder:"MESSAGE" help:"The message of the commit; several are paragraphs."`
	JSON    bool     `name:"json" help:"Print branch and commit as one JSON object on a line."`
	Branch  string   `type:"branch" arg:"" optional:"" help:"Whose job (default: that of the current branch)."`
}

func (*command) Help() string {
	return "Open config/job.json of a dataset branch in the editor that git uses, check what it has become, and commit it, without a checkout. A branch that is checked out is brought in step."
}

// Run has the job edited, and commits it if it changed.
func (c *command) Run(ctx context.Context, env *frame.Env) error {
	repository := gitcmd.Open("")
	defer repository.Close()
	if c.Branch == "" {
		var err error
		if c.Branch, err = ledger.CurrentBranch(ctx, repository); err != nil {
			return err
		}
	}
	text, before, err := jobs.Text(ctx, repository, c.Branch)
	if err != nil {
		return err
	}
	if err := repository.CheckIdentity(ctx); err != nil {
		return err
	}
	if c.File != "" {
		revised, err := c.read(env)
		if err != nil {
			return err
		}
		return c.commit(ctx, env, repository, before, text, revised)
	}
	d, err := openDraft(ctx, repository, c.Branch, text)
	if err != nil {
		return err
	}
	defer d.close()
	revised, err := d.edit(ctx, repository)
	if err != nil {
		return err
	}
	if err := c.commit(ctx, env, repository, before, text, revised); err != nil && !gitcmd.IsSyncError(err) {
		return gitcmd.WithHint(err, fmt.Sprintf("what you wrote is kept in %s: 'git datapact edit %s' opens it again", d.path, c.Branch))
	} else if err != nil {
		return errors.Join(err, d.drop())
	}
	return d.drop()
}

// read reads the job from where the command line says.
func (c *command) read(env *frame.Env) ([]byte, error) {
	if c.File == "-" {
		return io.ReadAll(io.LimitReader(env.Stdin, gitcmd.MaxObjectSize))
	}
	return os.ReadFile(c.File)
}

func (c *command) commit(ctx context.Context, env *frame.Env, repository *gitcmd.Repository, before gitcmd.Hash, text, revised []byte) error {
	if len(revised) > 0 && !bytes.HasSuffix(revised, []byte("\n")) {
		revised = append(revised, '\n')
	}
	if bytes.Equal(text, revised) {
		env.Infof("the job of %s is as it was", c.Branch)
		return nil
	}
	message := cmp.Or(strings.TrimSpace(strings.Join(c.Message, "\n\n")), "change the job of "+c.Branch)
	commit, err := jobs.Revise(ctx, repository, c.Branch, before, revised, message)
	if commit == "" {
		return err
	}
	print := func() error { return env.Printf("Changed the job of %s (%s)\n", c.Branch, commit.Short()) }
	if c.JSON {
		print = func() error { return env.PrintJSON(map[string]string{"branch": c.Branch, "commit": string(commit)}) }
	}
	if printErr := print(); err == nil {
		err = printErr
	}
	return err
}

// New returns the command.
func New() frame.Command { return &command{} }
