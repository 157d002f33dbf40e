package provenance

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	slsa "github.com/in-toto/attestation/go/predicates/provenance/v1"
	intoto "github.com/in-toto/attestation/go/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

const (
	sha1Hex   = "0123456789abcdef0123456789abcdef01234567"
	sha256Hex = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
)

// full is a receipt that says everything a receipt can say.
const full = `{
  "branch": "words/list",
  "input": [
    {"branch": "source", "result": "` + sha1Hex + `", "timestamp": "2026-11-01T00:00:00Z",
     "metadata": [{"key": "n", "value": {"deep": [1e999, 1.5, null, "x"]}}]},
    {"branch": "old", "result": "` + sha1Hex + `", "timestamp": null},
    {"branch": ":shop", "result": "a b/ü?#", "timestamp": null}
  ],
  "job": {"code": {"ref": "` + sha1Hex + `", "tree": "` + sha1Hex + `"}, "config": "c0ffee", "docker": "` + sha1Hex + `", "image": "sha256:` + sha256Hex + `"},
  "metadata": [{"key": "version", "value": "1.10"}, {"key": "big", "value": 1e400}],
  "output": [
    {"blob": "b1", "checksum": {"sha256": "` + sha256Hex + `"}, "content": {"sha256": "` + sha256Hex + `", "size": 7}, "filters": ["gz"], "path": "a/x.csv.gz", "size": 9},
    {"blob": "b2", "checksum": {"sha256": "` + sha256Hex + `"}, "path": "y <&>", "size": 5}
  ],
  "timestamp": "2026-11-02T03:04:05Z"
}`

const old = `{"branch": "source", "input": [], "output": [{"blob": "b", "checksum": {"sha256": "` + sha256Hex + `"}, "filters": ["gz"], "path": "z.gz", "size": 9}], "timestamp": "2026-11-01T00:00:00Z"}`

const empty = `{"branch": "b", "input": [], "output": [], "timestamp": "2026-11-01T00:00:00Z"}`

func entryOf(t *testing.T, text string) *ledger.Entry {
	t.Helper()
	r, err := receipts.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return &ledger.Entry{ID: r.ID(), Receipt: r, Blob: sha1Hex}
}

// executions are a few, by what is special about them.
func executions(t *testing.T) map[string]Execution {
	e := Execution{Entry: entryOf(t, full)}
	for _, in := range e.Entry.Receipt.Input {
		source := Source{Input: in, Exact: !in.Timestamp.IsZero()}
		if in.Branch[0] != ':' {
			source.Entry = entryOf(t, old)
		}
		e.Inputs = append(e.Inputs, source)
	}
	return map[string]Execution{"full": e, "old": {Entry: entryOf(t, old)}, "empty": {Entry: entryOf(t, empty)}}
}

func original(o *receipts.Output) string { return strings.TrimSuffix(o.Path, ".gz") }

func encode(t *testing.T, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestStatementsAreInToto reads statements by the definitions that in-toto publishes, which
// refuse every key that they do not know.
func TestStatementsAreInToto(t *testing.T) {
	for name, e := range executions(t) {
		data := encode(t, NewStatement(e, Producer, original))
		var statement intoto.Statement
		if err := protojson.Unmarshal(data, &statement); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, data)
		}
		if err := statement.Validate(); err != nil {
			t.Errorf("%s: Statement.Validate() = %v", name, err)
		}
		predicate, err := protojson.Marshal(statement.Predicate)
		if err != nil {
			t.Fatal(err)
		}
		var provenance slsa.Provenance
		if err := protojson.Unmarshal(predicate, &provenance); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, predicate)
		}
		if err := provenance.Validate(); err != nil {
			t.Errorf("%s: Provenance.Validate() = %v", name, err)
		}
		want := e.Entry.Receipt.Timestamp.Time()
		if got := provenance.RunDetails.Metadata.FinishedOn.AsTime(); !got.Equal(want) {
			t.Errorf("%s: finishedOn = %v, want %v", name, got, want)
		}
		for _, r := range slices.Concat(statement.Subject, provenance.BuildDefinition.ResolvedDependencies) {
			if len(r.Digest) == 0 { // which the text of the specification wants, and Validate does not
				if u, err := url.Parse(r.Uri); err != nil || u.Scheme != "datapact" {
					t.Errorf("%s: resource %v has neither digest nor URI", name, r)
				}
			}
		}
	}
}

func TestStatementNamesFilesAndStoredObjects(t *testing.T) {
	s := NewStatement(executions(t)["full"], Producer, original)
	var subjects, dependencies []string
	for _, r := range s.Subject {
		subjects = append(subjects, r.Name)
	}
	for _, r := range s.Predicate.BuildDefinition.ResolvedDependencies {
		dependencies = append(dependencies, r.Name)
	}
	e := executions(t)["full"]
	source := name(e.Inputs[0].Entry)
	if want := []string{name(e.Entry), "a/x.csv", "a/x.csv.gz", "y <&>"}; !slices.Equal(subjects, want) {
		t.Errorf("subjects %q, want %q", subjects, want)
	}
	if want := []string{source, source + ":z.gz", "old@" + sha1Hex, ":shop@a b/ü?#", "code", "code files", "docker", "image"}; !slices.Equal(dependencies, want) {
		t.Errorf("dependencies %q, want %q", dependencies, want)
	}
}

// needed are the keys that the schemas of OpenLineage require where an event of ours has such
// an object, and how those with a format must look.
var needed = map[string]map[string]string{
	"":                              {"eventTime": "date-time", "producer": "uri", "schemaURL": "uri", "run": "", "job": "", "eventType": "COMPLETE"},
	"run":                           {"runId": "uuid"},
	"job":                           {"namespace": "", "name": ""},
	"job.facets.sourceCodeLocation": {"_producer": "uri", "_schemaURL": "uri", "type": "", "url": "uri"},
	"inputs[]":                      {"namespace": "", "name": ""},
	"inputs[].facets.version":       {"_producer": "uri", "_schemaURL": "uri", "datasetVersion": ""},
	"outputs[]":                     {"namespace": "", "name": ""},
	"outputs[].facets.version":      {"_producer": "uri", "_schemaURL": "uri", "datasetVersion": ""},
	"outputs[].outputFacets.outputStatistics": {"_producer": "uri", "_schemaURL": "uri"},
}

var uuidForm = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func hasForm(format string, value any) bool {
	text, isText := value.(string)
	switch format {
	case "":
		return value != nil && value != ""
	case "date-time":
		_, err := time.Parse(time.RFC3339, text)
		return err == nil
	case "uri":
		u, err := url.Parse(text)
		return err == nil && u.IsAbs()
	case "uuid":
		return uuidForm.MatchString(text)
	}
	return isText && text == format
}

// checkNeeded walks through an event, and counts the objects that the table is about.
func checkNeeded(t *testing.T, at string, value any, met map[string]int) {
	switch v := value.(type) {
	case map[string]any:
		if keys, ok := needed[at]; ok {
			met[at]++
			for key, format := range keys {
				if !hasForm(format, v[key]) {
					t.Errorf("%s.%s = %v, want %q", at, key, v[key], format)
				}
			}
		}
		for key, inner := range v {
			checkNeeded(t, strings.TrimPrefix(at+"."+key, "."), inner, met)
		}
	case []any:
		for _, inner := range v {
			checkNeeded(t, at+"[]", inner, met)
		}
	}
}

func TestEventsAreOpenLineage(t *testing.T) {
	met := map[string]int{}
	for _, e := range executions(t) {
		var event any
		if err := json.Unmarshal(encode(t, NewEvent(e, "ns", "ssh://example.com/team/x.git")), &event); err != nil {
			t.Fatal(err)
		}
		checkNeeded(t, "", event, met)
	}
	for at := range needed {
		if met[at] == 0 {
			t.Errorf("no event has %q", at)
		}
	}
}

func TestEventNamesExactVersions(t *testing.T) {
	event := NewEvent(executions(t)["full"], "ns", "")
	var versions []string
	for _, d := range event.Inputs {
		versions = append(versions, d.Name+" "+d.Facets.Version.Version)
	}
	if want := []string{"source " + sha1Hex + "@2026-11-01T00:00:00Z", "old " + sha1Hex, ":shop a b/ü?#"}; !slices.Equal(versions, want) {
		t.Errorf("inputs %q, want %q", versions, want)
	}
	if s := event.Outputs[0].OutputFacets.Statistics; s.Files != 2 || s.Size == nil || *s.Size != 12 {
		t.Errorf("statistics %+v, want 2 files of 12 bytes", s)
	}
	if s := NewEvent(executions(t)["old"], "ns", "").Outputs[0].OutputFacets.Statistics; s.Size != nil {
		t.Errorf("size %d of files whose sizes are not known", *s.Size)
	}
	if event.Job.Facets != nil {
		t.Error("code without an address has a facet")
	}
}

func TestAddresses(t *testing.T) {
	for remote, want := range map[string]string{
		"https://example.com/x.git":                    "https://example.com/x.git",
		"https://me:secret@example.com/x.git?t=secret": "https://example.com/x.git",
		"https://secret@example.com:8443/a%2Fb#secret": "https://example.com:8443/a%2Fb",
		"git@example.com:team/x.git":                   "ssh://example.com/team/x.git",
		"ssh://git@example.com/team/x.git":             "ssh://example.com/team/x.git",
		"host:/srv/x":                                  "ssh://host/srv/x",
		"https://me:se/cret@example.com/x":             "https://example.com/x",
		"me:secret@example.com:x":                      "ssh://example.com/x",
		"file:///srv/x.git":                            "",
		"/srv/x.git":                                   "",
		"../x:y":                                       "",
		`C:\x`:                                         "",
		`\\host\x:y`:                                   "",
		"":                                             "",
	} {
		if got := Address(remote); got != want {
			t.Errorf("Address(%q) = %q, want %q", remote, got, want)
		}
	}
}

func TestRunIDs(t *testing.T) {
	e := entryOf(t, full)
	id := RunID(e.Input())
	if again := RunID(e.Input()); again != id || !uuidForm.MatchString(id) {
		t.Errorf("RunID = %q and %q, want one UUID of version 5", id, again)
	}
	seen := map[string]bool{id: true}
	for _, change := range []func(*receipts.Input){
		func(in *receipts.Input) { in.Branch = "other" },
		func(in *receipts.Input) { in.Result = sha1Hex },
		func(in *receipts.Input) { in.Timestamp = in.Timestamp.Add(time.Second) },
	} {
		in := e.Input()
		change(&in)
		if other := RunID(in); seen[other] {
			t.Errorf("%+v has the run id of another execution", in)
		} else {
			seen[other] = true
		}
	}
}
