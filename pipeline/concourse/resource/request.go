package resource

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/fields"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/receipts"
)

// MaxRequest is the size in bytes above which a request is not read: 64 MiB, that
// of a receipt.
const MaxRequest = receipts.MaxSize

// An Action is one of Concourse's three.
type Action string

// The actions.
const (
	ActionCheck Action = "check"
	ActionIn    Action = "in"
	ActionOut   Action = "out"
)

// A Request is what Concourse says on standard input.
type Request struct {
	Source  *Source
	Version *Version     // nil for none
	Plan    *PlanVersion // nil for none; of a source with a plan
	Code    *CodeVersion // nil for none; of a source with code
	In      InParams
	Out     OutParams
}

// A Version names an execution: the commit that recorded it, and its receipt.
type Version struct {
	Ref     gitcmd.Hash `json:"ref"`
	Receipt receipts.ID `json:"receipt"`
}

// InParams say what in brings. The zero value is everything, unfiltered.
type InParams struct {
	ReceiptOnly bool                // no outputs: download is false
	Paths       []string            // patterns of the outputs
	Raw         bool                // filters stay on
	Inputs      map[string]InParams // by alias, of a plan: in the place of the others
}

// OutParams say what out records.
type OutParams struct {
	Result     string           // the folder of the result, in the build folder
	Folders    []string         // of inputs, in the build folder
	Inputs     []receipts.Input // by their receipts
	Told       bool             // the inputs are those two, none is looked for
	Plan       *planned         // what in of a plan left, nil for nothing
	Job        *receipts.Job    // what ran, nil when unknown
	Docker     string           // commit that the image was built from
	Metadata   []receipts.Metadata
	Filters    []string // rules, strongest first
	Repository string   // a folder whose commit is noted, "" for none
}

// ParseRequest reads the request of an action. The error has all that is wrong
// with it, and no value of the source.
func ParseRequest(data []byte, action Action) (*Request, error) {
	if len(data) > MaxRequest {
		return nil, fmt.Errorf("the request is larger than %d bytes", MaxRequest)
	}
	var document map[string]json.RawMessage
	if err := decode(data, &document); err != nil {
		return nil, err
	}
	findings := fields.NewFindings("the request")
	request := &Request{}
	request.Source = ReadSource("source", value(document["source"]), findings)
	request.Source.RequireGit("source", findings)
	if request.Source.Branch != "" && gitcmd.CheckBranchName(request.Source.Branch) != nil {
		findings.Add("source.branch", "want the name of a branch")
	}
	if _, _, err := request.Source.Store(); err != nil && action != ActionCheck && request.Source.Code == nil {
		findings.Add("source", "names no store: want store, s3_bucket, gs_bucket or azblob_container")
	}
	if version := value(document["version"]); version != nil && action != ActionOut {
		if request.Source.Plan != "" {
			request.Plan = readPlanVersion(version, findings)
		} else if request.Source.Code != nil {
			request.Code = readCodeVersion(version, findings)
		} else {
			request.Version = readVersion(version, action, findings)
		}
	} else if action == ActionIn {
		findings.Add("version", "missing")
	}
	if action == ActionOut && request.Source.Plan != "" {
		findings.Add("source.plan", "nothing is put to a plan: put the result to the resource of the branch")
	}
	if action == ActionOut && request.Source.Code != nil {
		findings.Add("source.code", "nothing is put to code: commit to its branch")
	}
	switch action {
	case ActionIn:
		request.In = readInParams(document["params"], findings)
	case ActionOut:
		request.Out = readOutParams(document["params"], findings)
	}
	if err := findings.Err("request"); err != nil {
		return nil, err
	}
	return request, nil
}

// ReadRequest is [ParseRequest] of what a stream holds.
func ReadRequest(r io.Reader, action Action) (*Request, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxRequest+1))
	if err != nil {
		return nil, fmt.Errorf("reading the request: %w", err)
	}
	return ParseRequest(data, action)
}

// decode reads one JSON value, and says where it is none without repeating it.
func decode(data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	err := decoder.Decode(into)
	if err == nil {
		if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
			return errors.New("the request is more than one JSON object")
		}
		return nil
	}
	if bad, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("the request is not JSON: error at byte %d", bad.Offset)
	}
	if _, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return errors.New("the request is not a JSON object")
	}
	return fmt.Errorf("the request is not JSON: %w", err) // it ends early
}

// value is the Go value of a part of a request that is known to be JSON.
func value(raw json.RawMessage) any {
	var v any
	_ = json.Unmarshal(raw, &v)
	return v
}

func readVersion(v any, action Action, findings *fields.Findings) *Version {
	f := fields.Read("version", v, findings)
	version := &Version{Ref: gitcmd.Hash(f.Text("ref")), Receipt: receipts.ID(f.Text("receipt"))}
	f.Done()
	checkRef(f, version.Ref)
	if version.Receipt == "" && action == ActionCheck {
		return version // all that the commit recorded
	}
	if _, err := receipts.ParseID(string(version.Receipt)); err != nil {
		f.Fault("receipt", "want the 40 hexadecimal digits of a receipt's id")
	}
	return version
}

// checkRef finds fault with a ref that cannot be the hash of a commit.
func checkRef(f fields.Object, commit gitcmd.Hash) {
	if _, err := gitcmd.ParseHash(string(commit)); err != nil {
		f.Fault("ref", "want the 40 or 64 hexadecimal digits of a commit")
	}
}

// params starts on the parameters, of which there may be none.
func params(raw json.RawMessage, findings *fields.Findings) fields.Object {
	v := value(raw)
	if v == nil {
		v = map[string]any{}
	}
	return fields.Read("params", v, findings)
}

func readInParams(raw json.RawMessage, findings *fields.Findings) InParams {
	f := params(raw, findings)
	p := readInKeys(f)
	inputs := f.Table("inputs")
	for _, alias := range slices.Sorted(maps.Keys(inputs)) {
		if p.Inputs == nil {
			p.Inputs = map[string]InParams{}
		}
		own := fields.Read("params.inputs."+alias, inputs[alias], findings)
		p.Inputs[alias] = readInKeys(own)
		own.Done()
	}
	f.Done()
	return p
}

func readInKeys(f fields.Object) InParams {
	p := InParams{Paths: f.Texts("paths"), Raw: f.Flag("raw")}
	if _, told := f.Value("download"); told {
		p.ReceiptOnly = !f.Flag("download")
	}
	return p
}

func readOutParams(raw json.RawMessage, findings *fields.Findings) OutParams {
	f := params(raw, findings)
	p := OutParams{Result: f.Text("result"), Filters: jobs.FilterTexts(f.Texts("filters")), Repository: f.Text("repository")}
	if p.Result == "" {
		p.Result = "result"
	}
	for key, folder := range map[string]string{"result": p.Result, "repository": p.Repository} {
		if folder != "" && !isFolder(folder) {
			f.Fault(key, "want a folder in the build folder")
		}
	}
	var exact map[string]json.RawMessage // numbers as they are written
	_ = json.Unmarshal(raw, &exact)
	if _, ok := f.Value("metadata"); ok {
		var err error
		if p.Metadata, err = receipts.ParseMetadata(exact["metadata"]); err != nil {
			f.Fault("metadata", "want an object, or a list of key and value: %w", err)
		}
	}
	if text := strings.TrimSpace(f.Text("buildenv")); text != "" {
		p.Metadata = append(p.Metadata, receipts.Metadata{Key: "buildenv", Value: text})
	}
	if _, p.Told = f.Value("input"); p.Told {
		p.readInputs(f, exact["input"])
	}
	if _, ok := f.Value("plan"); ok {
		p.Plan = readPlanned(f, exact["plan"])
		p.Inputs, p.Told = append(slices.Clone(p.Plan.Input), p.Inputs...), true
	}
	if job, ok := f.Sub("job"); ok {
		p.Job = &receipts.Job{Config: job.Text("config"), Docker: job.Text("docker"), Image: strings.TrimSpace(job.Text("image")), Code: readRanCode(job)}
		job.Done()
	}
	if p.Docker = strings.TrimSpace(f.Text("docker")); p.Docker != "" {
		if _, err := gitcmd.ParseHash(p.Docker); err != nil {
			f.Fault("docker", "want the commit that the image was built from")
		}
	}
	f.Done()
	return p
}

// readPlanned reads what in of a plan left.
func readPlanned(f fields.Object, raw json.RawMessage) *planned {
	p := &planned{}
	document, _ := f.Sub("plan")
	p.Branch, p.Receipt = document.Text("branch"), receipts.ID(document.Text("receipt"))
	document.List("input")
	document.Done()
	var exact struct {
		Input json.RawMessage `json:"input"`
	}
	_ = json.Unmarshal(raw, &exact)
	var err error
	if p.Input, err = receipts.ParseInputs(exact.Input); err != nil {
		f.Fault("plan", "want what in of a plan left in "+planFile+": %w", err)
	}
	return p
}

// readInputs reads a list of receipts and of the names of folders.
func (p *OutParams) readInputs(f fields.Object, raw json.RawMessage) {
	var exact []json.RawMessage
	_ = json.Unmarshal(raw, &exact)
	for i, v := range f.List("input") {
		key := fmt.Sprintf("input[%d]", i)
		switch v := v.(type) {
		case string:
			if !isFolder(v) {
				f.Fault(key, "want a receipt, or a folder in the build folder")
			}
			p.Folders = append(p.Folders, v)
		case map[string]any:
			inputs, err := receipts.ParseInputs(exact[i])
			if err != nil {
				f.Fault(key, "want a receipt with its result: %w", err)
			}
			p.Inputs = append(p.Inputs, inputs...)
		default:
			f.Fault(key, "want a receipt, or a folder in the build folder, have %s", fields.KindOf(v))
		}
	}
}

// isFolder reports whether a path stays in the folder it starts from.
func isFolder(path string) bool {
	return filepath.IsLocal(path) && filepath.Clean(path) != "." && !strings.ContainsAny(path, "\x00\n")
}
