package resource

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/git-datapact/git-datapact/pipeline/fields"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
)

// source reads a source from JSON, and returns what is wrong with it.
func source(t testing.TB, text string) (*Source, string) {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	findings := fields.NewFindings("the request")
	s := ReadSource("source", value, findings)
	s.RequireGit("source", findings)
	if err := findings.Err("f"); err != nil {
		return s, err.Error()
	}
	return s, ""
}

func TestReadSource(t *testing.T) {
	got, fault := source(t, `{"uri": "git@example.com:a.git", "branch": "data", "private_key": "KEY", "git_config": [{"name": "http.proxy", "value": "p"}],
		"filters": ["*.csv=gz", "gz", "zstd"], "initial": "all", "skip_ssl_verification": true,
		"store": "s3://bucket", "store_env": {"AWS_SECRET_ACCESS_KEY": "x"}}`)
	want := &Source{URI: "git@example.com:a.git", Branch: "data", PrivateKey: "KEY", GitConfig: []GitSetting{{"http.proxy", "p"}},
		Filters: []string{"*.csv=gz", "**=gz,zstd"}, Initial: InitialAll, SkipSSLVerification: true,
		store: jobs.Store{URL: "s3://bucket", Env: map[string]string{"AWS_SECRET_ACCESS_KEY": "x"}}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(Source{})); fault != "" || diff != "" {
		t.Errorf("ReadSource: %s\n%s", fault, diff)
	}
}

func TestSourceFindings(t *testing.T) {
	const whole = `"uri": "u", "branch": "b"`
	tests := []struct{ source, want string }{
		{`{}`, "source.branch: missing\nsource.uri: missing"},
		{`[]`, "source: want an object, have a list\nsource.branch: missing\nsource.uri: missing"},
		{`{` + whole + `, "passwrd": "hush"}`, "source.passwrd: unknown key"},
		{`{` + whole + `, "password": null, "private_key": null}`,
			"source.password: null, which stands for nothing here: is a variable not set?\n" +
				"source.private_key: null, which stands for nothing here: is a variable not set?"},
		{`{` + whole + `, "password": 12345678, "skip_ssl_verification": "yes"}`,
			"source.password: want a string, have a number\nsource.skip_ssl_verification: want true or false, have a string"},
		{`{` + whole + `, "password": "hush\nhush"}`, "source.password: holds a line break"},
		{`{` + whole + `, "private_key_passphrase": "hush"}`, "source.private_key_passphrase: there is no private_key that it could open"},
		{`{` + whole + `, "initial": "hush"}`, `source.initial: want "all" or a number from 1`},
		{`{` + whole + `, "initial": 0.5}`, `source.initial: want "all" or a number from 1`},
		{`{` + whole + `, "git_config": [{"name": "hush", "value": "hush"}, {"name": "a.b", "vaule": "x"}]}`,
			"source.git_config[0].name: want the name of a git configuration variable, such as http.proxy, and a value of one line\nsource.git_config[1].vaule: unknown key"},
		{`{` + whole + `, "store": "hush"}`, "source.store: want a URL such as file:///srv/blobs or s3://bucket"},
		{`{` + whole + `, "store": "s3://x", "s3_bucket": "b"}`, "source.store: there is s3_bucket too, want one of them"},
		{`{` + whole + `, "store_env": {"A": "x"}}`, "source.store_env: there is no store that it could open"},
		{`{` + whole + `, "store": "s3://x", "store_env": {"A": 1}}`, "source.store_env.A: want a string, have a number"},
		{`{` + whole + `, "s3_region": "hush"}`, "source.s3_bucket: missing, but there is s3_region"},
		{`{` + whole + `, "s3_bucket": "a/b"}`, "source.s3_bucket: want the name of a bucket"},
		{`{` + whole + `, "s3_bucket": "b", "s3_access_key_id": "hush"}`, "source.s3_secret_access_key: missing, but there is s3_access_key_id"},
		{`{` + whole + `, "s3_bucket": "b", "s3_secret_access_key": "hush"}`, "source.s3_access_key_id: missing, but there is s3_secret_access_key"},
		{`{` + whole + `, "s3_bucket": "b", "s3_prefix": "hush\n", "s3_access_key_id": "id", "s3_secret_access_key": "hush\r\n"}`,
			"source.s3_prefix: it holds a control character, such as a line break\nsource.s3_secret_access_key: it holds a control character, such as a line break"},
		{`{` + whole + `, "s3_bucket": "b", "gs_bucket": "b"}`, "source.gs_bucket: there is s3_bucket too, which is of another kind of bucket"},
		{`{` + whole + `, "gs_prefix": "hush"}`, "source.gs_bucket: missing, but there is gs_prefix"},
		{`{` + whole + `, "gs_bucket": "b:1"}`, "source.gs_bucket: want the name of a bucket"},
		{`{` + whole + `, "gs_bucket": "b", "gs_json_key": "hush"}`, "source.gs_json_key: want the JSON key of a service account"},
		{`{` + whole + `, "gs_bucket": "b", "gs_json_key": "{\"type\": \"external_account\"}"}`, "source.gs_json_key: want the JSON key of a service account"},
		{`{` + whole + `, "gs_bucket": "b", "gs_json_key": {"type": "service_account"}}`, "source.gs_json_key: want a string, have an object"},
		{`{` + whole + `, "azblob_account": "hush"}`, "source.azblob_container: missing, but there is azblob_account"},
		{`{` + whole + `, "azblob_container": "c", "azblob_key": "hush"}`, "source.azblob_account: missing, but there is azblob_key"},
		{`{` + whole + `, "azblob_container": "c", "azblob_sas_token": "hush"}`, "source.azblob_account: missing, but there is azblob_sas_token"},
		{`{` + whole + `, "azblob_container": "c", "azblob_account": "a", "azblob_key": "hush", "azblob_sas_token": "hush"}`, "source.azblob_sas_token: there is azblob_key too, want one of them"},
		{`{` + whole + `, "azblob_container": "c", "azblob_account": "a", "azblob_key": "hush\n"}`, "source.azblob_key: it holds a control character, such as a line break"},
		{`{` + whole + `, "s3_bucket": "b", "s3_endpoint": "http://"}`, "source.s3_endpoint: want a host, or a URL such as http://localhost:9000"},
	}
	for _, test := range tests {
		_, got := source(t, test.source)
		if diff := cmp.Diff(count(test.want), count(strings.ReplaceAll(got, "f: ", ""))); diff != "" {
			t.Errorf("ReadSource(%s): %s", test.source, diff)
		}
		if strings.Contains(got, "hush") || strings.Contains(got, "12345678") {
			t.Errorf("ReadSource(%s) repeats a value: %s", test.source, got)
		}
	}
}

// count makes a set of lines, in which order does not matter.
func count(lines string) map[string]int {
	counted := map[string]int{}
	for line := range strings.SplitSeq(lines, "\n") {
		counted[line]++
	}
	return counted
}

func TestSourceStore(t *testing.T) {
	tests := []struct {
		keys, want string
		env        map[string]string
	}{
		{`"store": "file:///srv/blobs"`, "file:///srv/blobs", map[string]string{}},
		{`"s3_bucket": "b"`, "s3://b?region=us-east-1", map[string]string{}},
		{`"s3_bucket": "b", "s3_region": "eu-1", "s3_prefix": "p/", "s3_signature": "v2"`, "s3://b?prefix=p%2F&region=eu-1", map[string]string{}},
		{`"s3_bucket": "b", "s3_endpoint": "storage.example.com", "s3_access_key_id": "id", "s3_secret_access_key": "secret"`,
			"s3://b?endpoint=https%3A%2F%2Fstorage.example.com&region=us-east-1&use_path_style=true",
			map[string]string{"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret"}},
		{`"s3_bucket": "b", "s3_endpoint": "http://127.0.0.1:7070"`,
			"s3://b?endpoint=http%3A%2F%2F127.0.0.1%3A7070&region=us-east-1&use_path_style=true", map[string]string{}},
		{`"gs_bucket": "b"`, "gs://b", map[string]string{}},
		{`"gs_bucket": "b", "gs_prefix": "p/", "gs_json_key": "{\n\"type\": \"service_account\"}"`, "gs://b?prefix=p%2F",
			map[string]string{"GOOGLE_APPLICATION_CREDENTIALS_JSON": "{\n\"type\": \"service_account\"}"}},
		{`"azblob_container": "c", "azblob_account": "a", "azblob_key": "secret"`, "azblob://c?storage_account=a", map[string]string{"AZURE_STORAGE_KEY": "secret"}},
		{`"azblob_container": "c", "azblob_prefix": "p/", "azblob_account": "a", "azblob_sas_token": "secret", "store_env": {"X": "1"}`,
			"azblob://c?prefix=p%2F&storage_account=a", map[string]string{"AZURE_STORAGE_SAS_TOKEN": "secret", "X": "1"}},
	}
	for _, test := range tests {
		s, fault := source(t, `{"uri": "u", "branch": "b", `+test.keys+`}`)
		address, env, err := s.Store()
		if fault != "" || err != nil || address != test.want || !cmp.Equal(env, test.env) {
			t.Errorf("Store of {%s} = %s, %v, %v, %s, want %s, %v", test.keys, address, env, err, fault, test.want, test.env)
		}
	}
	if s, _ := source(t, `{"uri": "u", "branch": "b"}`); s != nil {
		if _, _, err := s.Store(); err == nil {
			t.Error("Store without a store succeeded")
		}
	}
}

// TestSecretsOfStores wants the keys of every kind of bucket out of messages, also a line of
// one that has several.
func TestSecretsOfStores(t *testing.T) {
	for _, keys := range []string{
		`"s3_bucket": "b", "s3_access_key_id": "id", "s3_secret_access_key": "hush-hush"`,
		`"gs_bucket": "b", "gs_json_key": "{\"type\": \"service_account\", \"private_key\": \"-----BEGIN\\nhush-hush\\n-----END\"}"`,
		`"azblob_container": "c", "azblob_account": "a", "azblob_key": "hush-hush"`,
		`"azblob_container": "c", "azblob_account": "a", "azblob_sas_token": "hush-hush"`,
	} {
		s, fault := source(t, `{"uri": "u", "branch": "b", `+keys+`}`)
		if fault != "" {
			t.Fatal(fault)
		}
		if got := Redact(errors.New("no hush-hush here"), s).Error(); got != "no … here" {
			t.Errorf("with {%s} the message is %q", keys, got)
		}
	}
}

func FuzzReadSource(f *testing.F) {
	f.Add([]byte(`{"uri":"u","branch":"b","s3_bucket":"x","s3_prefix":"é/","s3_endpoint":"h:1"}`))
	f.Add([]byte(`{"uri":null,"git_config":[{}],"initial":1e99,"store":"::","filters":[1]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var value any
		if json.Unmarshal(data, &value) != nil {
			return
		}
		findings := fields.NewFindings("the request")
		s := ReadSource("source", value, findings)
		if findings.Err("f") != nil {
			return
		}
		if address, _, err := s.Store(); err == nil && address == "" {
			t.Errorf("ReadSource(%q) names an empty store", data)
		}
		s.Secrets()
	})
}
