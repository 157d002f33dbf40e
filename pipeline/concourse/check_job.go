package concourse

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/git-datapact/git-datapact/pipeline/fields"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
)

var hooks = []string{"on_success", "on_failure", "on_error", "on_abort", "ensure"}

func (c *checker) job(f fields.Object) {
	f.Text("old_name")
	for _, flag := range []string{"public", "disable_manual_trigger", "disable_reruns", "serial", "interruptible"} {
		f.Flag(flag)
	}
	f.Texts("serial_groups")
	f.Number("max_in_flight")
	f.Texts("tags")
	if _, old := f.Value("build_logs_to_retain"); old {
		f.Fault("build_logs_to_retain", "gone from Concourse: use build_log_retention")
	}
	if keep, ok := f.Sub("build_log_retention"); ok {
		builds, least := keep.Number("builds"), keep.Number("minimum_succeeded_builds")
		if builds > 0 && least > builds {
			keep.Fault("minimum_succeeded_builds", "%d of %d builds cannot be kept", least, builds)
		}
		keep.Number("days")
		keep.Done()
	}
	s := &steps{checker: c, gets: map[string]bool{}, vars: []map[string]bool{{}}}
	for _, step := range f.Subs("plan") {
		s.step(step, false)
	}
	for _, hook := range hooks {
		if value, ok := f.Value(hook); ok {
			s.hook(f, hook, value)
		}
	}
}

// hook checks a step that follows a job. One that job_defaults say is named for
// these.
func (s *steps) hook(f fields.Object, key string, value any) {
	if !reflect.DeepEqual(value, s.defaults[key]) {
		step, _ := f.Sub(key)
		s.step(step, false)
		return
	}
	findings := fields.NewFindings("job_defaults." + key)
	s.step(fields.Read("job_defaults."+key, value, findings), false)
	s.add(findings, s.configFile)
}

// steps checks the steps of one job.
type steps struct {
	*checker
	gets map[string]bool   // names of get steps
	vars []map[string]bool // names of variables, by scope
}

// cores are the keys of which a step has one: what it is.
var cores = []string{"run", "task", "put", "get", "set_pipeline", "load_var", "try", "do", "in_parallel"}

// step checks a step and what stands around it.
func (s *steps) step(f fields.Object, across bool) {
	if s.across(f) {
		s.vars = append(s.vars, map[string]bool{})
		defer func() { s.vars = s.vars[:len(s.vars)-1] }()
		across = true
		s.acrossVars(f)
	}
	var found []string
	for _, core := range cores {
		if _, ok := f.Value(core); ok {
			found = append(found, core)
		}
	}
	switch {
	case len(found) > 1:
		f.Fault("", "is several steps in one: %s", strings.Join(found, ", "))
	case len(found) == 0:
		f.Fault("", "is not a step: want one of the keys %s", strings.Join(cores, ", "))
	default:
		s.core(f, found[0], across)
	}
	s.duration(f, "timeout")
	if _, ok := f.Value("attempts"); ok && f.Number("attempts") == 0 {
		f.Fault("attempts", "want a number from 1")
	}
	for _, hook := range hooks {
		if sub, ok := f.Sub(hook); ok {
			s.step(sub, false)
		}
	}
	if len(found) == 1 {
		f.Done()
	}
}

func (s *steps) across(f fields.Object) bool {
	_, ok := f.Value("across")
	return ok
}

func (s *steps) acrossVars(f fields.Object) {
	f.Flag("fail_fast")
	list := f.Subs("across")
	if len(list) == 0 {
		f.Fault("across", "want variables")
	}
	for _, v := range list {
		s.declare(v, "var")
		v.Value("values")
		if limit, ok := v.Value("max_in_flight"); ok && limit != "all" && v.Number("max_in_flight") == 0 {
			v.Fault("max_in_flight", `want "all" or a number from 1`)
		}
		v.Done()
	}
}

// declare makes a variable known, whose name must be new.
func (s *steps) declare(f fields.Object, key string) {
	name := f.Text(key)
	last := len(s.vars) - 1
	switch {
	case s.vars[last][name]:
		f.Fault(key, "variable %q is there already", name)
	case slices.ContainsFunc(s.vars[:last], func(scope map[string]bool) bool { return scope[name] }):
		f.Fault(key, "variable %q hides one of the same name", name)
	}
	s.vars[last][name] = true
}

// core checks a step by what it is.
func (s *steps) core(f fields.Object, kind string, across bool) {
	within := ""
	if across {
		within = "across"
	}
	switch kind {
	case "get":
		s.get(f)
	case "put":
		s.put(f)
	case "task":
		s.task(f, within)
	case "run":
		s.identifier(f, "run", "")
		if name := f.Text("type"); !s.names["prototypes"][name] {
			f.Fault("type", "there is no prototype %q", name)
		}
		f.Table("params")
		f.Flag("privileged")
		f.Texts("tags")
		s.limits(f)
	case "set_pipeline":
		s.identifier(f, "set_pipeline", within)
		s.file(f)
		f.Text("team")
		f.Table("vars")
		f.Texts("var_files")
		f.Table("instance_vars")
	case "load_var":
		s.identifier(f, "load_var", "")
		s.declare(f, "load_var")
		s.file(f)
		f.Text("format")
		f.Flag("reveal")
	default:
		s.several(f, kind)
	}
}

// several checks the steps that hold others.
func (s *steps) several(f fields.Object, kind string) {
	if kind == "try" {
		sub, _ := f.Sub("try")
		s.step(sub, false)
		return
	}
	f.Texts("tags")
	list := f
	if value, _ := f.Value(kind); kind == "in_parallel" {
		if _, ok := value.(map[string]any); ok {
			list, _ = f.Sub(kind)
			list.Number("limit")
			list.Flag("fail_fast")
			kind = "steps"
			defer list.Done()
		}
	}
	for _, sub := range list.Subs(kind) {
		s.step(sub, false)
	}
}

func (s *steps) file(f fields.Object) {
	if f.Text("file") == "" {
		f.Fault("file", "want a file")
	}
}

// resource reads the resource that a step is about, which must be there.
func (s *steps) resource(f fields.Object, kind string) string {
	name, key := f.Text("resource"), "resource"
	if name == "" {
		name, key = f.Text(kind), kind
	}
	if name != "" && !s.names["resources"][name] {
		f.Fault(key, "there is no resource %q", name)
	}
	return name
}

func (s *steps) get(f fields.Object) {
	name := s.identifier(f, "get", "")
	if s.gets[name] {
		f.Fault("get", "another step of the job gets %q", name)
	}
	s.gets[name] = true
	resource := s.resource(f, "get")
	for i, pattern := range f.Texts("passed") {
		key := fmt.Sprintf("passed[%d]", i)
		found := matches(pattern, s.names["jobs"])
		if len(found) == 0 {
			f.Fault(key, "no job is named %q", pattern)
		}
		slices.Sort(found)
		for _, job := range found {
			if !s.uses[job][resource] {
				f.Fault(key, "job %q neither gets nor puts %q", job, resource)
			}
		}
	}
	f.Flag("trigger")
	if version, ok := f.Value("version"); ok {
		if _, text := version.(string); !text {
			texts(f, "version")
		} else if version != "every" && version != "latest" && !strings.Contains(fmt.Sprint(version), "((") {
			f.Fault("version", `want "every", "latest" or an object`)
		}
	}
	f.Table("params")
	f.Texts("tags")
}

func (s *steps) put(f fields.Object) {
	s.identifier(f, "put", "")
	s.resource(f, "put")
	f.Table("params")
	f.Table("get_params")
	f.Flag("no_get")
	f.Texts("tags")
	if inputs, ok := f.Value("inputs"); ok && inputs != "all" && inputs != "detect" {
		f.Texts("inputs")
	}
}

// eachStep visits the steps that a job, or a step, holds.
func eachStep(value any, visit func(map[string]any)) {
	step, ok := value.(map[string]any)
	if !ok {
		return
	}
	visit(step)
	for _, key := range append([]string{"try"}, hooks...) {
		eachStep(step[key], visit)
	}
	for _, key := range []string{"plan", "do", "in_parallel"} {
		list := step[key]
		if table, ok := list.(map[string]any); ok {
			list = table["steps"]
		}
		elements, _ := list.([]any)
		for _, element := range elements {
			eachStep(element, visit)
		}
	}
}

// resourceOf is the resource that a get or put is about, none for another step.
func resourceOf(step map[string]any) []string {
	for _, kind := range []string{"put", "get"} {
		if name, ok := step[kind].(string); ok {
			if resource, _ := step["resource"].(string); resource != "" {
				name = resource
			}
			return []string{name}
		}
	}
	return nil
}

// circles wants jobs that do not wait for each other in a circle.
func (c *checker) circles(list []Object) {
	waits := map[string][]string{}
	for _, job := range list {
		eachStep(job.Value, func(step map[string]any) {
			passed, _ := step["passed"].([]any)
			for _, pattern := range passed {
				waits[job.Name] = append(waits[job.Name], matches(fmt.Sprint(pattern), c.names["jobs"])...)
			}
		})
	}
	byName := map[string]Object{}
	for _, job := range list {
		byName[job.Name] = job
		waits[job.Name] = slices.Compact(slices.Sorted(slices.Values(waits[job.Name])))
	}
	for _, circle := range jobs.Circles(slices.Sorted(maps.Keys(byName)), waits) {
		job := byName[circle[len(circle)-1]]
		findings := fields.NewFindings(job.path)
		findings.Add(job.path, "jobs wait for each other in a circle: %s", strings.Join(circle, " ← "))
		c.add(findings, job.file)
	}
}
