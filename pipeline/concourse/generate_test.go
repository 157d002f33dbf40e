package concourse

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/gitcmd/gittest"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
)

var update = flag.Bool("update", false, "write the pipelines that are expected")

// newRepository makes a repository whose branches hold the files given: branch,
// path and content in turn. Those of branch "" are in the worktree.
func newRepository(t *testing.T, files ...string) *gitcmd.Repository {
	t.Helper()
	dir := gittest.New(t)
	r := gitcmd.Open(dir)
	t.Cleanup(func() { _ = r.Close() })
	changes := map[string][]gitcmd.Change{}
	for i := 0; i < len(files); i += 3 {
		if files[i] == "" {
			if err := os.WriteFile(filepath.Join(dir, files[i+1]), []byte(files[i+2]), 0o666); err != nil {
				t.Fatal(err)
			}
			continue
		}
		changes[files[i]] = append(changes[files[i]], gitcmd.Change{Path: files[i+1], Data: []byte(files[i+2])})
	}
	for branch, list := range changes {
		commit, err := r.Commit(t.Context(), gitcmd.NewCommit{Changes: list, Message: "start\n"})
		if err == nil {
			err = r.UpdateRef(t.Context(), "refs/heads/"+branch, commit, "", "test")
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// generate makes the pipeline of a repository, has fly look at it where there is
// fly, and returns it as JSON.
func generate(t *testing.T, r *gitcmd.Repository) string {
	t.Helper()
	p, err := Generate(t.Context(), r, nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := p.JSON()
	if err != nil {
		t.Fatal(err)
	}
	block, err := p.YAML()
	if err != nil {
		t.Fatal(err)
	}
	var fromJSON, fromYAML any
	if err := errors.Join(json.Unmarshal(text, &fromJSON), yaml.Unmarshal(block, &fromYAML)); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(fromYAML)
	if err == nil {
		err = json.Unmarshal(again, &fromYAML)
	}
	if diff := cmp.Diff(fromJSON, fromYAML); diff != "" || err != nil {
		t.Errorf("YAML and JSON differ: %v\n%s", err, diff)
	}
	t.Run("fly", func(t *testing.T) {
		validate(t, text)
		validate(t, block)
	})
	return string(text)
}

// validate has Concourse's own program judge a pipeline.
func validate(t *testing.T, text []byte) {
	t.Helper()
	fly, err := exec.LookPath("fly")
	if err != nil {
		t.Skip("fly is not on PATH: the pipeline is not validated by Concourse's own program")
	}
	cmd := exec.Command(fly, "validate-pipeline", "--strict", "-c", "-")
	cmd.Stdin = bytes.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("fly validate-pipeline: %v\n%s", err, out)
	}
}

// The article's two branches and configuration, as they are typed there.
func articleFiles() []string {
	return []string{
		"aws-xen-centos-7", "docker/Dockerfile", "FROM alpine:latest\nRUN apk install --no-cache ca-certificates curl jq\nADD execute /opt/datapact/execute\n",
		"aws-xen-centos-7", "config/job.json", `{ "input": [
  { "alias": "stemcell",
    "resource": {
      "type": "bosh-io-stemcell",
      "source": {
        "name": "bosh-aws-xen-centos-7-go_agent" } } } ] }
`,
		"aws-xen-centos-7-metadata", "config/job.json", `{ "task": {
    "image": {
      "source": {
        "repository": "dpb587/bosh-stemcell-metadata" } },
    "privileged": true,
    "run": {
      "path": "/bosh-stemcell-metadata/bin/analyze" },
    "env": {
      "analyzer": "filelist manifest packages",
      "tarball": "aws-xen-centos-7/stemcell.tgz" } },
  "input": [
    { "branch": "aws-xen-centos-7" } ] }
`,
		"", "datapact.json", `{ "branches_list": [
    { "branch": "aws-xen-centos-7" },
    { "branch": "aws-xen-centos-7-metadata"} ],
  "datapact_job": {
  "source": {
    "uri": "git@github.com:dpb587/bosh-stemcell-metadata.git",
    "private_key": env.GIT_PRIVATE_KEY,
    "s3_bucket": "dpb587-bosh-stemcell-metadata-us-east-1",
    "s3_access_key_id": env.AWS_ACCESS_KEY_ID,
    "s3_secret_access_key": env.AWS_SECRETE_ACCESS_KEY } },
  "docker_registry": {
  "source": {
    "repository": "dpb587/bosh-stemcell-metadata",
    "username": env.DOCKER_USERNAME,
    "password": env.DOCKER_PASSWORD } } }
`}
}

func setSecrets(t *testing.T) {
	t.Setenv("GIT_PRIVATE_KEY", "-----BEGIN KEY-----\nline\n-----END KEY-----\n")
	t.Setenv("AWS_ACCESS_KEY_ID", "0123")
	t.Setenv("AWS_SECRETE_ACCESS_KEY", "yes")
	t.Setenv("DOCKER_USERNAME", "user")
	t.Setenv("DOCKER_PASSWORD", "a: b # c")
}

func TestArticle(t *testing.T) {
	setSecrets(t)
	wantFile(t, "article.json", generate(t, newRepository(t, articleFiles()...)))
}

// The two branches of a live repository, with a configuration of the shape of a
// live one: a module for the settings of the bucket, objects of its own.
func TestLive(t *testing.T) {
	bundle, err := filepath.Abs("../../../shared/data/centos-7.bundle")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(bundle); err != nil {
		t.Skip("no live receipts here")
	}
	t.Setenv("S3_ACCESS_KEY_ID", "id")
	t.Setenv("S3_SECRET_ACCESS_KEY", "secret")
	r := newRepository(t, "", "s3.jq", `# Where the blobs are.
def s3: { s3_bucket: "bucket", s3_region: "us-east-1", s3_access_key_id: env.S3_ACCESS_KEY_ID, s3_secret_access_key: $ENV.S3_SECRET_ACCESS_KEY };
`, "", "datapact.jq", `include "s3" {"search": "."};
{
  "branches_list": [
    { "branch": "aws-xen-centos-7-stemcell" },
    { "branch": "aws-xen-centos-7-metadata" } # more to come
  ],
  "datapact_job": {
    "name": "datapact",
    "check_interval": "10m",
    "source": ({ "uri": "git@github.com:dpb587/bosh-stemcell-metadata.git", "private_key": "((git_private_key))" } + s3)
  },
  "job_defaults": { "on_failure": { "put": "site", "params": { "repository": "site" } } },
  "pipeline": {
    "groups": [ { "name": "site", "jobs": [ "publish" ] }, { "name": "aws", "jobs": [ "publish" ] } ],
    "jobs": [ { "name": "publish", "plan": [
      { "get": "aws-xen-centos-7-metadata", "passed": [ "aws-xen-centos-7-metadata" ], "trigger": true, "version": "every" },
      { "put": "site", "params": { "repository": "site" } } ] } ],
    "resources": [ { "name": "site", "type": "git", "source": { "uri": "git@example.com:site.git", "branch": "gh-pages" } } ]
  }
}
`)
	top, err := r.TopLevel(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	gittest.Run(t, top, "fetch", "-q", bundle, "refs/heads/*:refs/heads/*")
	var got struct {
		Groups []Group
		Jobs   []struct {
			Name string
			Plan []struct {
				Steps []Get `json:"in_parallel"`
			}
		}
		Resources []Resource
	}
	if err := json.Unmarshal([]byte(generate(t, r)), &got); err != nil {
		t.Fatal(err)
	}
	const metadata, stemcell = "aws-xen-centos-7-metadata", "aws-xen-centos-7-stemcell"
	wantGroups := []Group{
		{Name: "all", Jobs: []string{metadata, stemcell, "publish"}}, {Name: "aws", Jobs: []string{metadata, stemcell, "publish"}},
		{Name: "centos-7", Jobs: []string{metadata, stemcell}}, {Name: "site", Jobs: []string{"publish"}},
	}
	if diff := cmp.Diff(wantGroups, got.Groups); diff != "" {
		t.Errorf("the groups differ (-want +got):\n%s", diff)
	}
	wantGets := map[string]Get{
		metadata: {Get: metadata + "-plan", Trigger: true, Version: "every"},
		stemcell: {Get: "stemcell", Resource: stemcell + "-raw-stemcell", Trigger: true, Version: "every"},
	}
	for _, job := range got.Jobs {
		if want, ok := wantGets[job.Name]; ok {
			if diff := cmp.Diff([]Get{want}, job.Plan[0].Steps); diff != "" {
				t.Errorf("the inputs of %s differ (-want +got):\n%s", job.Name, diff)
			}
		}
	}
	var names []string
	for _, resource := range got.Resources {
		names = append(names, resource.Name)
	}
	if diff := cmp.Diff([]string{metadata, metadata + "-plan", stemcell, stemcell + "-raw-stemcell", "site"}, names); diff != "" {
		t.Errorf("the resources differ (-want +got):\n%s", diff)
	}
	if r := got.Resources[0]; r.CheckEvery != "10m" || r.Source["s3_bucket"] != "bucket" || r.Source["private_key"] != "((git_private_key))" {
		t.Errorf("the resource of %s is %+v", metadata, r)
	}
}

// Everything that a job, an entry and the configuration can say about it.
func TestEverything(t *testing.T) {
	r := newRepository(t,
		"Feature/One", "docker/Dockerfile", "FROM scratch\n",
		"Feature/One", "config/job.json", `{"task": {"tags": ["own"], "timeout": "5m", "run": {"args": ["x"]}}, "groups": ["g"], "serial": false,
			"output": [{"path": "*.csv", "filters": ["gz"]}], "put": {"repository": "r", "metadata": {"a": 1}}}`,
		"2024", "config/job.json", `{"task": {"platform": "darwin", "run": {"path": "./x", "dir": "d", "user": "u"}, "env": {"A": 1, "VAR": "((v))"},
			"vars": {"x": 1}, "attempts": 3, "container_limits": {"cpu": 2, "memory": "1gb"}, "caches": [{"path": "c"}]},
			"max_in_flight": 2, "serial_groups": ["sg"], "build_log_retention": {"builds": 5}, "ensure": {"task": "t", "file": "Result/t.yml"},
			"input": [
				{"branch": "Feature/One", "alias": "Result", "passed": true, "trigger": false, "version": "latest", "params": {"download": false}, "tags": ["i"]},
				{"branch": "plain.x", "passed": ["plain.x", "gate"]},
				{"resource": {"type": "time", "source": {"interval": "1h"}, "check_every": "never"}, "alias": "clock", "version": {"time": "1"}}]}`,
		"plain.x", "README", "",
		"", "datapact.json", `{"branches_list": [{"branch": "plain.x", "task": {"image": {"type": "mock", "source": {}, "params": {"p": 1}, "version": {"v": "1"}}, "run": {"path": "p"}}},
				{"branch": "2024"}, {"branch": "Feature/One", "filters": ["zstd"]}],
			"datapact_job": {"type": "pact", "check_every": "1h", "webhook_token": "((t))", "tags": ["r"], "icon": "database", "source": {"uri": "u", "branch": "x", "git_config": []}},
			"datapact_resource_type": {"type": "registry-image", "source": {"repository": "me/pact"}, "privileged": true},
			"docker_registry": {"check_every": "2h", "source": {"repository": "me/images", "tag": "x"}},
			"job_defaults": {"serial": true, "attempts": 2, "timeout": "1h", "tags": ["w"], "public": true, "interruptible": true, "disable_manual_trigger": true,
				"on_success": {"try": {"put": "slack", "timeout": "1m"}}, "on_abort": {"do": [{"put": "slack", "no_get": true}]}},
			"filters": ["none"],
			"pipeline": {
				"groups": [{"name": "g", "jobs": ["{g*,none}"], "resources": ["slack"]}, {"name": "all", "resources": ["slack"]}],
				"jobs": [{"name": "gate", "plan": [{"in_parallel": {"steps": [{"get": "plain.x", "passed": ["plain.[x]"]}], "limit": 1}},
					{"load_var": "v", "file": "plain.x/.datapact/result"}, {"across": [{"var": "x", "values": [1], "max_in_flight": "all"}], "task": "((.:x))", "file": "plain.x/t.yml"},
					{"set_pipeline": "self", "file": "plain.x/p.yml"}, {"run": "check", "type": "proto", "params": {"y": 1}}]}],
				"resources": [{"name": "slack", "type": "slack"}],
				"resource_types": [{"name": "slack", "type": "registry-image", "source": {"repository": "s"}}],
				"prototypes": [{"name": "proto", "type": "registry-image", "source": {"repository": "p"}}],
				"var_sources": [{"name": "second", "type": "dummy", "config": {"vars": {"a": "((first:b))"}}}, {"name": "first", "type": "dummy", "config": {"vars": {"b": "c"}}}],
				"display": {"background_image": "https://example.com/x.png"}}}`)
	wantFile(t, "everything.json", generate(t, r))
}

// Code of an ordinary branch comes by a resource that starts nothing, to the task and, by what
// it says of itself, to the receipt; with a plan and without.
func TestCode(t *testing.T) {
	r := newRepository(t, "main", "src/run", "x", "main", "README", "x",
		"list", "config/job.json", `{"task": {"image": {"source": {"repository": "x"}}, "run": {"path": "code/run"}}, "code": {"branch": "main", "paths": ["src/**"]}}`,
		"count", "config/job.json", `{"task": {"image": {"source": {"repository": "x"}}, "run": {"path": "Tools/run"}, "attempts": 2, "timeout": "1m"},
			"input": [{"branch": "list"}], "code": {"branch": "main", "paths": ["src/run"], "alias": "Tools"}}`,
		"", "datapact.json", `{"branches_list": [{"branch": "list"}, {"branch": "count"}],
			"datapact_job": {"check_every": "1h", "source": {"uri": "u", "branch": "x", "private_key": "((k))"}}}`)
	var got struct {
		Resources []Resource
		Jobs      []struct {
			Name string
			Plan []map[string]any
		}
	}
	if err := json.Unmarshal([]byte(generate(t, r)), &got); err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, resource := range got.Resources {
		if name, ok := strings.CutSuffix(resource.Name, "-code"); ok {
			found++
			paths := map[string]any{"paths": []any{map[string]string{"list": "src/**", "count": "src/run"}[name]}}
			want := Resource{Name: resource.Name, Type: "datapact", CheckEvery: "1h", Source: map[string]any{"uri": "u", "private_key": "((k))", "branch": "main", "code": paths}}
			if diff := cmp.Diff(want, resource); diff != "" {
				t.Errorf("the resource of code differs (-want +got):\n%s", diff)
			}
		}
	}
	if found != 2 {
		t.Fatalf("there are %d resources of code", found)
	}
	for _, job := range got.Jobs {
		steps, _ := job.Plan[0]["in_parallel"].([]any)
		get := map[string]any{"get": job.Name + "-code"}
		input := map[string]any{"name": job.Name + "-code", "path": "code"}
		if job.Name == "count" {
			get["attempts"], get["timeout"], input["path"] = 2.0, "1m", "work/Tools"
		}
		if diff := cmp.Diff(any(get), steps[len(steps)-1]); diff != "" {
			t.Errorf("%s gets (-want +got):\n%s", job.Name, diff)
		}
		inputs, _ := job.Plan[1]["config"].(map[string]any)["inputs"].([]any)
		if diff := cmp.Diff(any(input), inputs[len(inputs)-1]); diff != "" {
			t.Errorf("the task of %s reads (-want +got):\n%s", job.Name, diff)
		}
		load, put := job.Plan[len(job.Plan)-2], job.Plan[len(job.Plan)-1]
		if diff := cmp.Diff(map[string]any{"load_var": "code", "file": job.Name + "-code/.datapact/code", "format": "json", "reveal": true}, load); diff != "" {
			t.Errorf("%s loads (-want +got):\n%s", job.Name, diff)
		}
		runs, _ := put["params"].(map[string]any)["job"].(map[string]any)
		if runs["code"] != "((.:code))" {
			t.Errorf("the put of %s says %v", job.Name, runs)
		}
	}
	// The branch is gone.
	if err := r.DeleteRef(t.Context(), "refs/heads/main", ""); err == nil {
		_, err = Generate(t.Context(), r, nil)
		if _, invalid := errors.AsType[jobs.InvalidError](err); !invalid || strings.Count(err.Error(), "code.branch: branch main: not found") != 2 {
			t.Errorf("Generate without the branch = %v", err)
		}
	}
}

// wantFile compares a pipeline with the one in testdata.
func wantFile(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := errors.Join(os.MkdirAll("testdata", 0o777), os.WriteFile(file, []byte(got), 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("the pipeline is not %s (-want +got):\n%s", file, diff)
	}
}

// One configuration gives one text.
func TestDeterminism(t *testing.T) {
	setSecrets(t)
	r := newRepository(t, articleFiles()...)
	first := generate(t, r)
	for range 5 {
		if again := generate(t, r); again != first {
			t.Fatal("the pipelines of one configuration differ")
		}
	}
}

func TestUnset(t *testing.T) {
	r := newRepository(t, "a", "config/job.json", `{"task": {"image": {"source": {"repository": "x"}}, "run": {"path": "x"}}}`,
		"", "datapact.json", `{"branches_list": [{"branch": "a"}], "datapact_job": {"source": {"uri": env.NO_URI}}}`)
	_, err := Generate(t.Context(), r, nil)
	if _, invalid := errors.AsType[jobs.InvalidError](err); !invalid || err.Error() != "datapact.json:1: environment variable NO_URI is not set" {
		t.Errorf("Generate = %v, want that NO_URI is not set", err)
	}
	p, err := Generate(t.Context(), r, &Options{AllowUnset: true})
	if err != nil {
		t.Fatal(err)
	}
	if text, err := p.JSON(); err != nil || !strings.Contains(string(text), `"uri": null`) {
		t.Errorf("JSON = %s, %v, want a null", text, err)
	}
	empty := newRepository(t, "a", "config/job.json", "{}")
	if _, err := Generate(t.Context(), empty, nil); !errors.Is(err, gitcmd.ErrNotFound) {
		t.Errorf("Generate without a configuration = %v, want ErrNotFound", err)
	}
}
