package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/fields"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// File is where a branch keeps its job.
const File = "config/job.json"

// hooks are the keys of what runs when a job, or a step of it, has ended.
var hooks = []string{"on_success", "on_failure", "on_error", "on_abort", "ensure"}

// A Job is what config/job.json of a branch says: a jq program whose value is one
// object. Keys that are left out have their zero value.
type Job struct {
	Branch            string
	Commit            gitcmd.Hash // that the file was read from
	Groups            []string
	Serial            bool
	SerialGroups      []string
	MaxInFlight       int
	BuildLogRetention map[string]any
	Hooks             map[string]any // on_success, on_failure, on_error, on_abort, ensure
	Task              Task
	Input             []Input
	Output            []OutputRule
	Filters           []string
	DefaultFilters    []string       // those of datapact.json, for what Output and Filters leave open
	Put               map[string]any // parameters of Concourse's put
	Retention         *Retention     // which executions keep their blobs, nil for all
	Join              []string       // pseudo-branches whose results inputs are joined by
	Code              *Code          // nil for none
	DockerTree        gitcmd.Hash    // the folder docker/ of the commit, "" for none
	ConfigTree        gitcmd.Hash    // the folder config/, likewise

	effective string // hash of what it runs, see Runs
	reads     bool   // its program has read the environment
}

// A Task is what a job runs.
type Task struct {
	Platform   string
	Image      *Image // nil for none
	Run        Run
	Env        map[string]string
	Privileged bool
	Limits     Limits
	Caches     []any
	Timeout    time.Duration // 0 for none
	Attempts   int           // 0 as 1
	Tags       []string
	Vars       map[string]any
}

// An Image is the container image of a task, as a Concourse resource.
type Image struct {
	Type    string
	Source  map[string]any
	Version map[string]any
	Params  map[string]any
}

// A Retention says which executions keep their blobs when garbage is collected: those that
// any of it keeps.
type Retention struct {
	KeepLast   int           // so many of the newest, 0 for no such rule
	KeepWithin time.Duration // those that finished within this time, 0 for no such rule
	KeepTagged bool          // those that tags name
}

// Run is the command of a task. Path is "" where the image brings its own.
type Run struct {
	Path string
	Args []string
	Dir  string // below the build folder
	User string
}

// Limits bound a container: CPU in shares, Memory in bytes or as "1gb".
type Limits struct {
	CPU    int
	Memory string
}

// An Input is a branch, or a raw Concourse resource, that a job reads. It stands
// in the build folder under Alias.
type Input struct {
	Branch   string
	Resource map[string]any
	Alias    string
	Passed   any  // true, false or a list of texts; nil as true
	Trigger  bool // true unless said otherwise
	Version  any  // "every", "latest" or an object of texts; nil as "every"
	Params   map[string]any
	Tags     []string
}

// An OutputRule says which filters the outputs that match a pattern go through.
type OutputRule struct {
	Path    string
	Filters []string
}

// Check reads the job of a branch that somebody else wrote: its program sees no
// environment. One that fails and reads the environment may be right where it is
// meant to be evaluated: its error is an [UnseenError]. Without a commit, the branch
// is what the index holds.
func Check(ctx context.Context, repository *gitcmd.Repository, branch gitcmd.Branch) error {
	value, reads, err := commitTree(repository, branch).EvaluateIn(ctx, File, nil)
	if err == nil {
		_, err = readJob(branch, value)
	}
	if err != nil && reads && ctx.Err() == nil {
		return UnseenError{err}
	}
	return err
}

// An UnseenError says that a program failed which was not shown the environment that
// it reads.
type UnseenError struct{ Err error }

func (e UnseenError) Error() string { return e.Err.Error() }

// Unwrap is how it failed.
func (e UnseenError) Unwrap() error { return e.Err }

// Current is the job of a local branch, the current one where the name is "": one that
// says nothing where the branch has no commit yet.
func (c *Catalog) Current(ctx context.Context, name string) (*Job, error) {
	if name == "" {
		var err error
		if name, err = ledger.CurrentBranch(ctx, c.repository); err != nil {
			return nil, err
		}
	}
	commit, err := c.repository.ResolveCommit(ctx, "refs/heads/"+name)
	if err != nil && !errors.Is(err, gitcmd.ErrNotFound) {
		return nil, err
	}
	return c.read(ctx, gitcmd.Branch{Name: name, Commit: commit})
}

// read reads the job of a branch, and finds its code.
func (c *Catalog) read(ctx context.Context, branch gitcmd.Branch) (*Job, error) {
	job, err := c.config.job(ctx, c.repository, branch, c.sealed)
	if err != nil {
		return nil, err
	}
	if err := c.resolve(ctx, job); err != nil {
		return nil, job.Veil(err)
	}
	return job, nil
}

func readJob(branch gitcmd.Branch, value any) (*Job, error) {
	findings := fields.NewFindings("the job")
	f := fields.Read("", value, findings)
	job := readJobKeys(f, branch.Name)
	f.Done()
	if err := findings.Err(branch.Name + ":" + File); err != nil {
		return nil, err
	}
	job.Commit = branch.Commit
	return job, nil
}

// readJobKeys reads the keys of a job, which may stand among others.
func readJobKeys(f fields.Object, branch string) *Job {
	job := &Job{
		Branch:            branch,
		Groups:            f.Texts("groups"),
		Serial:            f.Flag("serial"),
		SerialGroups:      f.Texts("serial_groups"),
		MaxInFlight:       f.Number("max_in_flight"),
		BuildLogRetention: f.Table("build_log_retention"),
		Hooks:             map[string]any{},
		Filters:           f.Texts("filters"),
		Put:               f.Table("put"),
		Join:              f.Texts("join"),
	}
	for i, branch := range job.Join {
		if !strings.HasPrefix(branch, ":") {
			f.Fault(fmt.Sprintf("join[%d]", i), "%q is not a pseudo-branch such as :concourse (branches are joined by their ancestors)", branch)
		}
	}
	if retention, ok := f.Sub("retention"); ok {
		job.Retention = readRetention(retention)
	}
	for _, hook := range hooks {
		if value, ok := f.Value(hook); ok {
			job.Hooks[hook] = value
		}
	}
	if task, ok := f.Sub("task"); ok {
		job.Task = readTask(task)
	}
	inputs := f.Subs("input")
	for _, input := range inputs {
		job.Input = append(job.Input, readInput(input))
	}
	for _, output := range f.Subs("output") {
		job.Output = append(job.Output, readOutput(output))
	}
	job.checkInputs(inputs)
	job.Code = readCode(f, job)
	return job
}

func readTask(f fields.Object) Task {
	task := Task{
		Platform:   f.Text("platform"),
		Privileged: f.Flag("privileged"),
		Env:        readEnv(f),
		Caches:     f.List("caches"),
		Timeout:    f.Duration("timeout"),
		Attempts:   f.Number("attempts"),
		Tags:       f.Texts("tags"),
		Vars:       f.Table("vars"),
	}
	if image, ok := f.Sub("image"); ok {
		task.Image = &Image{Type: image.Text("type"), Source: image.Table("source"), Version: image.Table("version"), Params: image.Table("params")}
		image.Done()
	}
	if run, ok := f.Sub("run"); ok {
		task.Run = Run{Path: run.Text("path"), Args: run.Texts("args"), Dir: run.Text("dir"), User: run.Text("user")}
		if task.Run.Dir != "" && !filepath.IsLocal(task.Run.Dir) {
			run.Fault("dir", "%q is not below the build folder", task.Run.Dir)
		}
		run.Done()
	}
	if limits, ok := f.Sub("container_limits"); ok {
		task.Limits.CPU = limits.Number("cpu")
		task.Limits.Memory = readSize(limits, "memory")
		limits.Done()
	}
	f.Done()
	return task
}

func readRetention(f fields.Object) *Retention {
	retention := &Retention{KeepLast: f.Number("keep_last"), KeepTagged: f.Flag("keep_tagged")}
	if text := f.Text("keep_within"); text != "" {
		age, err := receipts.ParseAge(text)
		if err != nil || age == 0 {
			f.Fault("keep_within", "want an age such as 36h, 10d or 2w, have %q", text)
		}
		retention.KeepWithin = time.Duration(age)
	}
	if *retention == (Retention{}) {
		f.Fault("", "keeps nothing: want keep_last, keep_within or keep_tagged")
	}
	f.Done()
	return retention
}

// readSize takes a number of bytes, or text that has a unit.
func readSize(f fields.Object, key string) string {
	value, ok := f.Value(key)
	if text, isText := value.(string); isText || !ok {
		return text
	}
	switch value.(type) {
	case int, float64:
		return strconv.Itoa(f.Number(key))
	}
	f.Fault(key, "want a size such as 1gb, have %s", fields.KindOf(value))
	return ""
}

// readEnv takes what Concourse takes as parameters: text, what has an obvious text, and
// lists and objects, which become their JSON text.
func readEnv(f fields.Object) map[string]string {
	env := map[string]string{}
	table := f.Table("env")
	for _, key := range slices.Sorted(maps.Keys(table)) {
		switch value := table[key].(type) {
		case []any, map[string]any:
			env[key] = jsonText(value)
		case nil:
			env[key] = ""
		default:
			env[key] = fmt.Sprint(value)
		}
	}
	return env
}

// jsonText is a value as JSON, its text not escaped for web pages.
func jsonText(value any) string {
	var out strings.Builder
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(value) // values of jq always encode
	return strings.TrimSuffix(out.String(), "\n")
}

func readInput(f fields.Object) Input {
	in := Input{
		Branch: f.Text("branch"), Resource: f.Table("resource"), Alias: f.Text("alias"),
		Params: f.Table("params"), Tags: f.Texts("tags"), Trigger: true,
	}
	in.Passed, _ = f.Value("passed")
	in.Version, _ = f.Value("version")
	if _, told := f.Value("trigger"); told {
		in.Trigger = f.Flag("trigger")
	}
	checkPassed(f, in.Passed)
	checkVersion(f, in.Version)
	f.Done()
	if (in.Branch == "") == (in.Resource == nil) {
		f.Fault("", "want a branch or a resource, one of them")
	}
	if in.Alias == "" {
		in.Alias = path.Base(in.Branch)
		if in.Resource != nil {
			f.Fault("alias", "a resource needs one")
		}
	}
	return in
}

// checkPassed wants true, false or jobs that a version has been through.
func checkPassed(f fields.Object, value any) {
	if _, ok := value.([]any); ok {
		f.Texts("passed")
	} else if _, ok := value.(bool); !ok && value != nil {
		f.Fault("passed", "want a list of jobs, true or false, have %s", fields.KindOf(value))
	}
}

// checkVersion wants "every", "latest" or one version, whose values are texts.
func checkVersion(f fields.Object, value any) {
	if version, ok := value.(map[string]any); ok {
		for _, key := range slices.Sorted(maps.Keys(version)) {
			if _, ok := version[key].(string); !ok {
				f.Fault("version."+key, "want a string, have %s", fields.KindOf(version[key]))
			}
		}
	} else if value != nil && value != "every" && value != "latest" {
		f.Fault("version", `want "every", "latest" or an object`)
	}
}

func readOutput(f fields.Object) OutputRule {
	rule := OutputRule{Path: f.Text("path"), Filters: f.Texts("filters")}
	f.Done()
	if rule.Path == "" {
		f.Fault("path", "want a pattern")
	}
	return rule
}

func (j *Job) checkInputs(read []fields.Object) {
	taken := map[string]int{}
	for i, in := range j.Input {
		if in.Branch == j.Branch && in.Branch != "" {
			read[i].Fault("branch", "the job cannot be its own input")
		}
		if !isFolderName(in.Alias) {
			read[i].Fault("alias", "%q cannot be the name of an input's folder", in.Alias)
		}
		if first, ok := taken[in.Alias]; ok {
			read[i].Fault("alias", "%q is taken by input[%d]", in.Alias, first)
		}
		taken[in.Alias] = i
	}
}

// isFolderName reports whether a folder beside that of the result can have a name.
func isFolderName(alias string) bool {
	return alias != "result" && alias != "." && alias != ".." && alias == path.Base(alias)
}

// InputBranches are the branches that the job reads, in the order that a receipt
// lists them.
func (j *Job) InputBranches() []string {
	var branches []string
	for _, in := range j.Input {
		if in.Branch != "" {
			branches = append(branches, in.Branch)
		}
	}
	return branches
}

// FilterRules are the filters that the job chooses for its outputs, strongest
// first, each as "GLOB=NAME,NAME".
func (j *Job) FilterRules() []string {
	var rules []string
	for _, output := range j.Output {
		rules = append(rules, output.Path+"="+chain(output.Filters))
	}
	for _, filters := range [][]string{j.Filters, j.DefaultFilters} {
		if len(filters) > 0 {
			rules = append(rules, "**="+chain(filters))
		}
	}
	return rules
}

func chain(filters []string) string {
	if len(filters) == 0 {
		return "none"
	}
	return strings.Join(filters, ",")
}

// FilterTexts turns the filters of a configuration into rules: a word of the form
// GLOB=NAME,NAME is one, the words without a pattern are, in their order, the
// filters of everything else.
func FilterTexts(words []string) []string {
	var rules, names []string
	for _, word := range words {
		if strings.Contains(word, "=") {
			rules = append(rules, word)
		} else {
			names = append(names, word)
		}
	}
	if len(names) > 0 {
		rules = append(rules, "**="+strings.Join(names, ","))
	}
	return rules
}
