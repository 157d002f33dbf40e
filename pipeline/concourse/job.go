package concourse

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/git-datapact/git-datapact/pipeline/jobs"
)

// The folders and files of a build.
const (
	resultFolder = "result"
	workFolder   = "work" // where the plan and all that is read stand, in a task
	receiptFile  = ".datapact/result"
	planFile     = ".datapact/plan"
	planVar      = "plan"
	codeVar      = "code"
	executeFile  = "/opt/datapact/execute" // what the image of a branch brings by convention
	digestVar    = "image-digest"
	commitVar    = "image-commit"
)

// job is the job that makes a dataset. What it reads of branches comes from one resource,
// whose versions are the executions that the plan calls for.
func (b *builder) job(job *jobs.Job) Job {
	j := b.frame(b.names[job.Branch], job)
	inputs := b.inputs(job)
	if gets := b.gets(job, inputs); len(gets) > 0 {
		j.Plan = append(j.Plan, InParallel{gets})
	}
	j.Plan = append(j.Plan, b.task(job, inputs))
	if planned(job) {
		j.Plan = append(j.Plan, LoadVar{planVar, b.planName(job) + "/" + planFile, "json", true})
	}
	for _, in := range inputs {
		if in.of.Branch != "" {
			j.Plan = append(j.Plan, LoadVar{receiptVar(in.artifact), in.artifact + "/" + receiptFile, "json", true})
		}
	}
	if job.Code != nil {
		j.Plan = append(j.Plan, LoadVar{codeVar, b.codeName(job) + "/" + jobs.CodeFile, "json", true})
	}
	if b.runsOwnImage(job) {
		j.Plan = append(j.Plan, LoadVar{digestVar, b.imageName(job) + "/digest", "trim", true},
			LoadVar{commitVar, b.dockerName(job) + "/.git/ref", "trim", true})
	}
	j.Plan = append(j.Plan, b.put(job, inputs))
	return j
}

// planned reports whether executions of a job are called for by what branches record. It
// then reads all of its branches from the plan.
func planned(job *jobs.Job) bool {
	return slices.ContainsFunc(job.Input, func(in jobs.Input) bool { return in.Branch != "" && in.Trigger })
}

func (b *builder) planName(job *jobs.Job) string { return b.names[job.Branch] + "-plan" }

// frame is a job without a plan: how its builds are run.
func (b *builder) frame(name string, of *jobs.Job) Job {
	return Job{
		Name: name, Serial: of.Serial, SerialGroups: of.SerialGroups, MaxInFlight: of.MaxInFlight,
		BuildLogRetention: of.BuildLogRetention,
		Public:            b.config.Defaults["public"] == true, Interruptible: b.config.Defaults["interruptible"] == true,
		DisableManualTrigger: b.config.Defaults["disable_manual_trigger"] == true,
		OnSuccess:            of.Hooks["on_success"], OnFailure: of.Hooks["on_failure"], OnError: of.Hooks["on_error"],
		OnAbort: of.Hooks["on_abort"], Ensure: of.Hooks["ensure"],
	}
}

// An input is one that has a get of its own.
type input struct {
	of       jobs.Input
	artifact string // its name in the build: the alias, where that is an identifier
}

// inputs are the inputs of a job that do not come with its plan.
func (b *builder) inputs(job *jobs.Job) []input {
	var list []input
	for _, in := range job.Input {
		if in.Branch != "" && planned(job) {
			continue
		}
		name := identifier(in.Alias, "input")
		if name == resultFolder {
			name = "input-" + name
		}
		list = append(list, input{in, name})
	}
	return list
}

func receiptVar(artifact string) string { return "receipt-" + variable(artifact) }

// gets are the steps that bring the inputs, and the image where it is built here.
func (b *builder) gets(job *jobs.Job, inputs []input) []Get {
	var gets []Get
	base := Get{Tags: b.defaults.Task.Tags, Attempts: job.Task.Attempts}
	if job.Task.Timeout > 0 {
		base.Timeout = duration(job.Task.Timeout)
	}
	if planned(job) {
		get := base
		get.Get, get.Trigger, get.Version, get.Params = b.planName(job), true, "every", planParams(job)
		gets = append(gets, get)
	}
	for _, in := range inputs {
		get := base
		get.Get, get.Trigger, get.Version, get.Params = in.artifact, in.of.Trigger, in.of.Version, in.of.Params
		if in.of.Branch != "" {
			get.Resource = b.names[in.of.Branch]
		} else {
			get.Resource = b.rawName(job, in.of)
		}
		if get.Resource == get.Get {
			get.Resource = ""
		}
		if get.Version == nil && in.of.Trigger {
			get.Version = "every"
		}
		if in.of.Tags != nil {
			get.Tags = in.of.Tags
		}
		get.Passed = b.passed(in.of)
		gets = append(gets, get)
	}
	if job.Code != nil { // a change of it starts nothing, here as elsewhere
		get := base
		get.Get = b.codeName(job)
		gets = append(gets, get)
	}
	if b.runsOwnImage(job) {
		name := b.imageName(job)
		image, context := base, base
		image.Get, image.Passed = name, []string{name}
		context.Get, context.Passed = b.dockerName(job), []string{name} // the commit that the image was built from
		gets = append(gets, image, context)
	}
	return gets
}

// planParams says how the inputs are brought that say something of that.
func planParams(job *jobs.Job) map[string]any {
	inputs := map[string]any{}
	for _, in := range job.Input {
		if in.Branch != "" && len(in.Params) > 0 {
			inputs[in.Alias] = in.Params
		}
	}
	if len(inputs) == 0 {
		return nil
	}
	return map[string]any{"inputs": inputs}
}

// passed are the jobs that a version must have been through, none unless the input
// says so. With some, Concourse takes only versions that a build of theirs made, and
// receipts that are replayed, or recorded elsewhere, would start nothing. A branch
// stands for its job.
func (b *builder) passed(in jobs.Input) []string {
	var jobs []string
	switch told := in.Passed.(type) {
	case bool:
		if name, ok := b.names[in.Branch]; ok && told {
			return []string{name}
		}
	case []any:
		for _, job := range told {
			text := fmt.Sprint(job)
			if name, ok := b.names[text]; ok {
				text = name
			}
			jobs = append(jobs, text)
		}
	}
	return jobs
}

// task is the step that makes the result.
func (b *builder) task(job *jobs.Job, inputs []input) Task {
	t := job.Task
	task := Task{
		Task: b.names[job.Branch], Privileged: t.Privileged, Attempts: t.Attempts, Tags: t.Tags, Vars: t.Vars,
		Config: TaskConfig{
			Platform: t.Platform, Outputs: []Artifact{{Name: resultFolder}}, Caches: t.Caches, Params: t.Env,
			Run: Run{t.Run.Path, t.Run.Args, t.Run.Dir, t.Run.User},
		},
	}
	if task.Config.Platform == "" {
		task.Config.Platform = "linux"
	}
	if t.Timeout > 0 {
		task.Timeout = duration(t.Timeout)
	}
	task.Config.Limits = limits(t.Limits)
	if planned(job) { // the inputs stand in one folder, and everything else in that
		task.Config.Inputs = append(task.Config.Inputs, Artifact{Name: b.planName(job), Path: workFolder})
		task.Config.Outputs[0].Path = path.Join(workFolder, resultFolder)
		task.Config.Run.Dir = path.Join(workFolder, t.Run.Dir)
	}
	for _, in := range inputs {
		artifact := Artifact{Name: in.artifact}
		if planned(job) {
			artifact.Path = path.Join(workFolder, in.of.Alias)
		} else if in.of.Alias != in.artifact {
			artifact.Path = in.of.Alias
		}
		task.Config.Inputs = append(task.Config.Inputs, artifact)
	}
	if code := job.Code; code != nil {
		artifact := Artifact{Name: b.codeName(job), Path: code.Alias}
		if planned(job) {
			artifact.Path = path.Join(workFolder, code.Alias)
		}
		task.Config.Inputs = append(task.Config.Inputs, artifact)
	}
	b.setImage(&task, job)
	return task
}

// duration is a time that passes without units that say nothing: 1h, not 1h0m0s.
func duration(d time.Duration) string {
	text := d.String()
	for _, nothing := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, nothing) {
			text = text[:len(text)-2]
		}
	}
	return text
}

func limits(l jobs.Limits) map[string]any {
	set := map[string]any{}
	if l.CPU > 0 {
		set["cpu"] = l.CPU
	}
	if l.Memory != "" {
		set["memory"] = l.Memory
	}
	return set
}

// setImage chooses the image of a task, and what to run in it.
func (b *builder) setImage(task *Task, job *jobs.Job) {
	switch image := job.Task.Image; {
	case image != nil:
		task.Config.ImageResource = &ImageResource{Type: image.Type, Source: image.Source, Version: image.Version, Params: image.Params}
		if image.Type == "" {
			task.Config.ImageResource.Type = imageType
		}
	case b.runsOwnImage(job):
		task.Image = b.imageName(job)
	case task.Config.Platform != "linux":
	case b.docker[job.Branch]:
		b.fault(b.config.File, "docker_registry: want one for the image that branch %s brings in docker/", job.Branch)
	default:
		b.fault(jobFile(job), "task.image: want an image: name one, or add docker/Dockerfile to the branch")
	}
	if task.Config.Run.Path != "" {
		return
	}
	if b.docker[job.Branch] {
		task.Config.Run.Path = executeFile
	} else {
		b.fault(jobFile(job), "task.run.path: want the command of the task")
	}
}

// put is the step that records the result.
func (b *builder) put(job *jobs.Job, inputs []input) Put {
	params := map[string]any{}
	if planned(job) {
		params["plan"] = "((.:" + planVar + "))"
	}
	var receipts []string
	for _, in := range inputs {
		if in.of.Branch != "" {
			receipts = append(receipts, "((.:"+receiptVar(in.artifact)+"))")
		}
	}
	if len(receipts) > 0 {
		params["input"] = receipts
	}
	runs := map[string]any{}
	if config := job.Runs().Config; config != "" {
		runs["config"] = config
	}
	if job.Code != nil {
		runs["code"] = "((.:" + codeVar + "))"
	}
	if b.runsOwnImage(job) {
		params["buildenv"] = "((.:" + digestVar + "))"
		params["docker"] = "((.:" + commitVar + "))"
		runs["image"] = "((.:" + digestVar + "))"
	}
	if len(runs) > 0 {
		params["job"] = runs
	}
	if rules := job.FilterRules(); len(rules) > 0 {
		params["filters"] = rules
	}
	for key, value := range job.Put {
		params[key] = value
	}
	put := Put{
		Put: b.names[job.Branch], Inputs: []string{resultFolder}, Params: params,
		GetParams: map[string]any{"download": false}, Tags: b.defaults.Task.Tags, Attempts: job.Task.Attempts,
	}
	if job.Task.Timeout > 0 {
		put.Timeout = duration(job.Task.Timeout)
	}
	return put
}
