package jobs

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/fields"
)

// The keys of job_defaults that are also keys of a job, and of its task. The
// others are for Concourse alone.
var (
	jobDefaults  = append([]string{"serial", "serial_groups", "max_in_flight", "build_log_retention"}, hooks...)
	taskDefaults = []string{"timeout", "attempts", "tags"}
)

// readConfig reads the value of the configuration in a file. Strict, it refuses
// nulls among what goes into a pipeline.
func readConfig(value any, file string, strict bool) (*Config, error) {
	findings := fields.NewFindings("the configuration")
	c := readConfigKeys(fields.Read("", value, findings))
	c.File = file
	if table, ok := value.(map[string]any); ok && strict {
		for _, key := range []string{"datapact_job", "datapact_resource_type", "docker_registry", "pipeline"} {
			findings.RefuseNulls(key, table[key])
		}
	}
	if err := findings.Err(file); err != nil {
		return nil, err
	}
	return c, nil
}

func readConfigKeys(f fields.Object) *Config {
	c := &Config{
		Branches:     readBranches(f),
		ResourceType: f.Table("datapact_resource_type"),
		WorkerTypes:  f.Texts("worker_resource_types"),
		Filters:      f.Texts("filters"),
		Defaults:     f.Table("job_defaults"),
	}
	if base, ok := f.Sub("datapact_job"); ok {
		c.Resource = readResourceBase(base)
	}
	if registry, ok := f.Sub("docker_registry"); ok {
		c.Registry = &Registry{Type: registry.Text("type"), CheckEvery: registry.Text("check_every"), Source: registry.Table("source")}
		registry.Done()
	}
	if defaults, ok := f.Sub("job_defaults"); ok {
		checkDefaults(defaults)
	}
	if own, ok := f.Sub("pipeline"); ok {
		c.Pipeline = OwnObjects{
			Groups: own.Tables("groups"), Jobs: own.Tables("jobs"), Resources: own.Tables("resources"),
			ResourceTypes: own.Tables("resource_types"), VarSources: own.Tables("var_sources"),
			Prototypes: own.Tables("prototypes"), Display: own.Table("display"),
		}
		own.Done()
	}
	f.Done()
	return c
}

// readBranches reads the list of branches, which has two names.
func readBranches(f fields.Object) []BranchEntry {
	key := "branches_list"
	if _, other := f.Value("branch_list"); other {
		if _, both := f.Value(key); both {
			f.Fault("branch_list", "branches_list says the same: want one of them")
		}
		key = "branch_list"
	}
	list := f.List(key)
	if len(list) == 0 {
		f.Fault(key, "want at least one branch")
	}
	var entries []BranchEntry
	first := map[string]int{}
	for i, entry := range f.Subs(key) {
		e := readEntry(entry, list[i])
		e.path = f.Path(fmt.Sprintf("%s[%d]", key, i))
		if earlier, taken := first[e.Branch]; taken && e.Branch != "" {
			entry.Fault("branch", "%q is taken by %s[%d]", e.Branch, key, earlier)
			continue
		}
		first[e.Branch] = i
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b BranchEntry) int { return strings.Compare(a.Branch, b.Branch) })
	return entries
}

func readEntry(f fields.Object, value any) BranchEntry {
	e := BranchEntry{Branch: f.Text("branch")}
	if e.Branch == "" {
		f.Fault("branch", "want the name of a branch")
	} else if err := gitcmd.CheckBranchName(e.Branch); err != nil {
		f.Fault("branch", "%v", err)
	}
	readJobKeys(f, e.Branch)
	f.Done()
	keys, _ := value.(map[string]any)
	e.Keys = maps.Clone(keys)
	maps.DeleteFunc(e.Keys, func(key string, value any) bool { return key == "branch" || value == nil })
	return e
}

func readResourceBase(f fields.Object) ResourceBase {
	base := ResourceBase{
		Type: f.Text("type"), CheckEvery: f.Text("check_every"), WebhookToken: f.Text("webhook_token"),
		Tags: f.Texts("tags"), Icon: f.Text("icon"), Source: f.Table("source"),
	}
	f.Text("name") // every resource is named for its branch
	if every := f.Text("check_interval"); every != "" {
		if base.CheckEvery != "" {
			f.Fault("check_interval", "check_every says the same: want one of them")
		}
		base.CheckEvery = every
	}
	f.Done()
	return base
}

// checkDefaults looks at the types of what goes into every job.
func checkDefaults(f fields.Object) {
	for _, hook := range hooks {
		f.Value(hook)
	}
	for _, flag := range []string{"serial", "public", "interruptible", "disable_manual_trigger"} {
		f.Flag(flag)
	}
	f.Texts("serial_groups")
	f.Number("max_in_flight")
	f.Table("build_log_retention")
	f.Duration("timeout")
	f.Number("attempts")
	f.Texts("tags")
	f.Done()
}
