package provenance

import (
	"encoding/json"
	"net/url"
	"strconv"
	"strings"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// The types of the documents that a statement consists of.
const (
	statementType = "https://in-toto.io/Statement/v1"
	predicateType = "https://slsa.dev/provenance/v1"

	// BuildType is the URI of what an execution is. git-datapact-export(1) describes it.
	BuildType = Producer + "/blob/main/man/git-datapact-export.1#v1"
)

// PayloadType is the type of a statement in an envelope.
const PayloadType = "application/vnd.in-toto+json"

// A Statement is one of in-toto, version 1.
type Statement struct {
	Type          string     `json:"_type"`
	Subject       []Resource `json:"subject"`
	PredicateType string     `json:"predicateType"`
	Predicate     Provenance `json:"predicate"`
}

// A Resource is something that was read or made; in-toto calls it a ResourceDescriptor.
type Resource struct {
	Name        string            `json:"name,omitempty"`
	URI         string            `json:"uri,omitempty"` // where no digest is known
	Digest      map[string]string `json:"digest,omitempty"`
	Annotations map[string]any    `json:"annotations,omitempty"`
}

// Provenance is that of SLSA, version 1.
type Provenance struct {
	BuildDefinition BuildDefinition `json:"buildDefinition"`
	RunDetails      RunDetails      `json:"runDetails"`
}

// A BuildDefinition says what was to be executed.
type BuildDefinition struct {
	BuildType            string             `json:"buildType"`
	ExternalParameters   ExternalParameters `json:"externalParameters"`
	InternalParameters   InternalParameters `json:"internalParameters"`
	ResolvedDependencies []Resource         `json:"resolvedDependencies"`
}

// ExternalParameters are what an execution is told.
type ExternalParameters struct {
	Branch string  `json:"branch"`
	Inputs []Input `json:"inputs"`
}

// InternalParameters are what a receipt says beside inputs and outputs.
type InternalParameters struct {
	Job      map[string]any `json:"job,omitempty"`
	Metadata []Fact         `json:"metadata,omitempty"`
}

// An Input is one of a receipt.
type Input struct {
	Branch    string `json:"branch"`
	Result    string `json:"result"`
	Timestamp string `json:"timestamp,omitempty"`
	Metadata  []Fact `json:"metadata,omitempty"`
}

// A Fact is one of the metadata.
type Fact struct {
	Key   string `json:"key"`
	Value any    `json:"value"`
}

// RunDetails say who executed, and when.
type RunDetails struct {
	Builder  Builder  `json:"builder"`
	Metadata Metadata `json:"metadata"`
}

// A Builder is who executed.
type Builder struct {
	ID string `json:"id"` // a URI
}

// Metadata is that of an execution.
type Metadata struct {
	InvocationID string `json:"invocationId"`
	FinishedOn   string `json:"finishedOn"`
}

// NewStatement tells of an execution: its receipt and its outputs are the subjects. Builder is
// the URI of who executed, and path tells the path of the file that an output becomes.
func NewStatement(e Execution, builder string, path func(*receipts.Output) string) Statement {
	r := e.Entry.Receipt
	s := Statement{
		Type: statementType, PredicateType: predicateType,
		Subject: resources(e.Entry, "", path),
		Predicate: Provenance{
			BuildDefinition: BuildDefinition{
				BuildType:            BuildType,
				ExternalParameters:   ExternalParameters{Branch: r.Branch, Inputs: inputs(r)},
				InternalParameters:   InternalParameters{Job: job(r.Job), Metadata: facts(r.Metadata)},
				ResolvedDependencies: append(sources(e, path), code(r.Job)...),
			},
			RunDetails: RunDetails{
				Builder:  Builder{builder},
				Metadata: Metadata{InvocationID: RunID(e.Entry.Input()), FinishedOn: r.Timestamp.String()},
			},
		},
	}
	return s
}

// resources are a receipt, the files that its outputs become, and what is stored of them.
func resources(entry *ledger.Entry, prefix string, path func(*receipts.Output) string) []Resource {
	r := entry.Receipt
	list := []Resource{{
		Name: name(entry), Digest: map[string]string{"gitBlob": string(entry.Blob)},
		Annotations: map[string]any{"timestamp": r.Timestamp.String()},
	}}
	for i := range r.Output {
		o := &r.Output[i]
		file, _, known := o.File()
		if known {
			list = append(list, Resource{Name: prefix + path(o), Digest: map[string]string{"sha256": file}})
		}
		if len(o.Filters) > 0 {
			list = append(list, Resource{
				Name: prefix + o.Path, Digest: map[string]string{"sha256": o.Checksum.SHA256},
				Annotations: map[string]any{"blob": r.Branch + "/" + o.Blob, "filters": o.Filters},
			})
		}
	}
	return list
}

// sources are what was read. What no digest is known of has a URI instead.
func sources(e Execution, path func(*receipts.Output) string) []Resource {
	list := []Resource{}
	for _, in := range e.Inputs {
		if in.Entry == nil || !in.Exact {
			list = append(list, Resource{Name: in.Branch + "@" + in.Result, URI: "datapact:" + url.PathEscape(in.Branch) + "/" + url.PathEscape(in.Result)})
			continue
		}
		list = append(list, resources(in.Entry, name(in.Entry)+":", path)...)
	}
	return list
}

// code is what ran, as far as its digests are known.
func code(j *receipts.Job) []Resource {
	var list []Resource
	add := func(name, algorithm, digest string) {
		if digest != "" {
			list = append(list, Resource{Name: name, Digest: map[string]string{algorithm: digest}})
		}
	}
	if j == nil {
		return nil
	}
	if j.Code != nil {
		add("code", "gitCommit", gitHash(j.Code.Ref))
		add("code files", "gitTree", gitHash(j.Code.Tree))
	}
	add("docker", "gitTree", gitHash(j.Docker))
	add("image", "sha256", imageDigest(j.Image))
	return list
}

// gitHash is a hash of git, "" for what is not one. The digests of git's objects have the
// same names in in-toto whether they are of SHA-1 or SHA-256: the length tells.
func gitHash(text string) string {
	hash, _ := gitcmd.ParseHash(text)
	return string(hash)
}

// imageDigest is the SHA-256 of an image, "" for what does not have one.
func imageDigest(image string) string {
	digest, ok := strings.CutPrefix(image, "sha256:")
	if ok && len(digest) == 64 && strings.Trim(digest, "0123456789abcdef") == "" {
		return digest
	}
	return ""
}

func job(j *receipts.Job) map[string]any {
	if j == nil {
		return nil
	}
	all := map[string]any{}
	for key, value := range map[string]string{"config": j.Config, "docker": j.Docker, "image": j.Image} {
		if value != "" {
			all[key] = value
		}
	}
	if j.Code != nil {
		all["code"] = map[string]string{"ref": j.Code.Ref, "tree": j.Code.Tree}
	}
	return all
}

func inputs(r *receipts.Receipt) []Input {
	list := []Input{}
	for _, in := range r.Input {
		list = append(list, Input{Branch: in.Branch, Result: in.Result, Timestamp: in.Timestamp.String(), Metadata: facts(in.Metadata)})
	}
	return list
}

func facts(metadata []receipts.Metadata) []Fact {
	var list []Fact
	for _, m := range metadata {
		list = append(list, Fact{Key: m.Key, Value: portable(m.Value)})
	}
	return list
}

// portable is a value of JSON in which every number is one that the readers of statements
// take: what is larger than a float of 64 bits becomes a text.
func portable(value any) any {
	switch v := value.(type) {
	case json.Number:
		if _, err := strconv.ParseFloat(v.String(), 64); err != nil {
			return v.String()
		}
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = portable(v[i])
		}
		return list
	case map[string]any:
		all := make(map[string]any, len(v))
		for key := range v {
			all[key] = portable(v[key])
		}
		return all
	}
	return value
}
