package jobs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/fields"
	"github.com/git-datapact/git-datapact/pipeline/jq"
)

// configFiles are the names that a configuration can have.
var configFiles = []string{"datapact.json", "datapact.jq"}

// configKey is the key of git's configuration that names the configuration, as REV:PATH.
const configKey = "datapact.config"

// A Config is what datapact.json, or datapact.jq, says: a jq program whose value is
// one object. Keys that are left out have their zero value.
type Config struct {
	File         string         // as messages name it
	Branches     []BranchEntry  // sorted by branch
	Resource     ResourceBase   // datapact_job
	ResourceType map[string]any // datapact_resource_type, nil for none
	WorkerTypes  []string       // worker_resource_types: what the workers bring
	Registry     *Registry      // docker_registry, nil for none
	Defaults     map[string]any // job_defaults
	Filters      []string
	Pipeline     OwnObjects

	sealed *Config // as it is without an environment, nil for the same
}

// A BranchEntry lists a branch that has a job. Keys are those of a job, for which
// they override the branch's own file.
type BranchEntry struct {
	Branch string
	Keys   map[string]any

	path string // of the entry in the configuration
}

// A ResourceBase is what the Concourse resources of all datasets have in common.
type ResourceBase struct {
	Type         string // "" for the default
	CheckEvery   string // as Concourse writes it, such as "10m" or "never"
	WebhookToken string
	Tags         []string
	Icon         string
	Source       map[string]any
}

// A Registry is where the container images of branches are pushed to.
type Registry struct {
	Type       string // of the Concourse resource, "" for the default
	CheckEvery string
	Source     map[string]any
}

// OwnObjects are what a user adds to the pipeline, as Concourse wants it.
type OwnObjects struct {
	Groups, Jobs, Resources, ResourceTypes, VarSources, Prototypes []map[string]any

	Display map[string]any
}

// ConfigOptions say where a configuration is and how strict its reading is.
type ConfigOptions struct {
	File       string // "" to look for it
	AllowUnset bool   // variables of the environment that are not set are null
}

// An InvalidError says that what the jobs or the configuration say is at fault, and
// not the reading of it.
type InvalidError struct{ Err error }

func (e InvalidError) Error() string { return e.Err.Error() }

// Unwrap is the findings.
func (e InvalidError) Unwrap() error { return e.Err }

// LoadConfig reads the configuration of a repository: the file that the options
// name, whose modules are in its folder; else what git config datapact.config names, as
// REV:PATH; else datapact.json or datapact.jq at the top of the current worktree, or in a
// bare repository that of HEAD; else that of the default branch, so that it is the same
// whatever is checked out. The error where there is none is [fs.ErrNotExist]; what is
// found at fault with it is an [InvalidError], which names file and key, all at once.
//
// Unless the options allow it, a variable of the environment that is not set, and
// a null among what goes into a pipeline, is an error.
func LoadConfig(ctx context.Context, repository *gitcmd.Repository, opts *ConfigOptions) (*Config, error) {
	if opts == nil {
		opts = &ConfigOptions{}
	}
	t, file, err := locateConfig(ctx, repository, opts.File)
	if err != nil {
		return nil, err
	}
	t.Strict = !opts.AllowUnset
	value, reads, err := t.EvaluateIn(ctx, file, os.Environ())
	if errors.Is(err, fs.ErrNotExist) || err != nil && ctx.Err() != nil {
		return nil, errors.New(err.Error()) // whoever finds no configuration goes without: here there was one
	}
	var config *Config
	if err == nil {
		config, err = readConfig(value, t.Prefix+file, t.Strict)
	}
	if err == nil && reads {
		t.Strict = false
		if value, _, err := t.EvaluateIn(ctx, file, nil); err == nil {
			config.sealed, _ = readConfig(value, t.Prefix+file, false) // one that is not right tells nothing
		}
	}
	if err != nil {
		if reads {
			err = veil(err, os.Environ(), t.Prefix+file+": ")
		}
		return nil, InvalidError{err}
	}
	return config, nil
}

// DefaultJob is the job of which nothing is said but what the configuration says
// of all jobs.
func (c *Config) DefaultJob() *Job {
	return readJobKeys(fields.Read("", c.merge("", map[string]any{}), fields.NewFindings("")), "")
}

// findConfig is the configuration of a repository, nil where there is none, for who
// needs to know the jobs and not their resources.
func findConfig(ctx context.Context, repository *gitcmd.Repository) (*Config, error) {
	config, err := LoadConfig(ctx, repository, &ConfigOptions{AllowUnset: true})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return config, err
}

// locateConfig finds the tree of the configuration and its file in that.
func locateConfig(ctx context.Context, repository *gitcmd.Repository, named string) (jq.Tree, string, error) {
	if named != "" {
		dir, file := filepath.Split(named)
		return jq.Folder(filepath.Clean(dir), dir), file, nil
	}
	if chosen, ok, err := repository.Config(ctx, configKey); err != nil {
		return jq.Tree{}, "", err
	} else if ok {
		return chosenConfig(ctx, repository, chosen)
	}
	t, err := topTree(ctx, repository)
	if err == nil {
		var file string
		if file, err = configIn(ctx, t); err == nil {
			return t, file, nil
		}
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return jq.Tree{}, "", err
	}
	branches, err := repository.DefaultBranches(ctx)
	if err != nil {
		return jq.Tree{}, "", err
	}
	for _, branch := range branches {
		t := branchTree(repository, branch)
		if file, err := configIn(ctx, t); !errors.Is(err, fs.ErrNotExist) {
			return t, file, err
		}
	}
	return jq.Tree{}, "", gitcmd.WithHint(fmt.Errorf("configuration %s or %s: %w", configFiles[0], configFiles[1], gitcmd.ErrNotFound),
		"neither the worktree nor the default branch has one: name it with --config FILE or 'git config "+configKey+" REV:PATH'")
}

// chosenConfig finds the file that git config datapact.config names, as REV:PATH. It is an
// error, and not a repository without a configuration, where there is none.
func chosenConfig(ctx context.Context, repository *gitcmd.Repository, chosen string) (jq.Tree, string, error) {
	rev, file, _ := strings.Cut(chosen, ":")
	if rev == "" || strings.HasPrefix(rev, "-") || !fs.ValidPath(file) || file == "." {
		return jq.Tree{}, "", fmt.Errorf("git config %s: want REV:PATH, such as main:datapact.json, have %q", configKey, chosen)
	}
	branch := gitcmd.Branch{Name: rev}
	var err error
	if branch.Commit, err = repository.ResolveCommit(ctx, rev); errors.Is(err, gitcmd.ErrNotFound) && gitcmd.CheckBranchName(rev) == nil {
		branch, err = repository.FindBranch(ctx, rev)
	}
	t := branchTree(repository, branch)
	if err == nil {
		_, err = t.Read(ctx, file)
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = gitcmd.WithHint(errors.New(err.Error()), "choose another with 'git config "+configKey+" REV:PATH', or remove the setting with 'git config --unset "+configKey+"'")
	}
	if err != nil {
		return jq.Tree{}, "", fmt.Errorf("git config %s: %w", configKey, err)
	}
	return t, file, nil
}

// branchTree is the tree of a branch. Messages name a remote's as REMOTE/BRANCH.
func branchTree(repository *gitcmd.Repository, branch gitcmd.Branch) jq.Tree {
	if branch.Remote != "" {
		branch.Name = branch.Remote + "/" + branch.Name
	}
	return commitTree(repository, branch)
}

// configIn finds the file of the configuration in a tree. The error for none is
// [fs.ErrNotExist].
func configIn(ctx context.Context, t jq.Tree) (string, error) {
	var found []string
	for _, file := range configFiles {
		_, err := t.Read(ctx, file)
		if err == nil {
			found = append(found, file)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	switch len(found) {
	case 0:
		return "", fs.ErrNotExist
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("there are both %s%s and %s: which one counts?", t.Prefix, found[0], found[1])
}

// topTree is the worktree, or the tree of HEAD in a bare repository.
func topTree(ctx context.Context, repository *gitcmd.Repository) (jq.Tree, error) {
	top, err := repository.TopLevel(ctx)
	if err != nil {
		return jq.Tree{}, err
	}
	if top != "" {
		return jq.Folder(top, ""), nil
	}
	commit, err := repository.ResolveCommit(ctx, "HEAD")
	if err != nil {
		return jq.Tree{}, err
	}
	return commitTree(repository, gitcmd.Branch{Name: "HEAD", Commit: commit}), nil
}

// entry is the entry of a branch, nil for none.
func (c *Config) entry(branch string) *BranchEntry {
	i, found := slices.BinarySearchFunc(c.Branches, branch, func(e BranchEntry, name string) int { return strings.Compare(e.Branch, name) })
	if !found {
		return nil
	}
	return &c.Branches[i]
}

// Told are those of some keys that the entry of a branch has.
func (c *Config) Told(branch string, keys ...string) map[string]any {
	told := map[string]any{}
	if entry := c.entry(branch); entry != nil {
		for _, key := range keys {
			if value, ok := entry.Keys[key]; ok {
				told[key] = value
			}
		}
	}
	return told
}

// merge puts what the configuration says over, and its defaults under, what a
// branch says itself. It changes nothing that it is given.
func (c *Config) merge(branch string, value map[string]any) map[string]any {
	merged := maps.Clone(value)
	if entry := c.entry(branch); entry != nil {
		maps.Copy(merged, entry.Keys)
	}
	for _, key := range jobDefaults {
		if merged[key] == nil && c.Defaults[key] != nil {
			merged[key] = c.Defaults[key]
		}
	}
	task, _ := merged["task"].(map[string]any)
	task = maps.Clone(task)
	for _, key := range taskDefaults {
		if task[key] == nil && c.Defaults[key] != nil {
			if task == nil {
				task = map[string]any{}
			}
			task[key] = c.Defaults[key]
		}
	}
	if task != nil {
		merged["task"] = task
	}
	return merged
}
