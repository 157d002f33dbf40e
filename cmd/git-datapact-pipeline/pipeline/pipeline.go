// Package pipeline is the command git-datapact-pipeline, which prints the Concourse pipeline of
// a repository.
package pipeline

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/concourse"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
)

type command struct {
	Config     string `placeholder:"FILE" help:"Read this configuration (default: datapact.json or datapact.jq of the worktree, else of the default branch)."`
	AllowUnset bool   `help:"Take environment variables that are not set as null."`
	YAML       bool   `name:"yaml" xor:"output" help:"Print YAML instead of JSON."`
	Check      bool   `xor:"output" help:"Print nothing, say whether the configuration is right."`
	Against    string `placeholder:"FILE" help:"With --check: say whether Concourse has this pipeline, whose 'fly get-pipeline' is in FILE ('-' for standard input)."`
}

func (*command) Help() string {
	return "Print the Concourse pipeline that datapact.json and the branches' config/job.json describe, for 'fly set-pipeline -c -'."
}

// Run prints the pipeline. That the configuration is at fault is a negative answer
// to who asks for just that.
func (c *command) Run(ctx context.Context, env *frame.Env) error {
	if c.Against != "" && !c.Check {
		return gitcmd.Usage(errors.New("--against goes with --check"))
	}
	repository := gitcmd.Open("")
	defer repository.Close()
	p, err := concourse.Generate(ctx, repository, &concourse.Options{File: c.Config, AllowUnset: c.AllowUnset})
	if _, invalid := errors.AsType[jobs.InvalidError](err); invalid && c.Check {
		return gitcmd.Negative(err)
	}
	if err != nil {
		return err
	}
	if c.Check {
		return c.compare(env, p)
	}
	encode := p.JSON
	if c.YAML {
		encode = p.YAML
	}
	data, err := encode()
	if err != nil {
		return err
	}
	return env.Printf("%s", data)
}

// compare tells what Concourse has otherwise.
func (c *command) compare(env *frame.Env, p *concourse.Pipeline) error {
	if c.Against == "" {
		return nil
	}
	read := func() ([]byte, error) { return os.ReadFile(c.Against) }
	if c.Against == "-" {
		read = func() ([]byte, error) { return io.ReadAll(env.Stdin) }
	}
	data, err := read()
	if err != nil {
		return err
	}
	differences, err := p.Against(data)
	if err != nil {
		return err
	}
	if len(differences) > 0 {
		return gitcmd.WithHint(gitcmd.Negative(errors.New(strings.Join(differences, "\n"))),
			"'git datapact pipeline | fly set-pipeline -c -' brings Concourse up to date")
	}
	return nil
}

// New returns the command.
func New() frame.Command { return &command{} }
