package resource

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/gitcmd/remote"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/pipeline/plan"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/archive"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// planFile is what in of a plan leaves beside the inputs, for out.
const planFile = ".datapact/plan"

// A planned is the file: an execution with the receipts that it reads.
type planned struct {
	Branch  string           `json:"branch"`
	Receipt receipts.ID      `json:"receipt"`
	Input   []receipts.Input `json:"-"`
}

// A PlanAnswer is that of in of a plan.
type PlanAnswer struct {
	Version  PlanVersion `json:"version"`
	Metadata []Metadata  `json:"metadata"`
}

// InPlan brings the inputs of an execution, each into a folder named by its alias, and
// the receipts that they are, for out. The error for an execution that is not called
// for any more says why.
func InPlan(ctx context.Context, request *Request, dir string, opts *Options) (*PlanAnswer, error) {
	server, err := opts.server(request.Source)
	if err != nil {
		return nil, err
	}
	defer server.Close()
	var e *plan.Execution
	var job *jobs.Job
	var entries []*ledger.Entry
	c, err := server.wholeClone(ctx, func(ctx context.Context, c *remote.Clone) (err error) {
		p := &planning{clone: c, source: request.Source, likely: request.Plan.branches()}
		if err := p.bring(ctx); err != nil {
			return err
		}
		job = p.job
		if e, err = p.find(ctx, request.Plan.Receipt); err == nil {
			entries, err = p.entries(ctx, e)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if err := bringInputs(ctx, request, job, entries, dir, opts); err != nil {
		return nil, err
	}
	if err := writePlan(dir, job.Branch, e.ID, entries); err != nil {
		return nil, err
	}
	return &PlanAnswer{Version: *request.Plan, Metadata: planMetadata(e, entries)}, nil
}

// find looks for an execution among those that the plan calls for.
func (p *planning) find(ctx context.Context, id receipts.ID) (*plan.Execution, error) {
	made, err := p.plan(ctx, p.tips, true)
	if err != nil {
		return nil, err
	}
	for i := range made.Executions {
		if made.Executions[i].ID == id {
			return &made.Executions[i], nil
		}
	}
	why := "an input was taken back, or the job reads something else now"
	for _, u := range made.Unplanned {
		if u.ID == id {
			why = u.Why
		}
	}
	return nil, gitcmd.WithHint(fmt.Errorf("execution %s of %s is no longer planned: %s", id, p.source.Plan, why),
		"check finds the executions that are due now")
}

// entries are the receipts that an execution reads.
func (p *planning) entries(ctx context.Context, e *plan.Execution) ([]*ledger.Entry, error) {
	var entries []*ledger.Entry
	for _, in := range e.Inputs {
		l := ledger.At(p.clone.Repository, gitcmd.Branch{Name: in.Branch, Commit: p.tips[in.Branch]})
		entry, err := l.Find(ctx, receipts.ID(in.Result))
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry)
	}
	return entries, nil
}

// bringInputs fetches the receipts into the folders of their inputs.
func bringInputs(ctx context.Context, request *Request, job *jobs.Job, entries []*ledger.Entry, dir string, opts *Options) error {
	var a archive.Archive
	defer func() {
		if a.Store != nil {
			_ = a.Store.Close() // it was only read
		}
	}()
	at := 0
	var made []string
	for _, in := range job.Input {
		if in.Branch == "" {
			continue
		}
		entry := entries[at]
		at++
		params := request.In
		if own, ok := request.In.Inputs[in.Alias]; ok {
			params = own
		}
		if !params.ReceiptOnly && a.Store == nil {
			var err error
			if a.Store, err = opts.openStore(ctx, request); err != nil {
				return err
			}
		}
		folder, err := archive.MakeFolder(dir, in.Alias, made)
		if err != nil {
			return err
		}
		made = append(made, in.Alias)
		if _, err := a.Fetch(ctx, entry, folder, &archive.FetchOptions{
			ReceiptOnly: params.ReceiptOnly, Paths: params.Paths, Raw: params.Raw, Progress: opts.Progress,
		}); err != nil {
			return fmt.Errorf("input %s (%s@%s): %w", in.Alias, in.Branch, entry.ID[:12], err)
		}
		opts.logf("%s@%s into %s", in.Branch, entry.ID[:12], in.Alias)
		opts.logOutputs(entry.Receipt)
	}
	return nil
}

// writePlan leaves the receipts for out.
func writePlan(dir, branch string, id receipts.ID, entries []*ledger.Entry) error {
	type input struct {
		Branch    string          `json:"branch"`
		Result    receipts.ID     `json:"result"`
		Timestamp string          `json:"timestamp,omitempty"`
		Metadata  json.RawMessage `json:"metadata,omitempty"`
	}
	document := struct {
		Branch  string      `json:"branch"`
		Receipt receipts.ID `json:"receipt"`
		Input   []input     `json:"input"`
	}{Branch: branch, Receipt: id, Input: []input{}}
	for _, entry := range entries {
		one := input{Branch: entry.Receipt.Branch, Result: entry.ID, Timestamp: entry.Receipt.Timestamp.String()}
		if len(entry.Receipt.Metadata) > 0 {
			text, err := receipts.EncodeMetadata(entry.Receipt.Metadata)
			if err != nil {
				return err
			}
			one.Metadata = text
		}
		document.Input = append(document.Input, one)
	}
	data, err := json.Marshal(document)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(planFile)), 0o777); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, filepath.FromSlash(planFile)), append(data, '\n'), 0o666)
}

// planMetadata tells on a build's page what is executed, and why.
func planMetadata(e *plan.Execution, entries []*ledger.Entry) []Metadata {
	list := []Metadata{{"execution", string(e.ID)}, {"state", string(e.State)}, {"why", e.Why}}
	for _, entry := range entries {
		list = append(list, Metadata{"input " + entry.Receipt.Branch, string(entry.ID)})
		for _, m := range entry.Receipt.Metadata {
			list = append(list, Metadata{entry.Receipt.Branch + " " + m.Key, m.Text()})
		}
	}
	return slices.Clip(list)
}
