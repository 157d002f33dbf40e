package resource

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/gitcmd/remote"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/archive"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// Out records the result in a build folder, and pushes the receipt. It returns once
// the server has that. While the server or the store is away, it waits and tries again.
// A receipt that the branch has already, but for its timestamp, is not recorded again.
func Out(ctx context.Context, request *Request, build string, opts *Options) (made *Answer, err error) {
	for _, key := range request.Source.Ignored {
		opts.logf("source.%s means nothing here", key)
	}
	err = opts.whileAway(ctx, func() error {
		made, err = out(ctx, request, build, opts)
		return err
	})
	return made, err
}

func out(ctx context.Context, request *Request, build string, opts *Options) (*Answer, error) {
	result, inputs, err := readBuild(ctx, request.Out, build, request.Source.Branch)
	if err != nil {
		return nil, err
	}
	defer result.Close()
	if len(result.Ignored) > 0 {
		opts.logf("%s", archive.LeftOut(result.Ignored))
	}
	server, err := opts.server(request.Source)
	if err != nil {
		return nil, err
	}
	defer server.Close()
	o := &recording{
		source: request.Source, params: request.Out, server: server, result: result, opts: opts,
		how: archive.RecordOptions{
			Inputs: inputs, Job: request.Out.Job, Metadata: request.Out.Metadata, Progress: opts.Progress, UnlessSame: true, Finished: opts.Now,
			Commit: ledger.AppendOptions{Build: opts.Build.ID, URL: opts.Build.URL},
		},
	}
	if err := o.noteRepository(ctx, build); err != nil {
		return nil, err
	}
	c, err := server.clone(ctx, o.prepare)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if err := o.checkPlan(ctx); err != nil {
		return nil, err
	}
	a := archive.Archive{Repository: c.Repository}
	if a.Store, err = opts.openStore(ctx, request); err != nil {
		return nil, err
	}
	defer a.Store.Close()
	entry, err := a.Record(ctx, request.Source.Branch, result, &o.how)
	if err != nil {
		return nil, c.Explain(ctx, err)
	}
	if entry.Commit == "" {
		opts.logf("%s@%s is recorded already, and nothing differs", request.Source.Branch, entry.ID[:12])
		entry.Commit = o.tip.Hash
		return answer(entry), nil
	}
	if entry, err = o.push(ctx, c, entry); err != nil {
		return nil, fmt.Errorf("the server has not confirmed the receipt: %w", err)
	}
	opts.logf("recorded %s@%s", request.Source.Branch, entry.ID)
	opts.logOutputs(entry.Receipt)
	for _, warning := range archive.Warnings(entry.Receipt) {
		opts.logf("warning: %s", warning)
	}
	opts.logf("pushed to %s as commit %s", server.Address(), entry.Commit.Short())
	return answer(entry), nil
}

// readBuild reads the result of a build folder, and what the execution read.
func readBuild(ctx context.Context, params OutParams, build, branch string) (*archive.Result, []receipts.Input, error) {
	dir, err := folderIn(build, params.Result)
	if err != nil {
		return nil, nil, gitcmd.WithHint(fmt.Errorf("result %w", err), "write the files of the task to its output 'result', or name another folder in params.result")
	}
	result, err := archive.ReadResult(ctx, dir)
	if err != nil {
		return nil, nil, err
	}
	inputs := params.Inputs
	if !params.Told {
		inputs, err = archive.FindInputs(archive.Surroundings{Build: build, Result: dir, Branch: branch})
	}
	for _, name := range params.Folders {
		if err != nil {
			break
		}
		var found []receipts.Input
		found, err = readInput(build, name)
		inputs = append(inputs, found...)
	}
	if err != nil {
		return nil, nil, errors.Join(err, result.Close())
	}
	return result, inputs, nil
}

func readInput(build, name string) ([]receipts.Input, error) {
	dir, err := folderIn(build, name)
	if err != nil {
		return nil, fmt.Errorf("input %w", err)
	}
	inputs, err := archive.ReadInput(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, gitcmd.WithHint(fmt.Errorf("input %s has no .datapact/result", name), "an input is a folder that 'in' of this resource filled")
	}
	return inputs, err
}

// folderIn is a folder in the build folder, which links do not lead out of.
func folderIn(build, name string) (string, error) {
	root, err := os.OpenRoot(build)
	if err != nil {
		return "", fmt.Errorf("%s: opening the build folder: %w", name, err)
	}
	defer root.Close()
	info, err := root.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%s: there is no such folder in the build folder", name)
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	if !info.IsDir() {
		return "", fmt.Errorf("%s: not a folder", name)
	}
	return filepath.Join(build, filepath.FromSlash(name)), nil
}

// A recording is one call of Out at work.
type recording struct {
	source *Source
	params OutParams
	server *server
	result *archive.Result
	how    archive.RecordOptions
	opts   *Options
	job    *jobs.Job
	tip    gitcmd.CommitInfo // of the branch, before anything was recorded
}

// noteRepository adds the commit of a repository in the build folder, such as that
// of the code which was run, to the metadata.
func (o *recording) noteRepository(ctx context.Context, build string) error {
	if o.params.Repository == "" {
		return nil
	}
	dir, err := folderIn(build, o.params.Repository)
	if err != nil {
		return fmt.Errorf("repository %w", err)
	}
	commit, err := o.server.HeadOf(ctx, dir)
	if err != nil {
		return fmt.Errorf("repository %s: %w", o.params.Repository, err)
	}
	o.how.Metadata = append(o.how.Metadata, receipts.Metadata{Key: "repository", Value: string(commit)})
	return nil
}

// prepare brings what recording needs of the branch, and makes sure of all that can
// be before the first blob is stored.
func (o *recording) prepare(ctx context.Context, c *remote.Clone) error {
	own := o.source.Branch
	branches := []string{own}
	for _, in := range o.inputs() {
		if _, err := ledger.InputID(in); err != nil {
			return fmt.Errorf("input: %w", err)
		}
		if !slices.Contains(branches, in.Branch) {
			branches = append(branches, in.Branch)
		}
	}
	if err := c.FetchBranches(ctx, remote.Extent{Filter: remote.TwoLevels, Depth: 1}, branches...); err != nil {
		return err
	}
	tips := map[string]gitcmd.CommitInfo{}
	for _, name := range branches {
		tip, err := c.Tip(ctx, name)
		if err != nil {
			return err
		}
		tips[name] = tip
	}
	o.tip = tips[own]
	if err := o.bring(ctx, c, tips); err != nil {
		return err
	}
	if err := o.readJob(ctx, c); err != nil {
		return err
	}
	if err := o.readDocker(ctx, c); err != nil {
		return err
	}
	return o.checkInputs(ctx, c, tips)
}

// inputs are those of the receipt to be that are receipts themselves.
func (o *recording) inputs() []receipts.Input {
	all := archive.Draft(o.source.Branch, o.result, &o.how).Input
	return slices.DeleteFunc(all, func(in receipts.Input) bool { return strings.HasPrefix(in.Branch, ":") })
}

// bring gets the job, the folders of the inputs, and that which the receipt goes into if the
// inputs are told in the order of the job.
func (o *recording) bring(ctx context.Context, c *remote.Clone, tips map[string]gitcmd.CommitInfo) error {
	how := o.how
	for _, in := range how.Inputs {
		how.InputOrder = append(how.InputOrder, in.Branch)
	}
	var folders []remote.Folder
	for _, place := range o.places(archive.Draft(o.source.Branch, o.result, &how), tips) {
		folders = append(folders, place.Folder())
	}
	return c.Bring(ctx, folders, remote.Place{Tree: o.tip.Tree, Path: jobs.File})
}

// places are those of a receipt and of its inputs.
func (o *recording) places(draft *receipts.Receipt, tips map[string]gitcmd.CommitInfo) []remote.Place {
	places := []remote.Place{{Tree: o.tip.Tree, Path: draft.ID().Path()}}
	for _, in := range o.inputs() {
		id, _ := ledger.InputID(in) // as prepare has made sure
		places = append(places, remote.Place{Tree: tips[in.Branch].Tree, Path: id.Path()})
	}
	return places
}

// readJob lets the branch's job say the order of the inputs and the filters.
func (o *recording) readJob(ctx context.Context, c *remote.Clone) error {
	catalog := jobs.At(c.Repository, map[string]gitcmd.Hash{o.source.Branch: o.tip.Hash}, nil)
	job, err := catalog.Job(ctx, o.source.Branch)
	if err != nil {
		return err
	}
	o.job = job
	o.how.InputOrder, o.how.Filters = job.InputBranches(), nil
	for _, text := range slices.Concat(o.params.Filters, job.FilterRules(), o.source.Filters) {
		rule, err := archive.ParseFilterRule(text)
		if err != nil {
			return err
		}
		o.how.Filters = append(o.how.Filters, rule)
	}
	return nil
}

// readDocker finds the folder docker/ of the commit that the image was built from.
func (o *recording) readDocker(ctx context.Context, c *remote.Clone) error {
	if o.params.Docker == "" {
		return nil
	}
	commit := gitcmd.Hash(o.params.Docker)
	if err := c.FetchCommit(ctx, commit); err != nil && !errors.Is(err, gitcmd.ErrNotFound) {
		return err
	}
	info, err := c.ReadCommit(ctx, commit)
	if errors.Is(err, gitcmd.ErrNotFound) {
		o.opts.logf("commit %s, which the image was built from, is not on the server any more", commit.Short())
		return nil
	}
	if err != nil {
		return err
	}
	tree, err := c.Folder(ctx, remote.Folder{Tree: info.Tree, Path: "docker"})
	if err != nil || tree == "" {
		return err
	}
	job := receipts.Job{}
	if o.how.Job != nil {
		job = *o.how.Job
	}
	job.Docker = string(tree)
	o.how.Job = &job
	return nil
}

// checkPlan refuses what no plan calls for: inputs that do not belong together. What in
// of a plan left is taken at its word for that.
func (o *recording) checkPlan(ctx context.Context) error {
	read := o.inputs()
	if p := o.params.Plan; p != nil {
		if p.Branch != o.source.Branch {
			return fmt.Errorf("params.plan is the plan of %s, not of %s", p.Branch, o.source.Branch)
		}
		return nil
	}
	wants := o.job.InputBranches()
	if len(wants) == 0 || len(read) == 0 || len(wants) == 1 && len(read) == 1 && read[0].Branch == wants[0] {
		return nil // always planned, and a seed is too
	}
	source := *o.source
	source.Plan = source.Branch
	c, err := o.server.wholeClone(ctx, func(ctx context.Context, c *remote.Clone) error {
		p := &planning{clone: c, source: &source, likely: []string{source.Plan}}
		for _, in := range read {
			p.likely = append(p.likely, in.Branch)
		}
		if err := p.bring(ctx); err != nil {
			return err
		}
		return p.calls(ctx, read)
	})
	if err != nil {
		return err
	}
	return c.Close()
}

// checkInputs refuses inputs that are not on their branches, and brings the folder
// that the receipt goes into along with theirs.
func (o *recording) checkInputs(ctx context.Context, c *remote.Clone, tips map[string]gitcmd.CommitInfo) error {
	found, err := c.Find(ctx, o.places(archive.Draft(o.source.Branch, o.result, &o.how), tips)...)
	if err != nil {
		return err
	}
	var faults []error
	for i, in := range o.inputs() {
		if found[i+1] == "" {
			faults = append(faults, gitcmd.WithHint(fmt.Errorf("input %s@%s does not exist on the server's branch %s", in.Branch, in.Result, in.Branch),
				"the receipt was removed, or belongs to another repository"))
		}
	}
	return errors.Join(faults...)
}

// pushTries bounds how often a push is tried whose connection broke. What the
// server has already it does not take twice.
const pushTries = 3

// push sends the receipt, and returns it as the server has it.
func (o *recording) push(ctx context.Context, c *remote.Clone, entry *ledger.Entry) (*ledger.Entry, error) {
	err := o.server.work(ctx, func(ctx context.Context) error {
		for try := 1; ; try++ {
			moved, err := ledger.Push(ctx, c.Repository, o.source.Branch, remote.Remote)
			entry = moved.Now(entry)
			if err == nil || try == pushTries || !remote.IsBroken(err) {
				return c.Explain(ctx, err)
			}
			if err := gitcmd.Backoff(ctx, try*4); err != nil {
				return err
			}
		}
	})
	return entry, err
}
