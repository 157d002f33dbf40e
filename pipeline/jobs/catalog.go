package jobs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/git-datapact/git-datapact/gitcmd"
)

// A Catalog reads the jobs of a repository, and the configuration that lists them,
// each once. It is not for concurrent use.
type Catalog struct {
	repository *gitcmd.Repository
	config     *Config // nil for none
	sealed     bool    // programs see no environment
	commits    map[string]gitcmd.Hash
	branches   map[string]gitcmd.Branch
	jobs       map[string]outcome
	code       map[string]CodeTree // by branch, commit and patterns
}

type outcome struct {
	job *Job
	err error
}

// Bad is a job that cannot be planned or run, and why.
type Bad struct {
	Branch string
	Err    error
}

// Open reads the configuration of a repository, where there is one.
func Open(ctx context.Context, repository *gitcmd.Repository) (*Catalog, error) {
	config, err := findConfig(ctx, repository)
	if err != nil {
		return nil, err
	}
	c := newCatalog(repository)
	c.config = config
	return c, nil
}

// An Opener opens a catalog when it is called first, and returns the same from then on.
type Opener func(context.Context) (*Catalog, error)

// Later opens the catalog of a repository when it is asked for.
func Later(repository *gitcmd.Repository) Opener {
	var opened *Catalog
	return func(ctx context.Context) (_ *Catalog, err error) {
		if opened == nil {
			opened, err = Open(ctx, repository)
		}
		return opened, err
	}
}

func newCatalog(repository *gitcmd.Repository) *Catalog {
	return &Catalog{repository: repository, branches: map[string]gitcmd.Branch{}, jobs: map[string]outcome{}, code: map[string]CodeTree{}}
}

// At is the catalog of a repository as some commits have it, whatever its branches and
// its configuration say: by the names of the branches, of which there are no others.
// Told are keys of jobs that have the last word, as those of a configuration have. The
// jobs see no environment.
func At(repository *gitcmd.Repository, commits map[string]gitcmd.Hash, told map[string]map[string]any) *Catalog {
	c := newCatalog(repository)
	c.sealed, c.commits, c.config = true, commits, &Config{}
	for _, branch := range slices.Sorted(maps.Keys(told)) {
		c.config.Branches = append(c.config.Branches, BranchEntry{Branch: branch, Keys: told[branch]})
	}
	return c
}

// Moved is a catalog as [At], of other commits. What is known of jobs whose branches have not
// moved, also that they cannot be read, stays known.
func (c *Catalog) Moved(commits map[string]gitcmd.Hash) *Catalog {
	moved := *c
	same := func(name string) bool { return commits[name] == c.commits[name] }
	moved.commits, moved.branches, moved.jobs = commits, maps.Clone(c.branches), maps.Clone(c.jobs)
	maps.DeleteFunc(moved.branches, func(name string, _ gitcmd.Branch) bool { return !same(name) })
	maps.DeleteFunc(moved.jobs, func(name string, _ outcome) bool { return !same(name) })
	return &moved
}

// Config is the configuration, nil for none.
func (c *Catalog) Config() *Config { return c.config }

// Branch finds a branch: the local one, else a remote-tracking one.
func (c *Catalog) Branch(ctx context.Context, name string) (gitcmd.Branch, error) {
	if branch, ok := c.branches[name]; ok {
		return branch, nil
	}
	branch := gitcmd.Branch{Name: name}
	var err error
	if c.commits == nil {
		branch, err = c.repository.FindBranch(ctx, name)
	} else if branch.Commit = c.commits[name]; branch.Commit == "" {
		err = fmt.Errorf("branch %s: %w", name, gitcmd.ErrNotFound)
	}
	if err == nil {
		c.branches[name] = branch
	}
	return branch, err
}

// Job is the job of a branch, with what the configuration says of it: one that says
// nothing where the branch has none. The error for a branch that is not there is
// [fs.ErrNotExist].
func (c *Catalog) Job(ctx context.Context, name string) (*Job, error) {
	if known, ok := c.jobs[name]; ok {
		return known.job, known.err
	}
	branch, err := c.Branch(ctx, name)
	var job *Job
	if err == nil {
		job, err = c.read(ctx, branch)
	}
	if ctx.Err() == nil {
		c.jobs[name] = outcome{job, err}
	}
	return job, err
}

// Load reads the jobs of the branches named, else those that the configuration lists,
// else those of all local branches that have config/job.json: those that are right, in
// the order of their dependencies, and those that are not.
func (c *Catalog) Load(ctx context.Context, names ...string) ([]*Job, []Bad, error) {
	branches, bad, err := c.chosen(ctx, names)
	if err != nil {
		return nil, nil, err
	}
	var good, read []*Job
	for _, branch := range branches {
		job, err := c.Job(ctx, branch)
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		if err == nil {
			read = append(read, job)
			if err = errors.Join(c.config.unlisted(job)...); err == nil {
				err = errors.Join(c.missing(ctx, job)...)
			}
			err = job.Veil(err)
		}
		if err != nil {
			bad = append(bad, Bad{branch, err})
			continue
		}
		good = append(good, job)
	}
	circles := inCircles(read)
	good = slices.DeleteFunc(good, func(job *Job) bool { return isBad(circles, job.Branch) })
	return InOrder(good), append(bad, circles...), nil
}

func isBad(bad []Bad, branch string) bool {
	return slices.ContainsFunc(bad, func(b Bad) bool { return b.Branch == branch })
}

func (c *Catalog) chosen(ctx context.Context, names []string) (branches []string, bad []Bad, err error) {
	if c.config == nil || len(names) > 0 {
		list, err := jobBranches(ctx, c.repository, names)
		for _, branch := range list {
			branches = append(branches, branch.Name)
		}
		return branches, nil, err
	}
	for _, entry := range c.config.Branches {
		if _, err := c.Branch(ctx, entry.Branch); err != nil {
			bad = append(bad, Bad{entry.Branch, fmt.Errorf("%s: %s.branch: %w", c.config.File, entry.path, err)})
			continue
		}
		branches = append(branches, entry.Branch)
	}
	return branches, bad, nil
}

// missing are the faults of a job that reads branches which are not there.
func (c *Catalog) missing(ctx context.Context, job *Job) []error {
	var faults []error
	for i, in := range job.Input {
		if in.Branch == "" {
			continue
		}
		if _, err := c.Branch(ctx, in.Branch); err != nil {
			faults = append(faults, fmt.Errorf("%s:%s: input[%d].branch: %w", job.Branch, File, i, err))
		}
	}
	return faults
}

// inCircles are the jobs that read each other.
func inCircles(list []*Job) (bad []Bad) {
	for _, circle := range circlesOf(list) {
		text := strings.Join(reversed(circle), " → ")
		for _, branch := range circle[1:] {
			bad = append(bad, Bad{branch, fmt.Errorf("jobs read each other in a circle: %s", text)})
		}
	}
	return bad
}

// With adds the jobs that others depend on, themselves or through others, as far as
// these can be read, in the order of their dependencies.
func (c *Catalog) With(ctx context.Context, list []*Job) ([]*Job, []Bad, error) {
	names := map[string]bool{}
	var visit func(job *Job) error
	visit = func(job *Job) error {
		if names[job.Branch] {
			return nil
		}
		names[job.Branch] = true
		for _, branch := range job.InputBranches() {
			above, err := c.Job(ctx, branch)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				if ctx.Err() != nil {
					return err
				}
				names[branch] = true // it is told of as bad
				continue
			}
			if err := visit(above); err != nil {
				return err
			}
		}
		return nil
	}
	for _, job := range list {
		if err := visit(job); err != nil {
			return nil, nil, err
		}
	}
	var all []string
	for name := range names {
		all = append(all, name)
	}
	return c.Load(ctx, all...)
}
