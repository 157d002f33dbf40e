package pipeline

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/url"
	"slices"
	"strings"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/fields"
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

	store    string // as a URL, "" for none
	storeEnv map[string]string
}

// InitialAll is the Initial of a source whose first check answers every version.
const InitialAll = -1

// A GitSetting is one value of git's configuration.
type GitSetting struct{ Name, Value string }

// s3Keys are the keys of a source that name a bucket of S3. The signature is that
// of another time: it is accepted, and has no effect.
var s3Keys = []string{"s3_bucket", "s3_endpoint", "s3_region", "s3_prefix", "s3_access_key_id", "s3_secret_access_key", "s3_signature"}

// ReadSource reads a source, which stands at a path of the document that the
// findings are about. It repeats no value: any could be a secret. What it returns
// is of use only if it had no findings.
func ReadSource(path string, value any, findings *fields.Findings) *Source {
	f := fields.Read(path, value, findings)
	refuseNulls(path, value, findings)
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
		Filters:              FilterTexts(f.Texts("filters")),
		Initial:              readInitial(f),
	}
	for _, setting := range f.Subs("git_config") {
		s.GitConfig = append(s.GitConfig, readSetting(setting))
	}
	s.readStore(f)
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

// ConfiguredStore is the store that datapact_job.source of a repository's configuration
// names, with the variables that open it; "" where it names none. A key that is null,
// or for Concourse to fill in, is as good as left out: then it is found where such keys
// are on this machine.
func ConfiguredStore(ctx context.Context, repository *gitcmd.Repository) (storeURL string, env map[string]string, err error) {
	config, err := findConfig(ctx, repository)
	if err != nil || config == nil {
		return "", nil, err
	}
	known := map[string]any{}
	for _, key := range append([]string{"store", "store_env"}, s3Keys...) {
		text, isText := config.Resource.Source[key].(string)
		if value := config.Resource.Source[key]; value != nil && !(isText && strings.Contains(text, "((")) {
			known[key] = value
		}
	}
	if known["s3_access_key_id"] == nil || known["s3_secret_access_key"] == nil {
		delete(known, "s3_access_key_id")
		delete(known, "s3_secret_access_key")
	}
	findings := fields.NewFindings("the source")
	source := ReadSource("datapact_job.source", known, findings)
	if err := findings.Err(config.File); err != nil {
		return "", nil, InvalidError{err}
	}
	return source.store, source.storeEnv, nil
}

// Store is the URL of the store that the source names, with the variables that
// open it, which take the place of those of the environment.
func (s *Source) Store() (storeURL string, env map[string]string, err error) {
	if s.store == "" {
		return "", nil, errors.New("the source names no store: want s3_bucket or store")
	}
	return s.store, maps.Clone(s.storeEnv), nil
}

// readStore reads the keys of the store. A source without any has none, which is
// not a finding here: git is all that some uses need.
func (s *Source) readStore(f fields.Object) {
	texts, given := map[string]string{}, []string{}
	for _, key := range s3Keys {
		if texts[key] = f.Text(key); texts[key] != "" {
			given = append(given, key)
		}
	}
	s.store, s.storeEnv = f.Text("store"), readVariables(f, "store_env")
	switch {
	case s.store != "" && len(given) > 0:
		f.Fault("store", "there is %s too, want one of them", given[0])
	case s.store == "" && len(s.storeEnv) > 0:
		f.Fault("store_env", "there is no store that it could open")
	case texts["s3_bucket"] == "" && len(given) > 0:
		f.Fault("s3_bucket", "missing, but there is %s", given[0])
	case s.store != "":
		if parsed, err := url.Parse(s.store); err != nil || parsed.Scheme == "" {
			f.Fault("store", "want a URL such as file:///srv/blobs or s3://bucket")
		}
	case len(given) > 0:
		s.readS3(f, texts)
	}
}

// readS3 makes a URL, and variables for the keys, of what older sources say.
func (s *Source) readS3(f fields.Object, texts map[string]string) {
	if strings.ContainsAny(texts["s3_bucket"], "/?#@: ") {
		f.Fault("s3_bucket", "want the name of a bucket")
	}
	query := url.Values{"region": {"us-east-1"}}
	if region := texts["s3_region"]; region != "" {
		query.Set("region", region)
	}
	if endpoint := texts["s3_endpoint"]; endpoint != "" {
		if !strings.Contains(endpoint, "://") {
			endpoint = "https://" + endpoint
		}
		if parsed, err := url.Parse(endpoint); err != nil || parsed.Host == "" {
			f.Fault("s3_endpoint", "want a host, or a URL such as http://localhost:9000")
		}
		query.Set("endpoint", endpoint)
		query.Set("use_path_style", "true")
	}
	if prefix := texts["s3_prefix"]; prefix != "" {
		query.Set("prefix", prefix)
	}
	s.store = (&url.URL{Scheme: "s3", Host: texts["s3_bucket"], RawQuery: query.Encode()}).String()
	s.storeEnv = map[string]string{}
	id, secret := texts["s3_access_key_id"], texts["s3_secret_access_key"]
	switch {
	case id == "" && secret != "":
		f.Fault("s3_access_key_id", "missing, but there is s3_secret_access_key")
	case id != "" && secret == "":
		f.Fault("s3_secret_access_key", "missing, but there is s3_access_key_id")
	case id != "":
		s.storeEnv["AWS_ACCESS_KEY_ID"], s.storeEnv["AWS_SECRET_ACCESS_KEY"] = id, secret
	}
}

// readVariables reads a table of strings.
func readVariables(f fields.Object, key string) map[string]string {
	variables := map[string]string{}
	table := f.Table(key)
	for _, name := range slices.Sorted(maps.Keys(table)) {
		text, ok := table[name].(string)
		if !ok {
			f.Fault(key+"."+name, "want a string, have %s", fields.KindOf(table[name]))
		}
		variables[name] = text
	}
	return variables
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
	for _, value := range s.storeEnv {
		secrets = append(secrets, value)
	}
	for _, address := range []string{s.URI, s.store} {
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
