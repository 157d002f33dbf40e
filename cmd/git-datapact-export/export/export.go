// Package export is the command git-datapact-export, which tells other tools how a result was
// made.
package export

import (
	"context"
	"errors"

	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/gitcmd"
)

type command struct {
	Format    string   `enum:"in-toto,openlineage" default:"in-toto" placeholder:"FORMAT" help:"in-toto (the default) for statements with SLSA provenance, openlineage for run events."`
	Lineage   bool     `help:"Tell of what the receipt was made from, too, back to every source."`
	Builder   builder  `placeholder:"URI" help:"Who executed, for in-toto; no receipt says it (default: git-datapact itself)."`
	Namespace string   `placeholder:"NAME" help:"Of jobs and datasets, for openlineage (default: the URL of the remote, else the name of the repository)."`
	Sign      string   `placeholder:"KEYFILE" help:"Put each statement into an envelope that this private key signs; - for standard input."`
	Verify    string   `placeholder:"FILE" help:"Prove that every envelope in FILE was signed by one of the keys, and is what the receipt gives if one is named; print the statements."`
	Key       []string `sep:"none" placeholder:"PUBKEY" help:"A file with public keys, for --verify."`
	Selector  string   `arg:"" optional:"" help:"The receipt (default: the newest of the current branch)."`
}

func (*command) Help() string {
	return "Tell other tools how a result was made, in their formats: a JSON document per execution and line."
}

// Run prints one document per execution and line, once all of them are made: nothing is
// printed unless every input is found.
func (c *command) Run(ctx context.Context, env *frame.Env) error {
	if err := c.check(); err != nil {
		return gitcmd.Usage(err)
	}
	repository := gitcmd.Open("")
	defer repository.Close()
	if c.Verify != "" {
		return c.verify(ctx, env, repository)
	}
	if c.Sign != "" {
		return c.sign(ctx, env, repository)
	}
	documents, err := c.documents(ctx, repository)
	if err != nil {
		return err
	}
	for _, document := range documents {
		if err := env.PrintJSON(document); err != nil {
			return err
		}
	}
	return nil
}

// check finds flags that do not go together.
func (c *command) check() error {
	openlineage := c.Format == "openlineage"
	switch {
	case c.Sign != "" && c.Verify != "":
		return errors.New("--sign and --verify cannot be used together")
	case openlineage && (c.Sign != "" || c.Verify != "" || c.Builder != ""):
		return errors.New("--sign, --verify and --builder are for --format in-toto")
	case !openlineage && c.Namespace != "":
		return errors.New("--namespace is for --format openlineage")
	case (c.Verify != "") != (len(c.Key) > 0):
		return errors.New("--verify FILE and --key PUBKEY are given together")
	case c.Verify != "" && c.Selector == "" && (c.Lineage || c.Builder != ""):
		return errors.New("--verify compares with a receipt only if one is named: name it, or leave out --lineage and --builder")
	}
	return nil
}

// New returns the command.
func New() frame.Command { return &command{} }
