package jobs

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/gitcmd/gittest"
	"github.com/git-datapact/git-datapact/pipeline/jq"
)

type object = map[string]any

// writeTop puts a file into the worktree of a repository.
func writeTop(t *testing.T, r *gitcmd.Repository, name, text string) string {
	t.Helper()
	top, err := r.TopLevel(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(top, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o777), os.WriteFile(file, []byte(text), 0o666)); err != nil {
		t.Fatal(err)
	}
	return file
}

// A configuration of the shape of a live one.
const liveShape = `# What the pipeline is made of.
include "s3" {"search": "."};

{
  branch_list: [
    {branch: "b", serial: false, put: {extra: 1}},
    {branch: "a"}
  ],
  datapact_job: {
    name: "datapact", # as older files have it
    type: "pact", check_interval: "10m", webhook_token: "((token))", tags: ["t"], icon: "database",
    source: ({uri: "git@example.com:x.git", private_key: "((git_private_key))"} + s3)
  },
  datapact_resource_type: {type: "registry-image", source: {repository: "me/pact"}},
  docker_registry: {type: "docker-image", check_every: "1h", source: {repository: "me/images", password: env.REGISTRY_PASSWORD}},
  job_defaults: {serial: true, timeout: "1h", tags: ["w"], public: true, on_failure: {put: "slack"}},
  filters: ["gz"],
  pipeline: {
    groups: [{name: "aws", jobs: ["extra"]}], jobs: [{name: "extra"}], resources: [{name: "slack"}],
    resource_types: [{name: "slack"}], var_sources: [{name: "vault"}], prototypes: [{name: "p"}], display: {background_image: "x"}
  }
}
`

const s3Module = `def s3: {s3_bucket: "bucket", s3_access_key_id: env.KEY_ID};`

func wantLiveShape() *Config {
	return &Config{
		File:     "datapact.jq",
		Branches: []BranchEntry{{Branch: "a", Keys: object{}}, {Branch: "b", Keys: object{"serial": false, "put": object{"extra": 1}}}},
		Resource: ResourceBase{
			Type: "pact", CheckEvery: "10m", WebhookToken: "((token))", Tags: []string{"t"}, Icon: "database",
			Source: object{"uri": "git@example.com:x.git", "private_key": "((git_private_key))", "s3_bucket": "bucket", "s3_access_key_id": "id"},
		},
		ResourceType: object{"type": "registry-image", "source": object{"repository": "me/pact"}},
		Registry:     &Registry{Type: "docker-image", CheckEvery: "1h", Source: object{"repository": "me/images", "password": "pw"}},
		Defaults:     object{"serial": true, "timeout": "1h", "tags": []any{"w"}, "public": true, "on_failure": object{"put": "slack"}},
		Filters:      []string{"gz"},
		Pipeline: OwnObjects{
			Groups: []object{{"name": "aws", "jobs": []any{"extra"}}}, Jobs: []object{{"name": "extra"}}, Resources: []object{{"name": "slack"}},
			ResourceTypes: []object{{"name": "slack"}}, VarSources: []object{{"name": "vault"}}, Prototypes: []object{{"name": "p"}},
			Display: object{"background_image": "x"},
		},
	}
}

func TestLoadConfig(t *testing.T) {
	t.Setenv("KEY_ID", "id")
	t.Setenv("REGISTRY_PASSWORD", "pw")
	r := newRepository(t)
	writeTop(t, r, "s3.jq", s3Module)
	file := writeTop(t, r, "datapact.jq", liveShape)
	want := wantLiveShape()
	check := func(opts *ConfigOptions) {
		t.Helper()
		got, err := LoadConfig(t.Context(), r, opts)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(BranchEntry{}, Config{})); diff != "" {
			t.Errorf("LoadConfig differs (-want +got):\n%s", diff)
		}
	}
	check(nil)
	want.File = file
	check(&ConfigOptions{File: file})
	if err := os.Rename(file, strings.TrimSuffix(file, "datapact.jq")+"other"); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadConfig(t.Context(), r, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("LoadConfig of none = %v, want ErrNotExist", err)
	}
	if _, err := LoadConfig(t.Context(), r, &ConfigOptions{File: file}); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("LoadConfig of a file that is not there = %v, want another error than for none", err)
	}
}

// In a bare repository the configuration is that of HEAD.
func TestLoadConfigOfBareRepository(t *testing.T) {
	dir := gittest.New(t, "--bare")
	r := gitcmd.Open(dir)
	t.Cleanup(func() { _ = r.Close() })
	if _, err := LoadConfig(t.Context(), r, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("LoadConfig without a commit = %v, want ErrNotExist", err)
	}
	commit, err := r.Commit(t.Context(), gitcmd.NewCommit{Message: "start\n", Changes: []gitcmd.Change{
		{Path: "datapact.json", Data: []byte(`import "list" as $list; {branches_list: $list[0], filtres: 1}`)},
		{Path: "list.json", Data: []byte(`[{"branch": "a"}]`)},
	}})
	if err == nil {
		err = r.UpdateRef(t.Context(), "refs/heads/main", commit, "", "test")
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := LoadConfig(t.Context(), r, nil); err == nil || err.Error() != "HEAD:datapact.json: filtres: unknown key" {
		t.Errorf("LoadConfig = %v, want an unknown key", err)
	}
}

func TestConfigFaults(t *testing.T) {
	tests := []struct {
		name, program string
		want          []string
	}{
		{"syntax", "{\n \"a\": }", []string{`datapact.json:2:7: unexpected token "}"`}},
		{"type", `[]`, []string{"datapact.json: the configuration: want an object, have a list", "datapact.json: branches_list: want at least one branch"}},
		{"no list", `{}`, []string{"datapact.json: branches_list: want at least one branch"}},
		{"empty list", `{"branch_list": []}`, []string{"datapact.json: branch_list: want at least one branch"}},
		{"both lists", `{"branch_list": [{"branch": "a"}], "branches_list": [{"branch": "a"}]}`, []string{
			"datapact.json: branch_list: branches_list says the same: want one of them"}},
		{"branches", `{"branches_list": [{"branch": "a"}, {"branch": "a"}, {}, 3, {"branch": "-x"}, {"branch": 1}]}`, []string{
			"datapact.json: branches_list[3]: want an object, have a number",
			`datapact.json: branches_list[1].branch: "a" is taken by branches_list[0]`,
			"datapact.json: branches_list[2].branch: want the name of a branch",
			"datapact.json: branches_list[3].branch: want the name of a branch",
			`datapact.json: branches_list[4].branch: "-x" is not a branch name`,
			"datapact.json: branches_list[5].branch: want a string, have a number",
			"datapact.json: branches_list[5].branch: want the name of a branch"}},
		{"entry", `{"branches_list": [{"branch": "a", "groups": "x", "task": {"rnu": 1}, "input": [{"branch": "a"}], "brnch": 1}]}`, []string{
			"datapact.json: branches_list[0].groups: want a list, have a string",
			"datapact.json: branches_list[0].task.rnu: unknown key",
			"datapact.json: branches_list[0].input[0].branch: the job cannot be its own input",
			"datapact.json: branches_list[0].brnch: unknown key"}},
		{"all at once", `{"branches_list": [{"branch": "a"}], "datapact_job": {"type": 1, "check_every": "1m", "check_interval": "1m", "sauce": {}},
			"docker_registry": {"source": "x", "user": 1}, "datapact_resource_type": [], "filters": "gz",
			"job_defaults": {"serial": 1, "timeout": "x", "seral": true}, "pipeline": {"groups": [1], "jbos": []}, "extra": 1}`, []string{
			"datapact.json: datapact_resource_type: want an object, have a list",
			"datapact.json: filters: want a list, have a string",
			"datapact.json: datapact_job.type: want a string, have a number",
			"datapact.json: datapact_job.check_interval: check_every says the same: want one of them",
			"datapact.json: datapact_job.sauce: unknown key",
			"datapact.json: docker_registry.source: want an object, have a string",
			"datapact.json: docker_registry.user: unknown key",
			"datapact.json: job_defaults.serial: want true or false, have a number",
			`datapact.json: job_defaults.timeout: want a duration such as 1h30m, have "x"`,
			"datapact.json: job_defaults.seral: unknown key",
			"datapact.json: pipeline.groups[0]: want an object, have a number",
			"datapact.json: pipeline.jbos: unknown key",
			"datapact.json: extra: unknown key"}},
		{"unset", "{branches_list: [{branch: \"a\"}],\n datapact_job: {source: {private_key: env.NO_KEY,\n s3_access_key_id: $ENV.NO_ID}}}", []string{
			"datapact.json:2: environment variable NO_KEY is not set",
			"datapact.json:3: environment variable NO_ID is not set"}},
		{"null", `{branches_list: [{branch: "a"}], datapact_job: {source: {private_key: (env | .NO_KEY)}}, pipeline: {jobs: [{plan: [null]}]}}`, []string{
			"datapact.json: datapact_job.source.private_key: null, which stands for nothing here: is a variable not set?",
			"datapact.json: pipeline.jobs[0].plan[0]: null, which stands for nothing here: is a variable not set?"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newRepository(t)
			writeTop(t, r, "datapact.json", test.program)
			_, err := LoadConfig(t.Context(), r, nil)
			if err == nil {
				t.Fatal("LoadConfig succeeds")
			}
			if diff := cmp.Diff(test.want, strings.Split(err.Error(), "\n")); diff != "" {
				t.Errorf("LoadConfig differs (-want +got):\n%s", diff)
			}
		})
	}
	r := newRepository(t)
	writeTop(t, r, "datapact.json", "{}")
	writeTop(t, r, "datapact.jq", "{}")
	if _, err := LoadConfig(t.Context(), r, nil); err == nil || err.Error() != "there are both datapact.json and datapact.jq: which one counts?" {
		t.Errorf("LoadConfig of two = %v", err)
	}
}

func TestAllowUnset(t *testing.T) {
	r := newRepository(t)
	writeTop(t, r, "datapact.json", `{branches_list: [{branch: "a"}], datapact_job: {source: {private_key: env.NO_KEY}}}`)
	config, err := LoadConfig(t.Context(), r, &ConfigOptions{AllowUnset: true})
	if err != nil {
		t.Fatal(err)
	}
	if value, ok := config.Resource.Source["private_key"]; value != nil || !ok {
		t.Errorf("private_key = %v, %v, want null", value, ok)
	}
}

// load reads the jobs of a repository, and makes whatever is wrong an error.
func load(t *testing.T, r *gitcmd.Repository, names ...string) ([]*Job, error) {
	t.Helper()
	config, err := findConfig(t.Context(), r)
	if err != nil {
		return nil, err
	}
	return config.Load(t.Context(), r, names...)
}

// current reads the job of a local branch.
func current(t *testing.T, r *gitcmd.Repository, name string) (*Job, error) {
	t.Helper()
	catalog, err := Open(t.Context(), r)
	if err != nil {
		return nil, err
	}
	return catalog.Current(t.Context(), name)
}

// The jobs are those that datapact.json lists, and it has the last word.
func TestJobsOfConfig(t *testing.T) {
	r := newRepository(t, "a", File, `{"serial": true, "groups": ["file"], "task": {"timeout": "1m", "attempts": 2}, "filters": ["zstd"]}`,
		"b", File, `{"input": [{"branch": "a"}], "max_in_flight": 3}`, "c", "README", "", "other", File, `{"oops": 1}`)
	writeTop(t, r, "datapact.json", `{
		"branches_list": [{"branch": "c", "task": {"run": {"path": "x"}}}, {"branch": "b"}, {"branch": "a", "groups": ["entry"], "serial": false}],
		"job_defaults": {"timeout": "1h", "tags": ["t"], "max_in_flight": 2, "serial": true, "ensure": {"get": "x"}, "public": true}, "filters": ["gz"]}`)
	jobs, err := load(t, r)
	if err != nil {
		t.Fatal(err)
	}
	ensure := object{"ensure": object{"get": "x"}}
	want := []*Job{
		{Branch: "a", Groups: []string{"entry"}, Serial: false, MaxInFlight: 2, Hooks: ensure, Filters: []string{"zstd"}, DefaultFilters: []string{"gz"},
			Task: Task{Timeout: 60e9, Attempts: 2, Tags: []string{"t"}, Env: map[string]string{}}},
		{Branch: "b", Serial: true, MaxInFlight: 3, Hooks: ensure, DefaultFilters: []string{"gz"},
			Task: Task{Timeout: 3600e9, Tags: []string{"t"}, Env: map[string]string{}}, Input: []Input{{Branch: "a", Alias: "a", Trigger: true}}},
		{Branch: "c", Serial: true, MaxInFlight: 2, Hooks: ensure, DefaultFilters: []string{"gz"},
			Task: Task{Timeout: 3600e9, Tags: []string{"t"}, Env: map[string]string{}, Run: Run{Path: "x"}}},
	}
	if diff := cmp.Diff(want, jobs, cmpopts.IgnoreFields(Job{}, "Commit", "ConfigTree", "effective", "reads")); diff != "" {
		t.Errorf("LoadJobs differs (-want +got):\n%s", diff)
	}
	if rules := strings.Join(jobs[0].FilterRules(), " "); rules != "**=zstd **=gz" {
		t.Errorf("FilterRules = %s", rules)
	}
	if job, err := current(t, r, "b"); err != nil || strings.Join(job.FilterRules(), " ") != "**=gz" {
		t.Errorf("Of(b) = %+v, %v, want the filters of datapact.json", job, err)
	}
}

func TestJobsOfConfigFaults(t *testing.T) {
	r := newRepository(t, "a", File, `{"input": [{"branch": "b"}, {"branch": "other"}]}`, "b", File, `{"input": [{"branch": "a"}]}`,
		"c", File, `{"x": 1}`, "other", File, `{}`)
	writeTop(t, r, "datapact.json", `{"branches_list": [{"branch": "c"}, {"branch": "gone"}, {"branch": "a"},
		{"branch": "b", "input": [{"branch": "a"}, {"branch": "x"}]}]}`)
	_, err := load(t, r)
	want := strings.Join([]string{
		"datapact.json: branches_list[1].branch: branch gone: not found",
		`a:config/job.json: input[1].branch: "other" is not in the list of branches of datapact.json`,
		`datapact.json: branches_list[3].input[1].branch: "x" is not in the list of branches of datapact.json`,
		"c:config/job.json: x: unknown key",
		"jobs read each other in a circle: a → b → a",
	}, "\n")
	if err == nil {
		t.Fatal("LoadJobs succeeds")
	}
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("LoadJobs differs (-want +got):\n%s", diff)
	}
	// Who is asked for one job gets it, wherever it stands.
	if jobs, err := load(t, r, "other"); err != nil || len(jobs) != 1 {
		t.Errorf("Load(other) = %v, %v", jobs, err)
	}
}

func FuzzConfig(f *testing.F) {
	for _, program := range []string{
		`{}`, `[]`, `{"branches_list":[{"branch":"a"}]}`, `{"branch_list":[{"branch":"a","input":[{"branch":"b"}],"task":{"env":{"a":1}}}]}`,
		`{"branches_list":[{"branch":"a"}],"datapact_job":{"source":{"uri":null}},"pipeline":{"jobs":[{"name":"x"}]},"job_defaults":{"serial":true}}`,
		`{"docker_registry":{"source":{}}} # env.X`, `env.X`, `env["X"].y`,
	} {
		f.Add(program)
	}
	f.Fuzz(func(t *testing.T, program string) {
		if strings.ContainsAny(program, "(|;") { // programs can take their time
			t.Skip()
		}
		source := jq.Tree{Strict: true, Read: func(_ context.Context, path string) ([]byte, error) {
			if path != "datapact.json" {
				return nil, gitcmd.ErrNotFound
			}
			return []byte(program), nil
		}}
		value, err := source.Evaluate(t.Context(), "datapact.json")
		if err != nil {
			return
		}
		if config, err := readConfig(value, "datapact.json", true); (config == nil) == (err == nil) {
			t.Errorf("readConfig(%q) = %v, %v", program, config, err)
		}
	})
}
