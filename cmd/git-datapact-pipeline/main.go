// Git-datapact-pipeline prints the Concourse pipeline of a repository.
//
// Usage: git datapact pipeline [--config FILE] [--allow-unset] [--yaml | --check]
package main

import (
	"context"
	"errors"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/concourse"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
)

type command struct {
	Config     string `placeholder:"FILE" help:"Read this configuration (default: datapact.json or datapact.jq at the top of the worktree)."`
	AllowUnset bool   `help:"Take environment variables that are not set as null."`
	YAML       bool   `name:"yaml" xor:"output" help:"Print YAML instead of JSON."`
	Check      bool   `xor:"output" help:"Print nothing, say whether the configuration is right."`
}

func (*command) Help() string {
	return "Print the Concourse pipeline that datapact.json and the branches' config/job.json describe, for 'fly set-pipeline -c -'."
}

// Run prints the pipeline. That the configuration is at fault is a negative answer
// to who asks for just that.
func (c *command) Run(ctx context.Context, env *gitcmd.Env) error {
	repository := gitcmd.Open("")
	defer repository.Close()
	p, err := concourse.Generate(ctx, repository, &concourse.Options{File: c.Config, AllowUnset: c.AllowUnset})
	if errors.As(err, new(jobs.InvalidError)) && c.Check {
		return gitcmd.Negative(err)
	}
	if err != nil || c.Check {
		return err
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

func main() { gitcmd.Main("git-datapact-pipeline", &command{}) }
