package cmd_test

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// ciVersion is that of the release which is installed in tests.
const ciVersion = "0.9.8"

// A ciPlace is a clone of a repository with datasets, as CI has it checked out, and a release
// to install there.
type ciPlace struct {
	clone    string
	releases string   // their URL
	sums     string   // the sha256 of SHA256SUMS
	env      []string // without our executables on PATH
}

// ciSetup makes two datasets, and commits to propose: good adds a receipt to words, bad alters
// one.
const ciSetup = `git init -q --bare -b main origin.git
git init -q -b main ours && cd ours && git remote add origin "$PWD/../origin.git"
printf '{"branches_list":[{"branch":"words"},{"branch":"counts"}],"datapact_job":{"source":{"store":"file://%s/store"}}}\n' "$PWD/.." >datapact.json
git add . && git commit -q -m main && git push -q origin HEAD
git datapact branch -q words
git datapact branch -q counts --input words
mkdir -p a/result/.datapact && echo a >a/result/a.txt && echo '{"branch":":day","result":"1"}' >a/result/.datapact/input
git datapact record -q --branch words a/result
git datapact push -q
echo '{"branch":":day","result":"2"}' >a/result/.datapact/input
git datapact record -q --branch words a/result
git push -q origin words:refs/pull/good/head
git worktree add -q --detach ../bad origin/words && cd ../bad
sed -i s/:day/:week/ result/*/*.json && git commit -q -a -m bad && git push -q origin HEAD:refs/pull/bad/head
cd .. && git clone -q origin.git clone`

func newCIPlace(t *testing.T) ciPlace {
	t.Helper()
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("the scripts install executables for other platforms")
	}
	folder, home := t.TempDir(), t.TempDir()
	p := ciPlace{clone: filepath.Join(folder, "clone"), env: append(newcomer(home), "PRE_COMMIT_HOME="+home, "TMPDIR="+t.TempDir())}
	ciRun(t, folder, append(slices.Clone(p.env), "PATH="+built(t)+":"+os.Getenv("PATH")), "set -eu\n"+ciSetup)
	release := filepath.Join(folder, "releases", "v"+ciVersion)
	name := "git-datapact_" + ciVersion + "_linux_amd64"
	ciRun(t, folder, p.env, fmt.Sprintf(`set -eu
mkdir -p '%[1]s' %[2]s/bin && cp '%[3]s/git-datapact' %[2]s/bin && tar -cf - %[2]s | gzip -1 >'%[1]s/%[2]s.tar.gz'
cd '%[1]s' && sha256sum * >SHA256SUMS`, release, name, built(t)))
	sums, err := os.ReadFile(filepath.Join(release, "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	p.sums, p.releases = fmt.Sprintf("%x", sha256.Sum256(sums)), "file://"+filepath.Dir(release)
	return p
}

// propose checks out a commit as CI does that tests a proposal.
func (p ciPlace) propose(t *testing.T, branch string) {
	t.Helper()
	ciRun(t, p.clone, p.env, "git fetch -q origin "+branch+" && git checkout -q --detach FETCH_HEAD")
}

// ciRun runs a script with bash, which has to succeed, and returns what it prints.
func ciRun(t *testing.T, folder string, env []string, script string) string {
	t.Helper()
	out, err := ciTry(folder, env, script)
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, script, out)
	}
	return out
}

func ciTry(folder string, env []string, script string) (string, error) {
	cmd := exec.Command("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script)
	cmd.Dir, cmd.Env = folder, env
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// ciRead reads a file of YAML.
func ciRead(t *testing.T, file string, into any) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// A ciAction is an action of GitHub, as far as it is run here.
type ciAction struct {
	Inputs map[string]struct {
		Required bool
		Default  string
	}
	Runs struct {
		Using string
		Steps []struct {
			Name, Shell, Run, If string
			Env                  map[string]string
		}
	}
}

var (
	ciInput     = regexp.MustCompile(`\$\{\{ inputs\.([a-z]+) \}\}`)
	ciCondition = regexp.MustCompile(`^inputs\.([a-z]+) (==|!=) '([a-z]*)'$`)
)

// run runs the steps whose conditions hold, as GitHub's runner does, and returns what they
// print.
func (a ciAction) run(t *testing.T, p ciPlace, env []string, given map[string]string) (string, error) {
	t.Helper()
	inputs := map[string]string{}
	for name, input := range a.Inputs {
		inputs[name] = input.Default
	}
	maps.Copy(inputs, given)
	files := t.TempDir()
	env = append(append(slices.Clone(p.env), "RUNNER_OS=Linux", "RUNNER_ARCH=X64", "RUNNER_TEMP="+t.TempDir(),
		"GITHUB_PATH="+files+"/path", "GITHUB_STEP_SUMMARY="+files+"/summary", "GITHUB_BASE_REF="), env...)
	printed := ""
	for _, step := range a.Runs.Steps {
		if step.Shell != "bash" || !ciHolds(t, step.If, inputs) {
			continue
		}
		path, _ := os.ReadFile(files + "/path") // which the first step makes
		stepEnv := append(slices.Clone(env), "PATH="+strings.ReplaceAll(string(path), "\n", ":")+os.Getenv("PATH"))
		for name, value := range step.Env {
			value = ciInput.ReplaceAllStringFunc(value, func(use string) string { return inputs[ciInput.FindStringSubmatch(use)[1]] })
			stepEnv = append(stepEnv, name+"="+value)
		}
		out, err := ciTry(p.clone, stepEnv, step.Run)
		if printed += out; err != nil {
			return printed, fmt.Errorf("%s: %w", step.Name, err)
		}
	}
	summary, _ := os.ReadFile(files + "/summary")
	return printed + "SUMMARY\n" + string(summary), nil
}

// ciHolds evaluates a condition of a step: comparisons of inputs, of which one has to hold.
func ciHolds(t *testing.T, condition string, inputs map[string]string) bool {
	t.Helper()
	holds := condition == ""
	for part := range strings.SplitSeq(condition, " || ") {
		m := ciCondition.FindStringSubmatch(part)
		if m == nil {
			if condition != "" {
				t.Fatalf("the condition %q is not one that this test understands", condition)
			}
			continue
		}
		holds = holds || (inputs[m[1]] == m[3]) == (m[2] == "==")
	}
	return holds
}

// TestAction runs the steps of the action for GitHub.
func TestAction(t *testing.T) {
	t.Parallel()
	p := newCIPlace(t)
	var action ciAction
	ciRead(t, "../action.yml", &action)
	if action.Runs.Using != "composite" {
		t.Errorf("the action uses %q, want composite", action.Runs.Using)
	}
	for _, step := range action.Runs.Steps {
		if step.Shell != "bash" || strings.Contains(step.Run, "${{") {
			t.Errorf("step %q runs with %q, or has an expression in what it runs", step.Name, step.Shell)
		}
	}
	tests := []struct {
		name, branch, base string
		inputs             map[string]string
		want               string // what is printed, if it succeeds
		fails              string // or what the failure says
	}{
		{"a push", "main", "", map[string]string{"status": "true", "site": "public", "branches": "words counts"}, `(?s)git-datapact version .*SUMMARY\n` + "```\n" + `words +1 recorded.*counts +0 recorded, 1 pending`, ""},
		{"all branches", "main", "", nil, `checked 1 receipt in \d commits of 2 datasets: 0 errors`, ""},
		{"a good proposal", "refs/pull/good/head", "words", nil, `git-datapact version `, ""},
		{"a bad proposal", "refs/pull/bad/head", "words", nil, "", `(?s)words:result/.*: id: .*Validate: exit status 1`},
		{"nothing but the installation", "refs/pull/bad/head", "words", map[string]string{"validate": "false"}, `git-datapact version `, ""},
		{"other sums", "main", "", map[string]string{"sums": strings.Repeat("0", 64)}, "", `has another sha256 than the input sums`},
		{"no such release", "main", "", map[string]string{"version": "0.9.7"}, "", `Install git-datapact: exit status`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p.propose(t, test.branch)
			inputs := map[string]string{"version": ciVersion, "releases": p.releases, "sums": p.sums}
			maps.Copy(inputs, test.inputs)
			out, err := action.run(t, p, []string{"GITHUB_BASE_REF=" + test.base}, inputs)
			ciCheck(t, out, err, test.want, test.fails)
		})
	}
	if _, err := os.Stat(filepath.Join(p.clone, "public", "index.html")); err != nil {
		t.Errorf("the site: %v", err)
	}
	t.Run("another archive", func(t *testing.T) {
		archive := strings.TrimPrefix(p.releases, "file://") + "/v" + ciVersion + "/git-datapact_" + ciVersion + "_linux_amd64.tar.gz"
		if err := os.WriteFile(archive, []byte("another"), 0o666); err != nil {
			t.Fatal(err)
		}
		out, err := action.run(t, p, nil, map[string]string{"version": ciVersion, "releases": p.releases, "sums": p.sums})
		ciCheck(t, out, err, "", `is not what SHA256SUMS says`)
	})
}

// TestActionWindows wants the action to put a path of Windows on PATH there, where bash has
// paths of its own.
func TestActionWindows(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("it stands in for the programs that bash has on Windows")
	}
	var action ciAction
	ciRead(t, "../action.yml", &action)
	fake, temp, releases := t.TempDir(), t.TempDir(), t.TempDir()
	manScript(t, filepath.Join(fake, "cygpath"), `[ "$1" = -w ] && printf 'D:%s\n' "$2" | tr / '\\'`)
	manScript(t, filepath.Join(fake, "unzip"), `tar -xf "$2"`)
	ciRun(t, releases, os.Environ(), `mkdir v1 && cd v1
name=git-datapact_1_windows_amd64
mkdir -p $name/bin && printf '#!/bin/sh\n' >$name/bin/git-datapact && chmod +x $name/bin/git-datapact
tar -cf $name.zip $name && sha256sum $name.zip >SHA256SUMS`)
	path := filepath.Join(temp, "path")
	env := append(os.Environ(), "PATH="+fake+":"+os.Getenv("PATH"), "RUNNER_OS=Windows", "RUNNER_ARCH=X64", "RUNNER_TEMP="+temp,
		"GITHUB_PATH="+path, "VERSION=1", "SUMS=", "RELEASES=file://"+releases)
	ciRun(t, temp, env, action.Runs.Steps[0].Run)
	got, err := os.ReadFile(path)
	want := "D:" + strings.ReplaceAll(temp+"/git-datapact/git-datapact_1_windows_amd64/bin", "/", `\`) + "\n"
	if err != nil || string(got) != want {
		t.Errorf("PATH has got %q, %v, want %q", got, err, want)
	}
}

// ciCheck wants what was printed to match, or a failure and what it says to match.
func ciCheck(t *testing.T, out string, err error, want, fails string) {
	t.Helper()
	if (err != nil) != (fails != "") {
		t.Fatalf("it ended with %v and printed\n%s", err, out)
	}
	if err != nil {
		out, want = out+err.Error(), fails
	}
	if !regexp.MustCompile(want).MatchString(out) {
		t.Errorf("it printed %q, want what matches %q", out, want)
	}
}

// TestActionExample wants the example for GitHub to give the action inputs that it has, and
// all that it needs.
func TestActionExample(t *testing.T) {
	t.Parallel()
	var action ciAction
	ciRead(t, "../action.yml", &action)
	var workflow struct {
		Jobs map[string]struct {
			Steps []struct {
				Uses string
				With map[string]string
			}
		}
	}
	ciRead(t, "../scripts/ci/github.yml", &workflow)
	used := 0
	for _, step := range workflow.Jobs["datapact"].Steps {
		if !strings.HasPrefix(step.Uses, "git-datapact/git-datapact@") {
			continue
		}
		used++
		for name := range step.With {
			if _, ok := action.Inputs[name]; !ok {
				t.Errorf("the example gives the action %q, which it does not take", name)
			}
		}
		for name, input := range action.Inputs {
			if input.Required && step.With[name] == "" {
				t.Errorf("the example does not give the action %q", name)
			}
		}
	}
	if used != 1 {
		t.Errorf("the example uses the action %d times, want once", used)
	}
}

// A ciJob is a job of GitLab CI, as far as it is run here.
type ciJob struct {
	Extends      string
	Variables    map[string]string
	BeforeScript []string `yaml:"before_script"`
	Script       []string
	Artifacts    struct{ Paths []string }
}

// TestGitLab runs the scripts of the jobs for GitLab CI.
func TestGitLab(t *testing.T) {
	t.Parallel()
	p := newCIPlace(t)
	all := map[string]yaml.Node{}
	ciRead(t, "../scripts/ci/gitlab.yml", &all)
	job := func(name string) (j ciJob) {
		node := all[name]
		if err := node.Decode(&j); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return j
	}
	run := func(name string, variables ...string) (string, error) {
		j := job(name)
		base := job(j.Extends)
		prefix := filepath.Join(t.TempDir(), "prefix")
		env := append(slices.Clone(p.env), "DATAPACT_VERSION="+ciVersion, "DATAPACT_SUMS="+p.sums, "DATAPACT_RELEASES="+p.releases, "DATAPACT_PREFIX="+prefix)
		return ciTry(p.clone, append(env, variables...), strings.Join(slices.Concat(base.BeforeScript, j.Script), "\n"))
	}
	if depth := job(".datapact").Variables["GIT_DEPTH"]; depth != "0" {
		t.Errorf("GIT_DEPTH is %q, want all of the history", depth)
	}
	target := "CI_MERGE_REQUEST_TARGET_BRANCH_NAME="
	tests := []struct{ name, job, branch, variable, want, fails string }{
		{"a push", "datapact-validate", "main", "DATAPACT_BRANCHES=words counts", `git-datapact version `, ""},
		{"all branches", "datapact-validate", "main", target, `checked 1 receipt in \d commits of 2 datasets: 0 errors`, ""},
		{"a good proposal", "datapact-validate", "refs/pull/good/head", target + "words", `git-datapact version `, ""},
		{"a bad proposal", "datapact-validate", "refs/pull/bad/head", target + "words", "", `(?s)words:result/.*: id: .*exit status 1$`},
		{"the status", "datapact-status", "main", target, "", `(?s)counts +0 recorded, 1 pending.*exit status 1$`},
		{"the site", "pages", "main", target, `git-datapact version `, ""},
		{"other sums", "pages", "main", "DATAPACT_SUMS=" + strings.Repeat("0", 64), "", `SHA256SUMS: FAILED`},
		{"no sums", "pages", "main", "DATAPACT_SUMS=", "", `exit status 1$`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p.propose(t, test.branch)
			out, err := run(test.job, test.variable)
			ciCheck(t, out, err, test.want, test.fails)
		})
	}
	for _, path := range job("pages").Artifacts.Paths {
		if _, err := os.Stat(filepath.Join(p.clone, path, "index.html")); err != nil {
			t.Errorf("the site: %v", err)
		}
	}
}

// TestPreCommit has pre-commit run the hook.
func TestPreCommit(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("pre-commit"); err != nil {
		t.Skip("there is no pre-commit")
	}
	p := newCIPlace(t)
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	env := append(slices.Clone(p.env), "PATH="+built(t)+":"+os.Getenv("PATH"), "HOOKS="+root+"/.pre-commit-hooks.yaml")
	ciRun(t, p.clone, env, `git init -q ../hooks && cp "$HOOKS" ../hooks && git -C ../hooks add . && git -C ../hooks commit -q -m hooks
git checkout -q words
printf 'repos:\n- repo: ../hooks\n  rev: %s\n  hooks: [{id: git-datapact-validate}]\n' "$(git -C ../hooks rev-parse HEAD)" >.pre-commit-config.yaml
pre-commit install
git add . && git commit -q -m 'The hook'`)
	out, err := ciTry(p.clone, env, `sed -i s/:day/:week/ result/*/*.json && git commit -q -a -m bad`)
	ciCheck(t, out, err, "", `(?s)git datapact validate\.+Failed.*words:result/.*: id: `)
}

// TestConcourseExample has the resource do what the pipeline says, and runs its task.
func TestConcourseExample(t *testing.T) {
	t.Parallel()
	p := newCIPlace(t)
	data, err := os.ReadFile("../scripts/ci/concourse.yml")
	if err != nil {
		t.Fatal(err)
	}
	top := filepath.Dir(p.clone)
	text := strings.NewReplacer("((uri))", "file://"+top+"/origin.git", "((store))", "file://"+top+"/store",
		", private_key: ((private_key))", "", "((image))", "an/image").Replace(string(data))
	var pipeline struct {
		Resources []struct {
			Name, Type string
			Source     map[string]string
		}
		Jobs []struct {
			Plan []struct {
				Get, Task, Put string
				Config         struct {
					Outputs []struct{ Name string }
					Run     struct {
						Path string
						Args []string
					}
				}
			}
		}
	}
	if err := yaml.Unmarshal([]byte(text), &pipeline); err != nil || strings.Contains(text, "((") || len(pipeline.Jobs) != 1 {
		t.Fatalf("the pipeline, %v:\n%s", err, text)
	}
	request := map[string]string{}
	for _, r := range pipeline.Resources {
		request[r.Name] = fmt.Sprintf(`{"source":{"uri":%q,"branch":%q,"store":%q}`, r.Source["uri"], r.Source["branch"], r.Source["store"])
	}
	build := t.TempDir()
	env := append(slices.Clone(p.env), "PATH="+built(t)+":"+os.Getenv("PATH"), "XDG_CACHE_HOME="+t.TempDir())
	act := func(request, action string) string {
		return ciRun(t, build, append(slices.Clone(env), "REQUEST="+request), `printf %s "$REQUEST" | git-datapact-resource `+action+` 2>&1`)
	}
	for _, step := range pipeline.Jobs[0].Plan {
		switch {
		case step.Get != "":
			version := strings.Trim(strings.TrimSpace(act(request[step.Get]+"}", "check")), "[]")
			act(request[step.Get]+`,"version":`+version+"}", "in "+step.Get)
		case step.Task != "":
			for _, output := range step.Config.Outputs {
				ciRun(t, build, env, "mkdir "+output.Name)
			}
			cmd := exec.Command(step.Config.Run.Path, step.Config.Run.Args...)
			cmd.Dir, cmd.Env = build, env
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("the task: %v\n%s", err, out)
			}
		default:
			act(request[step.Put]+"}", "out .")
		}
	}
	if got := ciRun(t, p.clone, env, "git datapact pull -q && git datapact cat counts:lines && git datapact status"); !regexp.MustCompile(`(?s)\n1\n.*counts +1 recorded, 0 pending`).MatchString(got) {
		t.Errorf("the pipeline recorded %q, want the count of one line, and nothing pending", got)
	}
	if fly := os.Getenv("FLY"); fly != "" {
		ciRun(t, ".", env, fly+" validate-pipeline -c ../scripts/ci/concourse.yml")
	}
}
