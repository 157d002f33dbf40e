package jobs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/git-datapact/git-datapact/gitcmd"
)

// A NewJob is what a dataset branch starts from.
type NewJob struct {
	Inputs  []string // branches that the job reads
	Image   string   // repository of the container image, "" for none
	Docker  bool     // start docker/ with an image of the branch's own
	Code    CodePath // what the job shares with others, the zero value for nothing
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
	patterns, err := findCode(ctx, repository, job.Code)
	if err != nil {
		return "", err
	}
	data := job.document(patterns)
	if err := checkDocument(name, data); err != nil {
		return "", err
	}
	changes := []gitcmd.Change{{Path: File, Data: data}}
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
	for _, text := range append([]string{job.Image}, job.Command...) {
		if !utf8.ValidString(text) {
			return gitcmd.WithHint(fmt.Errorf("%q is not UTF-8, which jobs are", text), "put a script that has such bytes into docker/, and run that")
		}
	}
	for i, input := range job.Inputs {
		if slices.Contains(job.Inputs[:i], input) {
			return fmt.Errorf("input %s is named twice", input)
		}
		if input == name {
			return fmt.Errorf("branch %s cannot be an input of itself", name)
		}
		if _, err := repository.FindBranch(ctx, input); err != nil {
			return gitcmd.WithHint(fmt.Errorf("input: %w", err), "start the branches in the order in which the data goes through them")
		}
	}
	if len(job.Command) > 0 && job.Command[0] == "" {
		return gitcmd.Usage(errors.New("the command to run is empty"))
	}
	return checkCircle(ctx, repository, name, job.Inputs)
}

// checkCircle refuses inputs that read the new branch, themselves or through others: their
// jobs can name it before it is there. Jobs that cannot be read are no matter here.
func checkCircle(ctx context.Context, repository *gitcmd.Repository, name string, inputs []string) error {
	catalog := newCatalog(repository)
	next := map[string][]string{name: inputs}
	for open := inputs; len(open) > 0; {
		branch := open[0]
		open = open[1:]
		if _, seen := next[branch]; seen {
			continue
		}
		next[branch] = nil
		job, err := catalog.Job(ctx, branch)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil {
			next[branch] = job.InputBranches()
			open = append(slices.Clip(open), next[branch]...)
		}
	}
	for _, circle := range Circles([]string{name}, next) {
		if circle[0] == name {
			return gitcmd.WithHint(fmt.Errorf("jobs would read each other in a circle: %s", strings.Join(reversed(circle), " → ")),
				"the job of an input names this branch already; choose another name, or another input")
		}
	}
	return nil
}

func existsError(name string) error {
	return gitcmd.WithHint(fmt.Errorf("branch %s exists already", name), "choose another name")
}

// aliases are the names of the folders of inputs, each one's own also where case does not
// count: the last part of the branch's name, more parts where that is taken or no input
// can have it, and at last a number too.
func aliases(branches []string, others ...string) []string {
	taken := map[string]bool{"result": true}
	for _, other := range others {
		taken[other] = true
	}
	list := make([]string, len(branches))
	for i, branch := range branches {
		parts := strings.Split(branch, "/")
		alias := parts[len(parts)-1]
		for k := len(parts) - 2; k >= 0 && taken[strings.ToLower(alias)]; k-- {
			alias = parts[k] + "-" + alias
		}
		for n, name := 2, alias; taken[strings.ToLower(alias)]; n++ {
			alias = fmt.Sprintf("%s-%d", name, n)
		}
		taken[strings.ToLower(alias)] = true
		list[i] = alias
	}
	return list
}

// checkDocument reads the job as every other command will: a branch is not started with
// one that none of them accepts.
func checkDocument(branch string, data []byte) error {
	var value any
	if err := json.Unmarshal(data, &value); err != nil {
		return err
	}
	_, err := readJob(gitcmd.Branch{Name: branch}, value)
	return err
}

// document is the job as config/job.json.
func (j NewJob) document(code CodePatterns) []byte {
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
	var others []string
	if len(code) > 0 {
		job["code"] = object{"branch": j.Code.Branch, "paths": code, "alias": codeAlias}
		others = append(others, codeAlias)
	}
	for i, alias := range aliases(j.Inputs, others...) {
		input := object{"branch": j.Inputs[i]}
		if alias != path.Base(j.Inputs[i]) {
			input["alias"] = alias
		}
		inputs = append(inputs, input)
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
