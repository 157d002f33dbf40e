package provenance

import (
	"net/url"
	"strings"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
)

// Where the schemas of OpenLineage are that the parts of an event follow.
const (
	schemas         = "https://openlineage.io/spec/"
	eventSchema     = schemas + "2-0-2/OpenLineage.json#/$defs/RunEvent"
	versionSchema   = schemas + "facets/1-0-1/DatasetVersionDatasetFacet.json#/$defs/DatasetVersionDatasetFacet"
	statisticSchema = schemas + "facets/1-0-2/OutputStatisticsOutputDatasetFacet.json#/$defs/OutputStatisticsOutputDatasetFacet"
	codeSchema      = schemas + "facets/1-1-0/SourceCodeLocationJobFacet.json#/$defs/SourceCodeLocationJobFacet"
)

// An Event is a RunEvent of OpenLineage: an execution that has ended well.
type Event struct {
	EventType string    `json:"eventType"`
	EventTime string    `json:"eventTime"`
	Run       Run       `json:"run"`
	Job       Job       `json:"job"`
	Inputs    []Dataset `json:"inputs"`
	Outputs   []Dataset `json:"outputs"`
	Producer  string    `json:"producer"`
	SchemaURL string    `json:"schemaURL"`
}

// A Run is an execution.
type Run struct {
	ID string `json:"runId"`
}

// A Job is that of a branch.
type Job struct {
	Namespace string     `json:"namespace"`
	Name      string     `json:"name"`
	Facets    *JobFacets `json:"facets,omitempty"`
}

// JobFacets are what is known of a job.
type JobFacets struct {
	Code *CodeFacet `json:"sourceCodeLocation,omitempty"`
}

// A Facet is what all facets have in common.
type Facet struct {
	Producer  string `json:"_producer"`
	SchemaURL string `json:"_schemaURL"`
}

// A CodeFacet says which code a job ran.
type CodeFacet struct {
	Facet
	Type          string `json:"type"`
	URL           string `json:"url"`
	RepositoryURL string `json:"repoUrl"`
	Version       string `json:"version"` // the commit
}

// A Dataset is a branch, as it was read or as it became.
type Dataset struct {
	Namespace    string        `json:"namespace"`
	Name         string        `json:"name"`
	Facets       DatasetFacets `json:"facets"`
	OutputFacets *OutputFacets `json:"outputFacets,omitempty"`
}

// DatasetFacets are what is known of a dataset.
type DatasetFacets struct {
	Version VersionFacet `json:"version"`
}

// A VersionFacet says which execution made a dataset what it was.
type VersionFacet struct {
	Facet
	Version string `json:"datasetVersion"`
}

// OutputFacets are what is known of a dataset that was made.
type OutputFacets struct {
	Statistics StatisticsFacet `json:"outputStatistics"`
}

// A StatisticsFacet says how much was made.
type StatisticsFacet struct {
	Facet
	Size  *int64 `json:"size,omitempty"` // of all files, in bytes; nil where the receipt does not tell it
	Files int    `json:"fileCount"`
}

// NewEvent tells of an execution in a namespace. Remote is the [Address] of the repository that
// the code is from, or "" for none.
func NewEvent(e Execution, namespace, remote string) Event {
	r := e.Entry.Receipt
	event := Event{
		EventType: "COMPLETE", EventTime: r.Timestamp.String(), Run: Run{RunID(e.Entry.Input())},
		Job:    Job{Namespace: namespace, Name: r.Branch, Facets: jobFacets(r.Job, remote)},
		Inputs: []Dataset{}, Producer: Producer, SchemaURL: eventSchema,
	}
	for _, in := range r.Input {
		event.Inputs = append(event.Inputs, dataset(namespace, in))
	}
	made := dataset(namespace, e.Entry.Input())
	made.OutputFacets = &OutputFacets{statistics(r)}
	event.Outputs = []Dataset{made}
	return event
}

// dataset is one that an execution read, or made.
func dataset(namespace string, in receipts.Input) Dataset {
	version := in.Result
	if !in.Timestamp.IsZero() {
		version += "@" + in.Timestamp.String()
	}
	return Dataset{
		Namespace: namespace, Name: in.Branch,
		Facets: DatasetFacets{VersionFacet{Facet{Producer, versionSchema}, version}},
	}
}

func statistics(r *receipts.Receipt) StatisticsFacet {
	facet := StatisticsFacet{Facet: Facet{Producer, statisticSchema}, Files: len(r.Output)}
	var total int64
	for i := range r.Output {
		_, size, known := r.Output[i].File()
		if !known || total+size < total {
			return facet
		}
		total += size
	}
	facet.Size = &total
	return facet
}

// jobFacets say which code a job ran, where it ran some and it is known where that is.
func jobFacets(j *receipts.Job, remote string) *JobFacets {
	if j == nil || j.Code == nil || remote == "" {
		return nil
	}
	return &JobFacets{&CodeFacet{
		Facet: Facet{Producer, codeSchema}, Type: "git",
		URL: remote, RepositoryURL: remote, Version: j.Code.Ref,
	}}
}

// Address is the URL of a remote as a URI without what may be secret: no user, no password and
// no query. It is "" for a path, which means something on one machine alone.
func Address(remote string) string {
	remote = gitcmd.WithoutSecrets(remote)
	if !strings.Contains(remote, "://") {
		host, path, ok := strings.Cut(remote, ":") // as scp has it
		if !ok || len(host) < 2 || strings.ContainsAny(host, `/\`) {
			return ""
		}
		remote = "ssh://" + host[strings.LastIndexByte(host, '@')+1:] + "/" + strings.TrimPrefix(path, "/")
	}
	u, err := url.Parse(remote)
	if err != nil || u.Host == "" {
		return ""
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}).String()
}
