// Package resource is the command git-datapact-resource, which is what Concourse runs of a
// datapact resource: check lists versions, in brings one, out records one.
package resource

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/concourse/resource"
)

type command struct {
	Action string `arg:"" enum:"check,in,out" help:"check, in or out."`
	linked
}

// linked is the command under the name of an action.
type linked struct {
	Dir    string `arg:"" optional:"" name:"dir" help:"The folder to bring a version into (in), or the build folder (out)."`
	action resource.Action
}

func (*linked) Help() string {
	return "List (check), bring (in) or record (out) versions of a dataset branch for Concourse. Reads a request as JSON from standard input and prints an answer as JSON."
}

// Run does what the action is.
func (c *command) Run(ctx context.Context, env *frame.Env) error {
	c.action = resource.Action(c.Action)
	return c.linked.Run(ctx, env)
}

// Run reads the request and prints the answer.
func (c *linked) Run(ctx context.Context, env *frame.Env) error {
	if (c.Dir == "") != (c.action == resource.ActionCheck) {
		return gitcmd.Usage(errors.New("want a folder for in and out, and none for check"))
	}
	opts := resource.Options{
		OpenStore: openStore, Cache: resource.NewCache(),
		Build: resource.Build{ID: os.Getenv("BUILD_ID"), URL: buildURL()},
		Log:   func(line string) { env.Infof("%s", line) },
	}
	for name, to := range map[string]*time.Duration{gitcmd.PatienceVariable: &opts.Patience, "GIT_DATAPACT_WAIT": &opts.Wait} {
		var err error
		if *to, err = gitcmd.Duration(name); err != nil {
			return err
		}
	}
	request, err := resource.ReadRequest(env.Stdin, c.action)
	if err != nil {
		return err
	}
	answer, err := resource.Do(ctx, c.action, request, c.Dir, &opts)
	if err != nil {
		return err
	}
	return env.PrintJSON(answer)
}

// buildURL is the address of the build that runs this, "" for none.
func buildURL() string {
	if url := os.Getenv("BUILD_URL"); url != "" {
		return url
	}
	external, build := os.Getenv("ATC_EXTERNAL_URL"), os.Getenv("BUILD_ID")
	if external == "" || build == "" {
		return ""
	}
	team, pipeline := os.Getenv("BUILD_TEAM_NAME"), os.Getenv("BUILD_PIPELINE_NAME")
	job, name := os.Getenv("BUILD_JOB_NAME"), os.Getenv("BUILD_NAME")
	if team == "" || pipeline == "" || job == "" || name == "" {
		return external + "/builds/" + url.PathEscape(build)
	}
	return fmt.Sprintf("%s/teams/%s/pipelines/%s/jobs/%s/builds/%s", external, url.PathEscape(team), url.PathEscape(pipeline), url.PathEscape(job), url.PathEscape(name))
}

func openStore(ctx context.Context, address string, env map[string]string) (*blobs.Store, error) {
	return blobs.Open(ctx, address, &blobs.Options{Env: env, Helper: gitcmd.FindHelper})
}

// New returns the command: that of one action where the executable has its name.
func New() frame.Command {
	switch action := resource.Action(frame.InvokedAs()); action {
	case resource.ActionCheck, resource.ActionIn, resource.ActionOut:
		return &linked{action: action}
	}
	return &command{}
}
