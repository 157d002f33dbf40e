package resource

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/url"
	"slices"
	"strings"

	"github.com/git-datapact/git-datapact/pipeline/fields"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
)

// A Source is where a dataset branch and its blobs are, and what opens the doors
// there: the "source" of a datapact resource, which is also datapact_job.source of
// datapact.json. Keys that are left out have their zero value.
type Source struct {
	URI                  string // of the git repository
	Branch               string
	PrivateKey           string
	PrivateKeyUser       string
	PrivateKeyPassphrase string
	KnownHosts           string
	Username             string
	Password             string
	SkipSSLVerification  bool
	GitConfig            []GitSetting
	CommitterName        string
	CommitterEmail       string
	Filters              []string // GLOB=NAME,NAME or NAME,NAME: the first that matches
	Initial              int      // versions that the first check answers, 0 for the default, InitialAll for all
	Plan                 string   // the branch whose executions are the versions, "" for its receipts
	PlanJobs             map[string]map[string]any
	Code                 jobs.CodePatterns // the files of the branch that are the versions, nil for its receipts
	Ignored              []string          // keys that mean nothing here

	store jobs.Store // the zero value for none
}

// InitialAll is the Initial of a source whose first check answers every version.
const InitialAll = -1

// A GitSetting is one value of git's configuration.
type GitSetting struct{ Name, Value string }

// ReadSource reads a source, which stands at a path of the document that the
// findings are about. It repeats no value: any could be a secret. What it returns
// is of use only if it had no findings.
func ReadSource(path string, value any, findings *fields.Findings) *Source {
	f := fields.Read(path, value, findings)
	findings.RefuseNulls(path, value)
	s := &Source{
		URI:                  f.Text("uri"),
		Branch:               f.Text("branch"),
		PrivateKey:           f.Text("private_key"),
		PrivateKeyUser:       f.Text("private_key_user"),
		PrivateKeyPassphrase: f.Text("private_key_passphrase"),
		KnownHosts:           f.Text("known_hosts"),
		Username:             f.Text("username"),
		Password:             f.Text("password"),
		SkipSSLVerification:  f.Flag("skip_ssl_verification"),
		CommitterName:        f.Text("committer_name"),
		CommitterEmail:       f.Text("committer_email"),
		Filters:              jobs.FilterTexts(f.Texts("filters")),
		Initial:              readInitial(f),
	}
	s.readPlan(f)
	s.readCode(f)
	for _, key := range jobs.IgnoredSourceKeys {
		if _, ok := f.Value(key); ok {
			s.Ignored = append(s.Ignored, key)
		}
	}
	for _, setting := range f.Subs("git_config") {
		s.GitConfig = append(s.GitConfig, readSetting(setting))
	}
	s.store = jobs.ReadStore(f)
	f.Done()
	for _, key := range []string{"uri", "branch", "username", "password", "private_key_user", "committer_name", "committer_email"} {
		if text, _ := f.Value(key); strings.ContainsAny(fmt.Sprint(text), "\n\r\x00") {
			f.Fault(key, "holds a line break")
		}
	}
	if s.PrivateKeyPassphrase != "" && s.PrivateKey == "" {
		f.Fault("private_key_passphrase", "there is no private_key that it could open")
	}
	return s
}

// readPlan reads what makes the source that of a job's executions. What the jobs read is
// said by the branches themselves, unless the configuration of the pipeline has the last
// word.
func (s *Source) readPlan(f fields.Object) {
	s.Plan = f.Text("plan")
	told := f.Table("plan_jobs")
	switch {
	case s.Plan == "" && len(told) > 0:
		f.Fault("plan_jobs", "there is no plan that they could be for")
	case s.Plan != "" && s.Branch != "" && s.Branch != s.Plan:
		f.Fault("branch", "want the branch of the plan, or none")
	case s.Plan != "":
		s.Branch = s.Plan
	}
	for _, branch := range slices.Sorted(maps.Keys(told)) {
		job, ok := told[branch].(map[string]any)
		if !ok {
			f.Fault("plan_jobs."+branch, "want an object, have %s", fields.KindOf(told[branch]))
		}
		if s.PlanJobs == nil {
			s.PlanJobs = map[string]map[string]any{}
		}
		s.PlanJobs[branch] = job
	}
}

// RequireGit adds a finding for each key that reaching the git repository needs.
func (s *Source) RequireGit(path string, findings *fields.Findings) {
	if s.URI == "" {
		findings.Add(path+".uri", "missing")
	}
	if s.Branch == "" {
		findings.Add(path+".branch", "missing")
	}
}

func readSetting(f fields.Object) GitSetting {
	setting := GitSetting{Name: f.Text("name"), Value: f.Text("value")}
	f.Done()
	section, key, ok := strings.Cut(setting.Name, ".")
	if !ok || section == "" || key == "" || strings.ContainsAny(setting.Name+setting.Value, "\n\x00") {
		f.Fault("name", "want the name of a git configuration variable, such as http.proxy, and a value of one line")
	}
	return setting
}

// readInitial reads "all" or a number of versions.
func readInitial(f fields.Object) int {
	value, ok := f.Value("initial")
	if !ok {
		return 0
	}
	if value == "all" {
		return InitialAll
	}
	if n, ok := value.(float64); ok && n >= 1 && n <= math.MaxInt32 && n == math.Trunc(n) {
		return int(n)
	}
	if n, ok := value.(int); ok && n >= 1 {
		return n
	}
	f.Fault("initial", `want "all" or a number from 1`)
	return 0
}

// Store is the URL of the store that the source names, with the variables that
// open it, which take the place of those of the environment.
func (s *Source) Store() (storeURL string, env map[string]string, err error) {
	if s.store.URL == "" {
		return "", nil, errors.New("the source names no store: want store, s3_bucket, gs_bucket or azblob_container")
	}
	return s.store.URL, maps.Clone(s.store.Env), nil
}

// Secrets are the values of the source that no message may hold, whole or in
// part.
func (s *Source) Secrets() []string {
	secrets := []string{s.Password, s.PrivateKeyPassphrase}
	secrets = append(secrets, strings.Fields(s.PrivateKey)...)
	for _, setting := range s.GitConfig {
		secrets = append(secrets, setting.Value)
		secrets = append(secrets, strings.Fields(setting.Value)...) // "Authorization: Basic …"
	}
	for _, value := range s.store.Env {
		secrets = append(secrets, value)
		var account struct { // of Google, which has a key in its JSON
			Key string `json:"private_key"`
		}
		if json.Unmarshal([]byte(value), &account) == nil {
			secrets = append(secrets, strings.Fields(account.Key)...)
		}
	}
	for _, address := range []string{s.URI, s.store.URL} {
		if parsed, err := url.Parse(address); err == nil && parsed.User != nil {
			secrets = append(secrets, parsed.User.String())
			if password, ok := parsed.User.Password(); ok {
				secrets = append(secrets, password)
			}
		}
	}
	return slices.DeleteFunc(secrets, func(secret string) bool { return secret == "" })
}

// String keeps the secrets out of what is printed by accident.
func (s *Source) String() string { return fmt.Sprintf("source of branch %q", s.Branch) }
