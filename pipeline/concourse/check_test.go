package concourse

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
)

const (
	plainJob    = `{"task": {"image": {"source": {"repository": "x"}}, "run": {"path": "x"}}}`
	plainConfig = `{"branches_list": [{"branch": "a"}], "datapact_job": {"source": {"uri": "u"}}, %s}`
)

// faults are the lines of the error of a repository with a branch "a".
func faults(t *testing.T, job, config string) []string {
	t.Helper()
	r := newRepository(t, "a", "config/job.json", job, "", "datapact.json", config)
	_, err := Generate(t.Context(), r, nil)
	if err == nil {
		return nil
	}
	return strings.Split(err.Error(), "\n")
}

// What Concourse refuses, or warns of, in a user's own objects.
func TestOwnFaults(t *testing.T) {
	tests := []struct {
		name, pipeline string
		want           []string
	}{
		{"names", `{"jobs": [{"name": "A", "plan": []}, {"plan": []}, {"name": "1", "plan": []}, {"name": "a", "plan": []}, {"name": "_b", "plan": []}, {"name": 7, "plan": []}]}`, []string{
			"pipeline.jobs[1].name: want a name",
			"pipeline.jobs[5].name: want a string, have a number",
			`pipeline.jobs[2].name: "1" cannot be a name in Concourse: it is digits alone`,
			`pipeline.jobs[0].name: "A" cannot be a name in Concourse: it must start with a lower-case letter or a digit, and have no others than these and - _ .`,
			`pipeline.jobs[4].name: "_b" cannot be a name in Concourse: it must start with a lower-case letter or a digit, and have no others than these and - _ .`,
			`pipeline.jobs[3].name: "a" is taken by jobs.a of a:config/job.json`,
		}},
		{"resources", `{"resources": [{"name": "a", "type": "git"}, {"name": "r"}, {"name": "r", "type": "gti", "check_every": "1 h", "check_timeout": "x", "version": {"ref": 1}, "sauce": {}}]}`, []string{
			`pipeline.resources[0].name: "a" is taken by datapact_job of datapact.json`,
			`pipeline.resources[1]: resource "r" is not used: no step gets or puts it`,
			"pipeline.resources[1].type: want a type of resources",
			`pipeline.resources[2].name: "r" is taken by pipeline.resources[1] of datapact.json`,
			`pipeline.resources[2]: resource "r" is not used: no step gets or puts it`,
			`pipeline.resources[2].type: "gti" is not a resource type of the pipeline or of Concourse (one that your workers bring is listed in worker_resource_types)`,
			`pipeline.resources[2].check_every: want a duration such as 1h30m, have "1 h"`,
			`pipeline.resources[2].check_timeout: want a duration such as 1h30m, have "x"`,
			"pipeline.resources[2].version.ref: want a string, have a number",
			"pipeline.resources[2].sauce: unknown key",
		}},
		{"types", `{"resource_types": [{"name": "t", "type": "none", "privileged": 1}, {"name": "t", "type": "git"}], "prototypes": [{"name": "t", "type": "git"}]}`, []string{
			`pipeline.resource_types[0].type: "none" is not a resource type of the pipeline or of Concourse (one that your workers bring is listed in worker_resource_types)`,
			"pipeline.resource_types[0].privileged: want true or false, have a number",
			`pipeline.resource_types[1].name: "t" is taken by pipeline.resource_types[0] of datapact.json`,
			`pipeline.prototypes[0].name: "t" is taken by a resource type`,
		}},
		{"groups", `{"groups": [{"name": "g", "jobs": ["nothing*", "a"], "resources": ["nothing"]}, {"name": "G"}, {"jobs": ["a"], "color": 1}]}`, []string{
			"pipeline.groups[2].color: unknown key",
			"pipeline.groups[2].name: want a name",
			`pipeline.groups[1].name: "G" cannot be a name in Concourse: it must start with a lower-case letter or a digit, and have no others than these and - _ .`,
			`pipeline.groups[0].jobs[1]: no job is named "nothing*"`,
			`pipeline.groups[0].resources[0]: there is no resource "nothing"`,
		}},
		{"gets", `{"jobs": [{"name": "j", "plan": [{"get": "a", "passed": ["a", "k", "none"]}, {"get": "a"}, {"get": "b", "resource": "none", "version": "evry", "trigger": "yes"}, {"get": "c", "resource": "a", "version": {"x": 1}, "passd": []}]}, {"name": "k", "plan": []}]}`, []string{
			`pipeline.jobs[0].plan[0].passed[1]: job "k" neither gets nor puts "a"`,
			`pipeline.jobs[0].plan[0].passed[2]: no job is named "none"`,
			`pipeline.jobs[0].plan[1].get: another step of the job gets "a"`,
			`pipeline.jobs[0].plan[2].resource: there is no resource "none"`,
			"pipeline.jobs[0].plan[2].trigger: want true or false, have a string",
			`pipeline.jobs[0].plan[2].version: want "every", "latest" or an object`,
			"pipeline.jobs[0].plan[3].version.x: want a string, have a number",
			"pipeline.jobs[0].plan[3].passd: unknown key",
		}},
		{"steps", `{"jobs": [{"name": "j", "plan": [{"gte": "a"}, {"get": "a", "put": "a"}, 3, {"aggregate": [{"get": "a"}]}, {"do": [{"put": "none", "inputs": "some"}]},
			{"try": {"load_var": "v"}}, {"in_parallel": {"steps": [{"set_pipeline": "p"}], "limits": 1}}, {"load_var": "v", "file": "x"},
			{"across": [], "task": "T((.:x))", "file": "x"}, {"across": [{"var": "v", "values": [], "max_in_flight": 0}], "do": [{"load_var": "v", "file": "x"}]}, {"run": "x", "type": "none"}]}]}`, []string{
			"pipeline.jobs[0].plan[2]: want an object, have a number",
			"pipeline.jobs[0].plan[0]: is not a step: want one of the keys run, task, put, get, set_pipeline, load_var, try, do, in_parallel",
			"pipeline.jobs[0].plan[1]: is several steps in one: put, get",
			"pipeline.jobs[0].plan[2]: is not a step: want one of the keys run, task, put, get, set_pipeline, load_var, try, do, in_parallel",
			"pipeline.jobs[0].plan[3]: is not a step: want one of the keys run, task, put, get, set_pipeline, load_var, try, do, in_parallel",
			`pipeline.jobs[0].plan[4].do[0].put: there is no resource "none"`,
			"pipeline.jobs[0].plan[4].do[0].inputs: want a list, have a string",
			"pipeline.jobs[0].plan[5].try.file: want a file",
			"pipeline.jobs[0].plan[6].in_parallel.steps[0].file: want a file",
			"pipeline.jobs[0].plan[6].in_parallel.limits: unknown key",
			`pipeline.jobs[0].plan[7].load_var: variable "v" is there already`,
			"pipeline.jobs[0].plan[8].across: want variables",
			`pipeline.jobs[0].plan[9].across[0].var: variable "v" hides one of the same name`,
			`pipeline.jobs[0].plan[9].across[0].max_in_flight: want "all" or a number from 1`,
			`pipeline.jobs[0].plan[9].do[0].load_var: variable "v" is there already`,
			`pipeline.jobs[0].plan[10].type: there is no prototype "none"`,
		}},
		{"tasks", `{"jobs": [{"name": "j", "plan": [{"task": "t"}, {"task": "t", "file": "x", "config": {"platform": "linux"}},
			{"task": "t", "image": "i", "hermetic": true, "timeout": "soon", "attempts": 0, "container_limits": {"cpu": "x", "memory": "big"},
			 "config": {"image_resource": {"type": "none", "tag": 1}, "inputs": [{"path": "x"}], "outputs": [{"name": "o", "optional": true}], "caches": [{"ttl": "1ms"}], "run": {"pth": "x"}, "ouputs": []}}]}]}`, []string{
			"pipeline.jobs[0].plan[0]: want config or file, one of them",
			"pipeline.jobs[0].plan[1]: want config or file, one of them",
			"pipeline.jobs[0].plan[2].hermetic: Concourse warns of it: only the runtime containerd knows it",
			"pipeline.jobs[0].plan[2].container_limits.cpu: want a whole number from 0, have x",
			"pipeline.jobs[0].plan[2].container_limits.memory: want a size such as 1gb, have big",
			"pipeline.jobs[0].plan[2].config.platform: want linux, windows or darwin",
			`pipeline.jobs[0].plan[2].config.image_resource.type: "none" is not a resource type of the pipeline or of Concourse (one that your workers bring is listed in worker_resource_types)`,
			"pipeline.jobs[0].plan[2].config.image_resource.tag: unknown key",
			"pipeline.jobs[0].plan[2].config: the image of the step takes the place of that of the config: want one of them",
			"pipeline.jobs[0].plan[2].config.run.pth: unknown key",
			"pipeline.jobs[0].plan[2].config.inputs[0].name: want a name",
			"pipeline.jobs[0].plan[2].config.outputs[0].optional: unknown key",
			`pipeline.jobs[0].plan[2].config.caches[0].ttl: want a duration from 1s, have "1ms"`,
			"pipeline.jobs[0].plan[2].config.ouputs: unknown key",
			`pipeline.jobs[0].plan[2].timeout: want a duration such as 1h30m, have "soon"`,
			"pipeline.jobs[0].plan[2].attempts: want a number from 1",
		}},
		{"jobs", `{"jobs": [{"name": "j", "plan": [], "on_failure": {"put": "slack"}, "ensure": {}, "build_logs_to_retain": 3, "build_log_retention": {"builds": 2, "minimum_succeeded_builds": 3, "weeks": 1}, "serail": true}]}`, []string{
			"pipeline.jobs[0].build_logs_to_retain: gone from Concourse: use build_log_retention",
			"pipeline.jobs[0].build_log_retention.minimum_succeeded_builds: 3 of 2 builds cannot be kept",
			"pipeline.jobs[0].build_log_retention.weeks: unknown key",
			`pipeline.jobs[0].on_failure.put: there is no resource "slack"`,
			"pipeline.jobs[0].ensure: is not a step: want one of the keys run, task, put, get, set_pipeline, load_var, try, do, in_parallel",
			"pipeline.jobs[0].serail: unknown key",
		}},
		{"circle", `{"jobs": [{"name": "j", "plan": [{"get": "a", "passed": ["k"]}]}, {"name": "k", "plan": [{"get": "a", "passed": ["[j]"]}]}]}`, []string{
			"pipeline.jobs[0]: jobs wait for each other in a circle: j ← k ← j",
		}},
		{"variables", `{"var_sources": [{"name": "x", "type": "vault", "config": {"a": "((y:b))"}}, {"name": "y", "type": "vault", "config": {"a": "((x:b))"}}, {"name": "z", "type": "conjure", "config": {"p": "((w:p)) ((own))"}}],
			"display": {"background_image": "ftp://x", "colour": 1}}`, []string{
			"pipeline.var_sources[2].type: want one of dummy, idtoken, secretsmanager, ssm, vault",
			"pipeline.display.background_image: want a URL of http or https, or a relative one",
			"pipeline.display.colour: unknown key",
			"pipeline.var_sources[0].config: it reads a source of variables that is not there, or that reads this one",
			"pipeline.var_sources[1].config: it reads a source of variables that is not there, or that reads this one",
			"pipeline.var_sources[2].config: it reads a source of variables that is not there, or that reads this one",
		}},
		{"right", `{"groups": [{"name": "all"}, {"name": "g", "jobs": ["{a,j}", "[!b]"]}], "jobs": [{"name": "j", "plan": [{"get": "x", "resource": "a", "passed": ["[a]"], "timeout": "((t))"}]}]}`, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var want []string
			for _, line := range test.want {
				want = append(want, "datapact.json: "+line)
			}
			got := faults(t, plainJob, fmt.Sprintf(plainConfig, `"pipeline": `+test.pipeline))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("Generate differs (-want +got):\n%s", diff)
			}
		})
	}
}

// What is at fault with the branches and what is said of all jobs.
func TestJobFaults(t *testing.T) {
	tests := []struct {
		name, job, config string
		want              []string
	}{
		{"image and command", `{}`, `"filters": []`, []string{
			"a:config/job.json: task.image: want an image: name one, or add docker/Dockerfile to the branch",
			"a:config/job.json: task.run.path: want the command of the task",
		}},
		{"hook", `{"on_error": {"put": "none"}, "groups": ["X"], "task": {"image": {"type": "nothing"}, "run": {"path": "x"}, "caches": ["x"], "container_limits": {"memory": "x"}},
			"input": [{"resource": {"typ": "git"}, "alias": "in"}]}`, `"filters": []`, []string{
			`a:config/job.json: groups.name: "X" cannot be a name in Concourse: it must start with a lower-case letter or a digit, and have no others than these and - _ .`,
			"a:config/job.json: input[0].resource.type: want a type of resources",
			"a:config/job.json: input[0].resource.typ: unknown key",
			`a:config/job.json: jobs.a.plan[1].config.image_resource.type: "nothing" is not a resource type of the pipeline or of Concourse (one that your workers bring is listed in worker_resource_types)`,
			"a:config/job.json: jobs.a.plan[1].config.container_limits.memory: want a size such as 1gb, have x",
			"a:config/job.json: jobs.a.plan[1].config.caches[0]: want an object, have a string",
			`a:config/job.json: jobs.a.on_error.put: there is no resource "none"`,
		}},
		{"passed", `{"task": {"image": {"source": {"repository": "x"}}, "run": {"path": "x"}}, "input": [{"resource": {"type": "git"}, "alias": "in", "passed": ["a", "none"]}]}`, `"filters": []`, []string{
			`a:config/job.json: jobs.a.plan[0].in_parallel[0].passed[1]: no job is named "none"`,
			"a:config/job.json: jobs.a: jobs wait for each other in a circle: a ← a",
		}},
		{"inputs of one name", `{"task": {"image": {"source": {"repository": "x"}}, "run": {"path": "x"}}, "input": [{"resource": {"type": "git"}, "alias": "A"}, {"resource": {"type": "git"}, "alias": "a"}]}`, `"filters": []`, []string{
			`a:config/job.json: input[1].resource.name: "a-raw-a" is taken by input[0].resource of a:config/job.json`,
			`a:config/job.json: jobs.a.plan[0].in_parallel[1].get: another step of the job gets "a"`,
		}},
		{"defaults once", plainJob, `"job_defaults": {"on_failure": {"put": "slack"}}, "pipeline": {"jobs": [{"name": "j", "plan": []}]}`, []string{
			`datapact.json: job_defaults.on_failure.put: there is no resource "slack"`,
		}},
		{"type of datasets", plainJob, `"datapact_resource_type": {"name": "other", "type": "none", "x": 1}`, []string{
			`datapact.json: datapact_job.type: "datapact" is not a resource type of the pipeline or of Concourse (one that your workers bring is listed in worker_resource_types)`,
			`datapact.json: datapact_resource_type.type: "none" is not a resource type of the pipeline or of Concourse (one that your workers bring is listed in worker_resource_types)`,
			"datapact.json: datapact_resource_type.x: unknown key",
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := faults(t, test.job, fmt.Sprintf(plainConfig, test.config))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("Generate differs (-want +got):\n%s", diff)
			}
		})
	}
}

// Branches whose names become one, and images without a registry.
func TestNamesThatCollide(t *testing.T) {
	r := newRepository(t, "x/y", "config/job.json", plainJob, "x-y", "config/job.json", plainJob, "ä", "docker/Dockerfile", "FROM scratch\n",
		"ö", "docker/Dockerfile", "FROM scratch\n", "b", "config/job.json", plainJob, "b-image", "config/job.json", plainJob, "b", "docker/Dockerfile", "FROM scratch\n",
		"", "datapact.json", `{"branch_list": ["x/y", "x-y", "ä", "ö", "b", "b-image"] | map({branch: .}), "docker_registry": {"source": {"repository": "r"}}}`)
	_, err := Generate(t.Context(), r, nil)
	want := []string{
		`datapact.json: branches "x-y" and "x/y" have the same name in the pipeline, "x-y": rename one`,
		`datapact.json: branches "ä" and "ö" have the same tag of an image, "branch": rename one`,
		"datapact.json: datapact_job.source.uri: want the git repository of the receipts",
		`datapact.json: datapact_job.name: "b-image" is taken by docker_registry of datapact.json`,
		`datapact.json: datapact_job.name: "x-y" is taken by datapact_job of datapact.json`,
		`b-image:config/job.json: jobs.b-image.name: "b-image" is taken by jobs.b-image of b:config/job.json`,
	}
	if err == nil {
		t.Fatal("Generate succeeds")
	}
	for _, line := range want {
		if !strings.Contains(err.Error()+"\n", line+"\n") {
			t.Errorf("Generate = %v\nwant %s", err, line)
		}
	}
	r = newRepository(t, "a", "docker/Dockerfile", "FROM scratch\n", "", "datapact.json", fmt.Sprintf(plainConfig, `"filters": []`))
	if _, err := Generate(t.Context(), r, nil); err == nil || err.Error() != "datapact.json: docker_registry: want one for the image that branch a brings in docker/" {
		t.Errorf("Generate = %v, want that there is no registry", err)
	}
}

func TestIdentifier(t *testing.T) {
	for name, want := range map[string]string{
		"aws-xen.1_x": "aws-xen.1_x", "Feature/One": "feature-one", "2024": "branch-2024", "_x": "x", "/": "branch", "日本": "日本", "ÄÖ": "äö", "a b": "a-b", "1a": "1a", "..": "branch",
	} {
		if got := identifier(name, "branch"); got != want || !isIdentifier(got) {
			t.Errorf("identifier(%q) = %q, want %q", name, got, want)
		}
	}
	if got := imageTag("日本"); got != "branch" {
		t.Errorf("imageTag = %q", got)
	}
	if got := imageTag("-ä/" + strings.Repeat("x", 200)); got != strings.Repeat("x", 128) {
		t.Errorf("imageTag = %q", got)
	}
}

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		time.Hour: "1h", 90 * time.Minute: "1h30m", 10 * time.Minute: "10m", 50 * time.Second: "50s", time.Hour + time.Second: "1h0m1s", 20 * time.Hour: "20h",
	} {
		if got := duration(d); got != want {
			t.Errorf("duration(%v) = %q, want %q", d, got, want)
		}
	}
}

// Whatever a text is, YAML gives it back, and does not take it for something else.
func FuzzYAML(f *testing.F) {
	for _, text := range []string{"", "yes", "0x10", "1:30", "~", "null", "a: b", " x", "x ", "- x", "a\n\n b\n", "\t", "\u2028", "#", "((x))", "2001-01-01", "1_000", "0o7", "x\r\ny", "\x85", "\ufeff"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		text = strings.ToValidUTF8(text, "")
		p := &Pipeline{Jobs: []Object{{Value: map[string]any{"key": text, text: "value"}}}}
		data, err := p.YAML()
		if err != nil {
			t.Fatal(err)
		}
		var got struct{ Jobs []map[string]any }
		if err := yaml.Unmarshal(data, &got); err != nil {
			t.Fatalf("reading %q: %v", data, err)
		}
		want := map[string]any{"key": text, text: "value"}
		if diff := cmp.Diff(want, got.Jobs[0]); diff != "" {
			t.Errorf("YAML of %q is %q", text, data)
		}
	})
}

// FuzzCheck gives the checker objects of any shape.
func FuzzCheck(f *testing.F) {
	for _, seed := range []string{`{"jobs": [{"name": "j", "plan": [{"get": "a"}]}]}`, `{"jobs": [{"plan": {"do": 1}}], "groups": [{}]}`, `{"jobs": [{"name": "j", "plan": [{"try": []}, {"in_parallel": 1}, {"across": {}}]}]}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var own map[string][]map[string]any
		if yaml.Unmarshal([]byte(text), &own) != nil {
			return
		}
		config := &jobs.Config{
			File: "datapact.json", Branches: []jobs.BranchEntry{{Branch: "a"}},
			Pipeline: jobs.OwnObjects{Groups: own["groups"], Jobs: own["jobs"], Resources: own["resources"], ResourceTypes: own["resource_types"], VarSources: own["var_sources"], Prototypes: own["prototypes"]},
		}
		b := newBuilder(config, []*jobs.Job{{Branch: "a", Commit: gitcmd.Hash("x")}}, nil)
		b.build().check(config)
	})
}
