package jobs

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/git-datapact/git-datapact/pipeline/fields"
)

// A bucketKind is a kind of bucket that a source may name by keys of its own.
type bucketKind struct {
	name string   // the key of the bucket's name
	keys []string // with the name
	read func(f fields.Object, texts map[string]string, env map[string]string) (url string)
}

// bucketKinds lists them. The signature of S3 is that of another time: it is accepted, and
// has no effect.
var bucketKinds = []bucketKind{
	{"s3_bucket", []string{"s3_bucket", "s3_endpoint", "s3_region", "s3_prefix", "s3_access_key_id", "s3_secret_access_key", "s3_session_token", "s3_signature"}, readS3},
	{"gs_bucket", []string{"gs_bucket", "gs_prefix", keyOfGS}, readGS},
	{"azblob_container", []string{"azblob_container", "azblob_prefix", "azblob_account", "azblob_key", "azblob_sas_token"}, readAzure},
}

// keyOfGS is the one key that has several lines.
const keyOfGS = "gs_json_key"

// bucketKeys are the keys of all kinds of buckets.
func bucketKeys() (keys []string) {
	for _, kind := range bucketKinds {
		keys = append(keys, kind.keys...)
	}
	return keys
}

// A Store is where the blobs of a repository are.
type Store struct {
	URL string            // "" for none
	Env map[string]string // variables that open it, in the place of those of the environment
}

// ReadStore reads the keys of a source that name a store. A source without any has
// none, which is not a finding here: git is all that some uses need.
func ReadStore(f fields.Object) (s Store) {
	texts, given := map[string]string{}, []string{}
	var kind bucketKind
	for _, k := range bucketKinds {
		for _, key := range k.keys {
			if texts[key] = f.Text(key); texts[key] == "" {
				continue
			}
			if key != keyOfGS && strings.ContainsFunc(texts[key], unicode.IsControl) {
				f.Fault(key, "it holds a control character, such as a line break")
			}
			if kind.name != "" && kind.name != k.name {
				f.Fault(key, "there is %s too, which is of another kind of bucket", given[0])
			} else {
				kind = k
			}
			given = append(given, key)
		}
	}
	s.URL, s.Env = f.Text("store"), readVariables(f, "store_env")
	switch {
	case s.URL != "" && len(given) > 0:
		f.Fault("store", "there is %s too, want one of them", given[0])
	case s.URL == "" && len(s.Env) > 0 && len(given) == 0:
		f.Fault("store_env", "there is no store that it could open")
	case len(given) > 0 && texts[kind.name] == "":
		f.Fault(kind.name, "missing, but there is %s", given[0])
	case s.URL != "":
		if parsed, err := url.Parse(s.URL); err != nil || parsed.Scheme == "" {
			f.Fault("store", "want a URL such as file:///srv/blobs or s3://bucket")
		}
	case len(given) > 0:
		if strings.ContainsAny(texts[kind.name], "/?#@: ") {
			f.Fault(kind.name, "want the name of a bucket")
		}
		s.URL = kind.read(f, texts, s.Env)
	}
	return s
}

// bucketURL is the URL of a bucket. Parameters without a value are left out.
func bucketURL(scheme, name string, parameters map[string]string) string {
	query := url.Values{}
	for name, value := range parameters {
		if value != "" {
			query.Set(name, value)
		}
	}
	return (&url.URL{Scheme: scheme, Host: name, RawQuery: query.Encode()}).String()
}

// readS3 makes a URL, and variables for the keys, of what a source says of a bucket of S3.
func readS3(f fields.Object, texts, env map[string]string) string {
	parameters := map[string]string{"region": cmp.Or(texts["s3_region"], "us-east-1"), "prefix": texts["s3_prefix"]}
	if endpoint := texts["s3_endpoint"]; endpoint != "" {
		if !strings.Contains(endpoint, "://") {
			endpoint = "https://" + endpoint
		}
		if parsed, err := url.Parse(endpoint); err != nil || parsed.Host == "" {
			f.Fault("s3_endpoint", "want a host, or a URL such as http://localhost:9000")
		}
		parameters["endpoint"], parameters["use_path_style"] = endpoint, "true"
	}
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
			env["AWS_SESSION_TOKEN"] = token
		}
		env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"] = id, secret
	}
	return bucketURL("s3", texts["s3_bucket"], parameters)
}

// readGS is readS3 for Google Cloud Storage.
func readGS(f fields.Object, texts, env map[string]string) string {
	if key := texts[keyOfGS]; key != "" {
		var account struct{ Type string }
		if json.Unmarshal([]byte(key), &account) != nil || account.Type != "service_account" {
			f.Fault(keyOfGS, "want the JSON key of a service account")
		}
		env["GOOGLE_APPLICATION_CREDENTIALS_JSON"] = key
	}
	return bucketURL("gs", texts["gs_bucket"], map[string]string{"prefix": texts["gs_prefix"]})
}

// readAzure is readS3 for Azure Blob Storage.
func readAzure(f fields.Object, texts, env map[string]string) string {
	key, token := texts["azblob_key"], texts["azblob_sas_token"]
	switch {
	case key != "" && token != "":
		f.Fault("azblob_sas_token", "there is azblob_key too, want one of them")
	case key != "" && texts["azblob_account"] == "":
		f.Fault("azblob_account", "missing, but there is azblob_key")
	case token != "" && texts["azblob_account"] == "":
		f.Fault("azblob_account", "missing, but there is azblob_sas_token")
	case key != "":
		env["AZURE_STORAGE_KEY"] = key
	case token != "":
		env["AZURE_STORAGE_SAS_TOKEN"] = token
	}
	return bucketURL("azblob", texts["azblob_container"], map[string]string{"prefix": texts["azblob_prefix"], "storage_account": texts["azblob_account"]})
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
	for _, key := range append(bucketKeys(), "store", "store_env") {
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
