package concourse

import (
	"fmt"
	"strings"
	"time"

	"github.com/git-datapact/git-datapact/pipeline/jobs"
)

// The folders and files of a build.
const (
	resultFolder = "result"
	receiptFile  = ".datapact/result"
	executeFile  = "/opt/datapact/execute" // what the image of a branch brings by convention
	digestVar    = "image-digest"
)

// job is the job that makes a dataset.
func (b *builder) job(job *jobs.Job) Job {
	j := b.frame(b.names[job.Branch], job)
	inputs := b.artifacts(job)
	if gets := b.gets(job, inputs); len(gets) > 0 {
		j.Plan = append(j.Plan, InParallel{gets})
	}
	j.Plan = append(j.Plan, b.task(job, inputs))
	for i, in := range job.Input {
		if in.Branch != "" {
			j.Plan = append(j.Plan, LoadVar{receiptVar(inputs[i]), inputs[i] + "/" + receiptFile, "json", true})
		}
	}
	if b.runsOwnImage(job) {
		j.Plan = append(j.Plan, LoadVar{digestVar, b.imageName(job) + "/digest", "trim", true})
	}
	j.Plan = append(j.Plan, b.put(job, inputs))
	return j
}

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

// artifacts are the names that the inputs of a job have in its build: the aliases,
// where those are identifiers.
func (b *builder) artifacts(job *jobs.Job) []string {
	names := make([]string, len(job.Input))
	for i, in := range job.Input {
		names[i] = identifier(in.Alias, "input")
		if names[i] == resultFolder {
			names[i] = "input-" + names[i]
		}
	}
	return names
}

func receiptVar(artifact string) string { return "receipt-" + variable(artifact) }

// gets are the steps that bring the inputs, and the image where it is built here.
func (b *builder) gets(job *jobs.Job, artifacts []string) []Get {
	var gets []Get
	for i, in := range job.Input {
		get := Get{Get: artifacts[i], Trigger: in.Trigger, Version: in.Version, Params: in.Params, Tags: in.Tags}
		if in.Branch != "" {
			get.Resource = b.names[in.Branch]
		} else {
			get.Resource = b.rawName(job, in)
		}
		if get.Resource == get.Get {
			get.Resource = ""
		}
		if get.Version == nil {
			get.Version = "every"
		}
		if get.Tags == nil {
			get.Tags = b.defaults.Task.Tags
		}
		get.Passed = b.passed(in)
		gets = append(gets, get)
	}
	if b.runsOwnImage(job) {
		name := b.imageName(job)
		gets = append(gets, Get{Get: name, Passed: []string{name}, Tags: b.defaults.Task.Tags})
	}
	return gets
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
func (b *builder) task(job *jobs.Job, artifacts []string) Task {
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
	for i, in := range job.Input {
		artifact := Artifact{Name: artifacts[i]}
		if in.Alias != artifacts[i] {
			artifact.Path = in.Alias
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
func (b *builder) put(job *jobs.Job, artifacts []string) Put {
	params := map[string]any{}
	var receipts []string
	for i, in := range job.Input {
		if in.Branch != "" {
			receipts = append(receipts, "((.:"+receiptVar(artifacts[i])+"))")
		}
	}
	if len(receipts) > 0 {
		params["input"] = receipts
	}
	if b.runsOwnImage(job) {
		params["buildenv"] = "((.:" + digestVar + "))"
	}
	if rules := job.FilterRules(); len(rules) > 0 {
		params["filters"] = rules
	}
	for key, value := range job.Put {
		params[key] = value
	}
	return Put{
		Put: b.names[job.Branch], Inputs: []string{resultFolder}, Params: params,
		GetParams: map[string]any{"download": false}, Tags: b.defaults.Task.Tags,
	}
}
