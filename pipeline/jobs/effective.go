package jobs

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
)

// job is the job of a branch: what its file says, below what the entry of the branch
// says, above what the configuration says of all jobs. Sealed, programs see no
// environment.
func (c *Config) job(ctx context.Context, repository *gitcmd.Repository, branch gitcmd.Branch, sealed bool) (*Job, error) {
	environ := os.Environ()
	if sealed {
		environ = nil
	}
	value, reads, err := branchValue(ctx, repository, branch, environ)
	if err == nil {
		var job *Job
		if job, err = c.read(ctx, repository, branch, value); err == nil {
			job.reads = reads && !sealed
			return job, c.name(ctx, repository, job, job.reads)
		}
	}
	if reads && !sealed {
		err = veil(err, environ, placeOf(branch.Name))
	}
	return nil, err
}

// placeOf is how messages about the job of a branch begin.
func placeOf(branch string) string { return branch + ":" + File + ": " }

// Veil is an error about the job without the values of variables that its program has read:
// it can be somebody else's.
func (j *Job) Veil(err error) error {
	if !j.reads {
		return err
	}
	return veil(err, os.Environ(), placeOf(j.Branch))
}

// read reads the value of a branch's program, with what the configuration says.
func (c *Config) read(ctx context.Context, repository *gitcmd.Repository, branch gitcmd.Branch, value map[string]any) (*Job, error) {
	job, err := readJob(branch, value)
	if err != nil {
		return nil, err
	}
	if c != nil {
		// All parts have been read on their own: what is wrong has been said.
		if job, err = readJob(branch, c.merge(branch.Name, value)); err != nil {
			return nil, err
		}
		job.DefaultFilters = c.Filters
	}
	return job, job.findFolders(ctx, repository)
}

// branchValue is the value of a branch's job file, empty for none.
func branchValue(ctx context.Context, repository *gitcmd.Repository, branch gitcmd.Branch, environ []string) (map[string]any, bool, error) {
	if branch.Commit == "" {
		return map[string]any{}, false, nil
	}
	value, reads, err := commitTree(repository, branch).EvaluateIn(ctx, File, environ)
	if errors.Is(err, gitcmd.ErrNotFound) {
		return map[string]any{}, false, nil
	}
	if err != nil {
		return nil, reads, err
	}
	object, ok := value.(map[string]any)
	if !ok {
		_, err = readJob(branch, value)
		return nil, reads, err
	}
	return object, reads, nil
}

// findFolders notes the folders that the branch has.
func (j *Job) findFolders(ctx context.Context, repository *gitcmd.Repository) error {
	if j.Commit == "" {
		return nil
	}
	objects, err := repository.Headers(ctx, []string{string(j.Commit) + ":docker", string(j.Commit) + ":config"})
	if err != nil && !errors.Is(err, gitcmd.ErrNotFound) {
		return err
	}
	for i, folder := range []*gitcmd.Hash{&j.DockerTree, &j.ConfigTree} {
		if objects[i] != nil && objects[i].Kind == gitcmd.Tree {
			*folder = objects[i].Hash
		}
	}
	return nil
}

// name computes the hash of the effective task. What comes from the environment is not
// in it, so that it is the same on every machine and tells nothing of a secret: a
// program that reads the environment is evaluated again without one. Where that fails,
// the hash is that of the folder config/.
func (c *Config) name(ctx context.Context, repository *gitcmd.Repository, job *Job, reads bool) error {
	effective := job
	if reads || c != nil && c.sealed != nil {
		value, _, err := branchValue(ctx, repository, gitcmd.Branch{Name: job.Branch, Commit: job.Commit}, nil)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil && c != nil {
			config := c
			if c.sealed != nil {
				config = c.sealed
			}
			value = config.merge(job.Branch, value)
		}
		if err == nil {
			effective, err = readJob(gitcmd.Branch{Name: job.Branch}, value)
		}
		if err != nil {
			job.effective = string(job.ConfigTree)
			return nil
		}
	}
	job.effective = effective.hash()
	return nil
}

// hash names what a job runs, "" if it says nothing of that. How often, how long and
// where it runs is not in it.
func (j *Job) hash() string {
	t := j.Task
	if t.Image == nil && t.Run.Path == "" && len(t.Run.Args) == 0 && len(t.Env) == 0 && !t.Privileged && len(t.Vars) == 0 {
		return ""
	}
	type object = map[string]any
	task := object{"platform": t.Platform, "run": t.Run, "env": t.Env, "privileged": t.Privileged, "vars": t.Vars}
	if t.Platform == "" {
		task["platform"] = "linux"
	}
	if t.Image != nil {
		image := *t.Image
		if image.Type == "" {
			image.Type = "registry-image"
		}
		task["image"] = image
	}
	var inputs []object
	for _, in := range j.Input {
		inputs = append(inputs, object{"alias": in.Alias, "branch": in.Branch, "params": in.Params})
	}
	runs := object{"task": task, "input": inputs}
	if j.Code != nil {
		runs["code"] = j.Code.Alias
	}
	data, err := json.Marshal(runs)
	if err != nil {
		return "" // values of jq always encode
	}
	sum := sha1.Sum(data)
	return hex.EncodeToString(sum[:])
}

// Runs is what an execution of the job runs now, as a receipt says it, as far as that is
// known before: without the digest of an image.
func (j *Job) Runs() receipts.Job {
	runs := receipts.Job{Config: j.effective}
	if j.Task.Image == nil {
		runs.Docker = string(j.DockerTree)
	}
	if j.Code != nil {
		runs.Code = j.Code.Files.Receipt()
	}
	return runs
}

// reversed is a copy of a list, from its end.
func reversed(list []string) []string {
	var other []string
	for i := range list {
		other = append(other, list[len(list)-1-i])
	}
	return other
}
