package jobs

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/git-datapact/git-datapact/pipeline/fields"
)

// s3Keys are the keys of a source that name a bucket of S3. The signature is that
// of another time: it is accepted, and has no effect.
var s3Keys = []string{"s3_bucket", "s3_endpoint", "s3_region", "s3_prefix", "s3_access_key_id", "s3_secret_access_key", "s3_session_token", "s3_signature"}

// A Store is where the blobs of a repository are.
type Store struct {
	URL string            // "" for none
	Env map[string]string // variables that open it, in the place of those of the environment
}

// ReadStore reads the keys of a source that name a store. A source without any has
// none, which is not a finding here: git is all that some uses need.
func ReadStore(f fields.Object) (s Store) {
	texts, given := map[string]string{}, []string{}
	for _, key := range s3Keys {
		if texts[key] = f.Text(key); texts[key] != "" {
			given = append(given, key)
		}
		if strings.ContainsFunc(texts[key], unicode.IsControl) {
			f.Fault(key, "it holds a control character, such as a line break")
		}
	}
	s.URL, s.Env = f.Text("store"), readVariables(f, "store_env")
	switch {
	case s.URL != "" && len(given) > 0:
		f.Fault("store", "there is %s too, want one of them", given[0])
	case s.URL == "" && len(s.Env) > 0 && len(given) == 0:
		f.Fault("store_env", "there is no store that it could open")
	case texts["s3_bucket"] == "" && len(given) > 0:
		f.Fault("s3_bucket", "missing, but there is %s", given[0])
	case s.URL != "":
		if parsed, err := url.Parse(s.URL); err != nil || parsed.Scheme == "" {
			f.Fault("store", "want a URL such as file:///srv/blobs or s3://bucket")
		}
	case len(given) > 0:
		return readS3(f, texts, s.Env)
	}
	return s
}

// readS3 makes a URL, and variables for the keys, of what older sources say.
func readS3(f fields.Object, texts, more map[string]string) (s Store) {
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
	s.URL = (&url.URL{Scheme: "s3", Host: texts["s3_bucket"], RawQuery: query.Encode()}).String()
	s.Env = more
	id, secret := texts["s3_access_key_id"], texts["s3_secret_access_key"]
	switch {
	case id == "" && secret != "":
		f.Fault("s3_access_key_id", "missing, but there is s3_secret_access_key")
	case id != "" && secret == "":
		f.Fault("s3_secret_access_key", "missing, but there is s3_access_key_id")
	case texts["s3_session_token"] != "" && id == "":
		f.Fault("s3_session_token", "there is no s3_access_key_id that it belongs to")
	case id != "":
		if token := texts["s3_session_token"]; token != "" {
			s.Env["AWS_SESSION_TOKEN"] = token
		}
		s.Env["AWS_ACCESS_KEY_ID"], s.Env["AWS_SECRET_ACCESS_KEY"] = id, secret
	}
	return s
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

// Store is the store that datapact_job.source of the configuration names, with the
// variables that open it; none where there is no configuration. A key that is null, or
// for Concourse to fill in, is as good as left out: then it is found where such keys are
// on this machine.
func (c *Config) Store() (Store, error) {
	if c == nil {
		return Store{}, nil
	}
	known := map[string]any{}
	for _, key := range append([]string{"store", "store_env"}, s3Keys...) {
		text, isText := c.Resource.Source[key].(string)
		if value := c.Resource.Source[key]; value != nil && !(isText && strings.Contains(text, "((")) {
			known[key] = value
		}
	}
	if known["s3_access_key_id"] == nil || known["s3_secret_access_key"] == nil {
		delete(known, "s3_access_key_id")
		delete(known, "s3_secret_access_key")
	}
	findings := fields.NewFindings("the source")
	f := fields.Read("datapact_job.source", known, findings)
	store := ReadStore(f)
	f.Done()
	if err := findings.Err(c.File); err != nil {
		return Store{}, InvalidError{err}
	}
	return store, nil
}
