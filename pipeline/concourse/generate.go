package concourse

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
)

// The resource type of datasets, where datapact.json says nothing else.
const (
	defaultType       = "datapact"
	defaultRepository = "gitdatapact/git-datapact-resource"
	imageType         = "registry-image"
)

// allGroup is the group of all jobs: once there is one group, Concourse wants every
// job in one.
const allGroup = "all"

// Options say which configuration to use; they are those of
// [jobs.LoadConfig].
type Options = jobs.ConfigOptions

// Generate makes the pipeline of a repository. The error where the configuration is
// at fault is a [jobs.InvalidError] with all findings; where there is none, it
// is [gitcmd.ErrNotFound].
func Generate(ctx context.Context, repository *gitcmd.Repository, opts *Options) (*Pipeline, error) {
	config, err := jobs.LoadConfig(ctx, repository, opts)
	if err != nil {
		return nil, err
	}
	list, err := config.Load(ctx, repository)
	if err != nil {
		return nil, err
	}
	docker, err := withDockerfile(ctx, repository, list)
	if err != nil {
		return nil, err
	}
	b := newBuilder(config, list, docker)
	p := b.build()
	if faults := append(b.faults, p.check(config)...); len(faults) > 0 {
		err := errors.Join(faults...)
		for _, job := range list {
			err = job.Veil(err)
		}
		return nil, jobs.InvalidError{Err: err}
	}
	return p, nil
}

// withDockerfile tells which branches have a container environment of their own.
func withDockerfile(ctx context.Context, repository *gitcmd.Repository, list []*jobs.Job) (map[string]bool, error) {
	files := make([]string, len(list))
	for i, job := range list {
		files[i] = string(job.Commit) + ":docker/Dockerfile"
	}
	objects, err := repository.Objects(ctx, files)
	if err != nil && !errors.Is(err, gitcmd.ErrNotFound) {
		return nil, err
	}
	found := map[string]bool{}
	for i, object := range objects {
		found[list[i].Branch] = object != nil
	}
	return found, nil
}

// A builder puts a pipeline together.
type builder struct {
	config   *jobs.Config
	jobs     []*jobs.Job     // sorted by branch
	docker   map[string]bool // branches with docker/Dockerfile
	names    map[string]string
	defaults *jobs.Job // what a job is of which nothing is said
	pipeline Pipeline
	groups   map[string]*Object
	faults   []error
}

func newBuilder(config *jobs.Config, list []*jobs.Job, docker map[string]bool) *builder {
	b := &builder{
		config: config, jobs: list, docker: docker, names: map[string]string{},
		defaults: config.DefaultJob(), groups: map[string]*Object{},
	}
	taken, tags := map[string]string{}, map[string]string{}
	for _, job := range list {
		b.names[job.Branch] = b.claim(taken, identifier(job.Branch, "branch"), job.Branch, "name in the pipeline")
		if b.buildsImage(job) {
			b.claim(tags, imageTag(job.Branch), job.Branch, "tag of an image")
		}
	}
	return b
}

// claim makes a name that of a branch, and adds a fault when another has it.
func (b *builder) claim(taken map[string]string, name, branch, what string) string {
	if other, ok := taken[name]; ok {
		b.fault(b.config.File, "branches %q and %q have the same %s, %q: rename one", other, branch, what, name)
	}
	taken[name] = branch
	return name
}

func (b *builder) fault(file, format string, args ...any) {
	b.faults = append(b.faults, fmt.Errorf(file+": "+format, args...))
}

// jobFile is where a finding about a job is to be mended.
func jobFile(job *jobs.Job) string { return job.Branch + ":config/job.json" }

func (b *builder) buildsImage(job *jobs.Job) bool {
	return b.config.Registry != nil && b.docker[job.Branch]
}

func (b *builder) build() *Pipeline {
	if _, ok := b.config.Resource.Source["uri"]; !ok {
		b.fault(b.config.File, "datapact_job.source.uri: want the git repository of the receipts")
	}
	for _, key := range jobs.UnknownSourceKeys(b.config.Resource.Source) {
		b.fault(b.config.File, "datapact_job.source.%s: unknown key", key)
	}
	b.resourceType()
	for _, job := range b.jobs {
		b.dataset(job)
		if planned(job) {
			b.plan(job)
		}
		b.raws(job)
		b.code(job)
		b.addJob(job, b.job(job))
		if b.buildsImage(job) {
			b.image(job)
		}
	}
	b.own()
	for _, group := range b.groups {
		b.pipeline.Groups = append(b.pipeline.Groups, *group)
	}
	p := &b.pipeline
	for _, section := range []*[]Object{&p.Groups, &p.VarSources, &p.ResourceTypes, &p.Prototypes, &p.Resources, &p.Jobs} {
		slices.SortStableFunc(*section, func(a, b Object) int { return strings.Compare(a.Name, b.Name) })
	}
	return p
}

// typeName is the type of the resources of datasets.
func (b *builder) typeName() string {
	if b.config.Resource.Type != "" {
		return b.config.Resource.Type
	}
	return defaultType
}

// resourceType adds the resource type of datasets, unless a user's own objects
// have it.
func (b *builder) resourceType() {
	name := b.typeName()
	if own := b.config.ResourceType; own != nil {
		value := maps.Clone(own)
		if value["name"] == nil {
			value["name"] = name
		}
		text, _ := value["name"].(string)
		b.pipeline.ResourceTypes = append(b.pipeline.ResourceTypes, Object{text, value, b.config.File, "datapact_resource_type"})
		return
	}
	if slices.Contains(b.config.WorkerTypes, name) {
		return
	}
	for _, own := range b.config.Pipeline.ResourceTypes {
		if own["name"] == name {
			return
		}
	}
	b.pipeline.ResourceTypes = append(b.pipeline.ResourceTypes, Object{
		name, ResourceType{name, imageType, map[string]any{"repository": defaultRepository}}, b.config.File, "datapact_resource_type",
	})
}

// dataset adds the resource of a branch.
func (b *builder) dataset(job *jobs.Job) {
	b.datapact(b.names[job.Branch], map[string]any{"branch": job.Branch})
}

// plan adds the resource whose versions are the executions of a job. What the jobs read
// is said by the branches; where the configuration has another word on that, it goes
// along.
func (b *builder) plan(job *jobs.Job) {
	keys := map[string]any{"plan": job.Branch}
	told := map[string]any{}
	for _, branch := range b.dependsOn(job) {
		if own := b.config.Told(branch, "input", "join"); len(own) > 0 {
			told[branch] = own
		}
	}
	if len(told) > 0 {
		keys["plan_jobs"] = told
	}
	b.datapact(b.planName(job), keys)
}

// dependsOn lists the branches that a job depends on, itself included, sorted.
func (b *builder) dependsOn(job *jobs.Job) []string {
	above := map[string]bool{}
	var visit func(branch string)
	visit = func(branch string) {
		if above[branch] {
			return
		}
		above[branch] = true
		if i := slices.IndexFunc(b.jobs, func(other *jobs.Job) bool { return other.Branch == branch }); i >= 0 {
			for _, input := range b.jobs[i].InputBranches() {
				visit(input)
			}
		}
	}
	visit(job.Branch)
	return slices.Sorted(maps.Keys(above))
}

// datapact adds a resource of datasets, with keys added to the source.
func (b *builder) datapact(name string, keys map[string]any) {
	base := b.config.Resource
	source := maps.Clone(base.Source)
	if source == nil {
		source = map[string]any{}
	}
	maps.Copy(source, keys)
	b.addResource(Resource{
		Name: name, Type: b.typeName(), Icon: base.Icon, CheckEvery: base.CheckEvery,
		WebhookToken: base.WebhookToken, Tags: base.Tags, Source: source,
	}, b.config.File, "datapact_job")
}

// raws adds the resources that a job reads and that are no datasets.
func (b *builder) raws(job *jobs.Job) {
	for i, in := range job.Input {
		if in.Resource != nil {
			value := maps.Clone(in.Resource)
			name := b.rawName(job, in)
			value["name"] = name
			b.pipeline.Resources = append(b.pipeline.Resources, Object{name, value, jobFile(job), fmt.Sprintf("input[%d].resource", i)})
		}
	}
}

// code adds the resource of the code that a job takes from an ordinary branch. It is one of
// ours, and not of git: that would bring all files of the branch, and at other paths than
// those at which a task finds them elsewhere.
func (b *builder) code(job *jobs.Job) {
	if code := job.Code; code != nil {
		b.datapact(b.codeName(job), map[string]any{"branch": code.Branch, "code": map[string]any{"paths": code.Patterns}})
	}
}

func (b *builder) codeName(job *jobs.Job) string { return b.names[job.Branch] + "-code" }

func (b *builder) rawName(job *jobs.Job, in jobs.Input) string {
	return b.names[job.Branch] + "-raw-" + identifier(in.Alias, "input")
}

func (b *builder) addResource(r Resource, file, path string) {
	b.pipeline.Resources = append(b.pipeline.Resources, Object{r.Name, r, file, path})
}

// addJob adds a generated job, in all groups of the branch that it is for.
func (b *builder) addJob(of *jobs.Job, job Job) {
	b.pipeline.Jobs = append(b.pipeline.Jobs, Object{job.Name, job, jobFile(of), "jobs." + job.Name})
	for _, name := range append([]string{allGroup}, of.Groups...) {
		b.group(name, jobFile(of), "groups").add([]string{job.Name}, nil)
	}
}

// group is the group of a name, made when it is first asked for.
func (b *builder) group(name, file, path string) *Group {
	if b.groups[name] == nil {
		b.groups[name] = &Object{name, &Group{Name: name}, file, path}
	}
	return b.groups[name].Value.(*Group)
}

// add merges jobs and resources into the group.
func (g *Group) add(jobs, resources []string) {
	g.Jobs = slices.Compact(slices.Sorted(slices.Values(append(g.Jobs, jobs...))))
	g.Resources = slices.Compact(slices.Sorted(slices.Values(append(g.Resources, resources...))))
}
