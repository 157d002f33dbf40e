package jobs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/git-datapact/git-datapact/gitcmd"
)

// A NewJob is what a dataset branch starts from.
type NewJob struct {
	Inputs  []string // branches that the job reads
	Image   string   // repository of the container image, "" for none
	Docker  bool     // start docker/ with an image of the branch's own
	Command []string // what to run, nothing for the image's own execute script
}

// The container environment that a branch starts with. By convention the image
// brings the script as /opt/datapact/execute.
const (
	dockerfile = "FROM docker.io/library/debian:stable-slim\nADD execute /opt/datapact/execute\n"
	execute    = "#!/bin/sh\n# Reads the inputs from the folders beside it, writes its outputs to result/.\nset -eu\n"
)

// Start makes a dataset branch without history: a first commit with
// config/job.json and, if asked for, docker/. The checkout is not touched.
func Start(ctx context.Context, repository *gitcmd.Repository, name string, job NewJob) (gitcmd.Hash, error) {
	if err := checkNew(ctx, repository, name, job); err != nil {
		return "", err
	}
	changes := []gitcmd.Change{{Path: "config/job.json", Data: job.document()}}
	if job.Docker {
		changes = append(changes,
			gitcmd.Change{Path: "docker/Dockerfile", Data: []byte(dockerfile)},
			gitcmd.Change{Path: "docker/execute", Data: []byte(execute), Executable: true})
	}
	commit, err := repository.Commit(ctx, gitcmd.NewCommit{Changes: changes, Message: "start " + name + "\n"})
	if err != nil {
		return "", err
	}
	err = repository.UpdateRef(ctx, "refs/heads/"+name, commit, "", "datapact: start "+name)
	if errors.Is(err, gitcmd.ErrMoved) {
		return "", existsError(name)
	}
	return commit, err
}

func checkNew(ctx context.Context, repository *gitcmd.Repository, name string, job NewJob) error {
	if _, err := repository.Branch(ctx, name); !errors.Is(err, gitcmd.ErrNotFound) {
		if err == nil {
			err = existsError(name)
		}
		return err
	}
	for _, input := range job.Inputs {
		if input == name {
			return fmt.Errorf("branch %s cannot be an input of itself", name)
		}
		if _, err := repository.FindBranch(ctx, input); err != nil {
			return gitcmd.WithHint(fmt.Errorf("input: %w", err), "start the branches in the order in which the data goes through them")
		}
	}
	return nil
}

func existsError(name string) error {
	return gitcmd.WithHint(fmt.Errorf("branch %s exists already", name), "choose another name")
}

// document is the job as config/job.json.
func (j NewJob) document() []byte {
	type object = map[string]any
	job, task := object{}, object{}
	if j.Image != "" {
		task["image"] = object{"source": object{"repository": j.Image}}
	}
	if len(j.Command) > 0 {
		run := object{"path": j.Command[0]}
		if len(j.Command) > 1 {
			run["args"] = j.Command[1:]
		}
		task["run"] = run
	}
	if len(task) > 0 {
		job["task"] = task
	}
	var inputs []object
	for _, branch := range j.Inputs {
		inputs = append(inputs, object{"branch": branch})
	}
	if len(inputs) > 0 {
		job["input"] = inputs
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	_ = enc.Encode(job) // strings always encode
	return out.Bytes()
}
