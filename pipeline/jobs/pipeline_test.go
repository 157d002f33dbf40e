package jobs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/gitcmd/gittest"
	"github.com/git-datapact/git-datapact/pipeline/jq"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// newRepository makes a repository whose branches hold the files given: branch,
// path and content in turn.
func newRepository(t *testing.T, files ...string) *gitcmd.Repository {
	t.Helper()
	dir := gittest.New(t)
	r := gitcmd.Open(dir)
	t.Cleanup(func() { _ = r.Close() })
	changes := map[string][]gitcmd.Change{}
	for i := 0; i < len(files); i += 3 {
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

func TestJob(t *testing.T) {
	r := newRepository(t, "b", File, `
		# What a job can say, as a jq program.
		include "names" {"search": "../lib"};
		{ groups: ["aws"], serial: true, serial_groups: ["g"], max_in_flight: (1 + 1), filters: ["gz"],
		  on_failure: {put: "slack"},
		  task: { platform: "linux", image: {type: "registry-image", source: {repository: image}},
		    run: {path: "/bin/sh", args: ["-c", "echo \("hi")"], dir: "sub", user: "root"},
		    env: {A: "1", B: 2, C: true, D: null, HOME: env.HOME, LIST: ["a", {b: "<"}]}, privileged: true,
		    container_limits: {cpu: 2, memory: "1gb"}, timeout: "1h30m", attempts: 3, tags: ["t"], vars: {v: 1}, caches: [{path: "c"}] },
		  input: [ {branch: "deep/a"}, {resource: {type: "time"}, alias: "clock", trigger: false} ],
		  output: [ {path: "*.csv", filters: ["gz", "zstd"]}, {path: "*.bin", filters: []} ] }`,
		"b", "lib/names.jq", `def image: "debian";`)
	got, err := current(t, r, "b")
	if err != nil {
		t.Fatal(err)
	}
	want := &Job{
		Branch: "b", Commit: got.Commit, Groups: []string{"aws"}, Serial: true, SerialGroups: []string{"g"}, MaxInFlight: 2,
		Hooks: map[string]any{"on_failure": map[string]any{"put": "slack"}}, Filters: []string{"gz"},
		Task: Task{
			Platform: "linux", Image: &Image{Type: "registry-image", Source: map[string]any{"repository": "debian"}},
			Run: Run{Path: "/bin/sh", Args: []string{"-c", "echo hi"}, Dir: "sub", User: "root"},
			Env: map[string]string{"A": "1", "B": "2", "C": "true", "D": "", "HOME": os.Getenv("HOME"), "LIST": `["a",{"b":"<"}]`}, Privileged: true,
			Limits: Limits{CPU: 2, Memory: "1gb"}, Timeout: 90 * time.Minute, Attempts: 3, Tags: []string{"t"},
			Vars: map[string]any{"v": 1}, Caches: []any{map[string]any{"path": "c"}},
		},
		Input: []Input{
			{Branch: "deep/a", Alias: "a", Trigger: true},
			{Resource: map[string]any{"type": "time"}, Alias: "clock"},
		},
		Output: []OutputRule{{"*.csv", []string{"gz", "zstd"}}, {Path: "*.bin"}},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Job{}, "ConfigTree", "effective", "reads")); diff != "" {
		t.Errorf("Of differs (-want +got):\n%s", diff)
	}
	if got, want := fmt.Sprint(got.FilterRules()), "[*.csv=gz,zstd *.bin=none **=gz]"; got != want {
		t.Errorf("FilterRules = %s, want %s", got, want)
	}
	if got := fmt.Sprint(got.InputBranches()); got != "[deep/a]" {
		t.Errorf("InputBranches = %s, want deep/a", got)
	}
}

func TestNoJob(t *testing.T) {
	r := newRepository(t, "b", "README", "x")
	for _, name := range []string{"b", "nothing"} {
		if job, err := current(t, r, name); err != nil || job.Branch != name {
			t.Errorf("Of(%q) = %+v, %v, want a job that says nothing", name, job, err)
		}
	}
}

func TestJobFaults(t *testing.T) {
	tests := []struct {
		name, program string
		want          []string
	}{
		{"syntax", "{\n  \"task\": }\n", []string{`b:config/job.json:2:11: unexpected token "}"`}},
		{"end", `{"task":`, []string{"b:config/job.json:1:8: unexpected end of file"}},
		{"type", `[]`, []string{"b:config/job.json: the job: want an object, have a list"}},
		{"all at once", `{"serail": true, "groups": "x", "task": {"run": {"pth": 1}, "timeout": "soon", "attempts": -1, "env": {"a": [1, {"b": "<"}]}}, "input": [{}, 3]}`, []string{
			"serail: unknown key", "groups: want a list, have a string", "task.run.pth: unknown key",
			`task.timeout: want a duration such as 1h30m, have "soon"`, "task.attempts: want a whole number from 0, have -1",
			"input[0]: want a branch or a resource, one of them", "input[1]: want an object, have a number",
		}},
		{"itself", `{"input": [{"branch": "b"}]}`, []string{"input[0].branch: the job cannot be its own input"}},
		{"alias", `{"input": [{"branch": "x/a"}, {"branch": "y/a"}, {"branch": "z", "alias": "../z"}, {"branch": "w", "alias": "result"}]}`, []string{
			`input[1].alias: "a" is taken by input[0]`, `"../z" cannot be the name`, `"result" cannot be the name`}},
		{"none", `empty`, []string{"has no value"}},
		{"two", `{}, {}`, []string{"has more than one value"}},
		{"error", `error("stop here")`, []string{"stop here"}},
		{"leaves", `import "x" as x {"search": "../../.."}; {}`, []string{"leaves the tree"}},
		{"absolute", `import "x" as x {"search": "/etc"}; {}`, []string{"leaves the tree"}},
		{"missing module", `import "x" as x; {}`, []string{"file config/x.jq of branch b: not found"}},
		{"missing data", `import "x" as $x; {}`, []string{"file config/x.json of branch b: not found"}},
		{"includes itself", `include "loop"; {}`, []string{"maybe one includes itself"}},
		{"imports itself", `import "me" as $me; {}`, []string{"maybe one includes itself"}},
		{"module", `import "bad" as x; {}`, []string{"b:config/bad.jq:1:7: unexpected"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newRepository(t, "b", File, test.program, "b", "config/bad.jq", "def x }",
				"b", "config/loop.jq", `include "loop"; def f: 1;`, "b", "config/me.json", `import "me" as $me; 1`)
			_, err := current(t, r, "b")
			for _, want := range test.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("Of = %v, want %q", err, want)
				}
			}
		})
	}
}

func TestEndlessJob(t *testing.T) {
	r := newRepository(t, "b", File, `def f: f; f`)
	if _, err := current(t, r, "b"); err == nil || !strings.Contains(err.Error(), "took longer than 10s") {
		t.Errorf("Of = %v, want took too long", err)
	}
}

// The job files of a live repository, one of which is a program.
func TestLiveJobs(t *testing.T) {
	r := gitcmd.Open(gittest.Live(t))
	defer r.Close()
	job, err := current(t, r, "aws-xen-centos-7-stemcell")
	if err != nil || len(job.Task.Run.Args) != 2 || !strings.Contains(job.Task.Run.Args[1], "curl -o result/stemcell.tgz") {
		t.Errorf("Of(stemcell) = %+v, %v", job, err)
	}
	job, err = current(t, r, "aws-xen-centos-7-metadata")
	if err != nil || fmt.Sprint(job.InputBranches()) != "[aws-xen-centos-7-stemcell]" || !job.Task.Privileged {
		t.Errorf("Of(metadata) = %+v, %v", job, err)
	}
}

func FuzzJob(f *testing.F) {
	for _, program := range []string{`{}`, `[]`, `{"input":[{"branch":"a"}]}`, `{"task":{"env":{"a":1}}}`, `{"task":{"attempts":1.5}}`, `{"on_failure":null}`} {
		f.Add(program)
	}
	f.Fuzz(func(t *testing.T, program string) {
		if strings.ContainsAny(program, "()|;$") { // programs can take their time
			t.Skip()
		}
		source := jq.Tree{Prefix: "b:", Read: readOnly(program)}
		value, err := source.Evaluate(t.Context(), File)
		if err != nil {
			return
		}
		if job, err := readJob(gitcmd.Branch{Name: "b"}, value); (job == nil) == (err == nil) {
			t.Errorf("readJob(%q) = %v, %v", program, job, err)
		}
	})
}

func TestStart(t *testing.T) {
	r := newRepository(t, "a", File, "{}")
	commit, err := Start(t.Context(), r, "b", NewJob{Inputs: []string{"a"}, Image: "debian", Docker: true, Command: []string{"sh", "-c", "<x>"}})
	if err != nil {
		t.Fatal(err)
	}
	job, err := current(t, r, "b")
	if err != nil || job.Commit != commit || job.Input[0].Branch != "a" || job.Task.Image.Source["repository"] != "debian" || job.Task.Run.Args[1] != "<x>" {
		t.Errorf("Of = %+v, %v", job, err)
	}
	for name, job := range map[string]NewJob{"b": {}, "c": {Inputs: []string{"c"}}, "d": {Inputs: []string{"nothing"}}, "-x": {}, "e": {Inputs: []string{"a", "a"}}} {
		if _, err := Start(t.Context(), r, name, job); err == nil {
			t.Errorf("Start(%q, %+v) succeeds", name, job)
		}
	}
	if _, err := r.Branch(t.Context(), "d"); !errors.Is(err, gitcmd.ErrNotFound) {
		t.Errorf("a branch was left behind: %v", err)
	}
}

func TestStartedJobsAreAccepted(t *testing.T) {
	for _, test := range []struct{ inputs, aliases []string }{
		{[]string{"a/x", "b/y"}, []string{"x", "y"}},
		{[]string{"eu/day/prices", "us/day/prices"}, []string{"prices", "day-prices"}},
		{[]string{"x", "a/x", "a-x", "b/a/x"}, []string{"x", "a-x", "a-x-2", "b-a-x"}},
		{[]string{"result", "some/result", "Result"}, []string{"result-2", "some-result", "Result-3"}},
		{[]string{"Prices", "eu/prices"}, []string{"Prices", "eu-prices"}},
	} {
		job := NewJob{Inputs: test.inputs}
		if err := checkDocument("new", job.document(nil)); err != nil {
			t.Errorf("the job of %v is not accepted: %v", test.inputs, err)
		}
		if got := aliases(test.inputs); !slices.Equal(got, test.aliases) {
			t.Errorf("aliases(%v) = %v, want %v", test.inputs, got, test.aliases)
		}
	}
}

// readOnly is a tree of one job file.
func readOnly(program string) func(context.Context, string) ([]byte, error) {
	return func(_ context.Context, path string) ([]byte, error) {
		if path != File {
			return nil, gitcmd.ErrNotFound
		}
		return []byte(program), nil
	}
}
