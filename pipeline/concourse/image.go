package concourse

import (
	"maps"

	"github.com/git-datapact/git-datapact/pipeline/jobs"
)

// builderRepository is the image that builds images.
const builderRepository = "concourse/oci-build-task"

// gitKeys are the keys of the source of datasets that Concourse's git resource
// understands too.
var gitKeys = []string{
	"uri", "private_key", "private_key_user", "private_key_passphrase", "username", "password", "skip_ssl_verification", "git_config",
}

// runsOwnImage reports whether the task of a job runs in the image that is built of
// its branch: it does unless the job names another.
func (b *builder) runsOwnImage(job *jobs.Job) bool {
	return b.buildsImage(job) && job.Task.Image == nil
}

func (b *builder) imageName(job *jobs.Job) string  { return b.names[job.Branch] + "-image" }
func (b *builder) dockerName(job *jobs.Job) string { return b.names[job.Branch] + "-docker" }

// image adds what builds the image of a branch when its docker/ changes.
func (b *builder) image(job *jobs.Job) {
	base, registry := b.config.Resource, b.config.Registry
	source := map[string]any{"branch": job.Branch, "paths": []string{"docker/*"}}
	for _, key := range gitKeys {
		if value, ok := base.Source[key]; ok {
			source[key] = value
		}
	}
	b.addResource(Resource{
		Name: b.dockerName(job), Type: "git", CheckEvery: base.CheckEvery, WebhookToken: base.WebhookToken, Tags: base.Tags, Source: source,
	}, b.config.File, "datapact_job")
	target := maps.Clone(registry.Source)
	if target == nil {
		target = map[string]any{}
	}
	target["tag"] = imageTag(job.Branch)
	resource := Resource{Name: b.imageName(job), Type: registry.Type, CheckEvery: registry.CheckEvery, Source: target}
	if resource.Type == "" {
		resource.Type = imageType
	}
	b.addResource(resource, b.config.File, "docker_registry")
	b.addJob(job, b.imageJob(job))
}

func (b *builder) imageJob(job *jobs.Job) Job {
	context, image, tags := b.dockerName(job), b.imageName(job), b.defaults.Task.Tags
	j := b.frame(image, b.defaults)
	build := Task{
		Task: "build", Privileged: true, Attempts: b.defaults.Task.Attempts, Tags: tags,
		Config: TaskConfig{
			Platform:      "linux",
			ImageResource: &ImageResource{Type: imageType, Source: map[string]any{"repository": builderRepository}},
			Inputs:        []Artifact{{Name: context}},
			Outputs:       []Artifact{{Name: "image"}},
			Caches:        []any{map[string]any{"path": "cache"}},
			Params:        map[string]string{"CONTEXT": context + "/docker"},
			Run:           Run{Path: "build"},
		},
	}
	if d := b.defaults.Task.Timeout; d > 0 {
		build.Timeout = duration(d)
	}
	j.Plan = []any{
		Get{Get: context, Trigger: true, Tags: tags},
		build,
		Put{
			Put: image, Inputs: []string{"image"}, Tags: tags,
			Params: map[string]any{"image": "image/image.tar"}, GetParams: map[string]any{"skip_download": true},
		},
	}
	return j
}
