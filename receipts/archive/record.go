package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/filters"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/known"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// RecordOptions are what a recording may be told.
type RecordOptions struct {
	// Inputs are what the execution read, beside the seeds in its result.
	Inputs []receipts.Input
	// InputOrder lists branches in the order their receipts stand as inputs.
	InputOrder []string
	Job        *receipts.Job // what ran, nil when unknown
	// Metadata comes before what the result itself says.
	Metadata []receipts.Metadata
	// Filters choose the filters of an output, the first that matches.
	Filters []FilterRule
	// Finished is when the execution finished; the zero time means now.
	Finished time.Time
	// UnlessSame leaves the branch as it is when it has the very receipt already, but for
	// its timestamp. The entry returned is that one.
	UnlessSame bool
	// Commit is for the commit's message.
	Commit   ledger.AppendOptions
	Progress Progress
}

// Record stores the files of a result and appends its receipt to a branch. It
// returns the entry also beside a [gitcmd.SyncError].
func (a *Archive) Record(ctx context.Context, branch string, result *Result, opts *RecordOptions) (*ledger.Entry, error) {
	if opts == nil {
		opts = &RecordOptions{}
	}
	receipt := Draft(branch, result, opts)
	if err := receipt.Validate(); err != nil {
		return nil, err
	}
	files, save := a.knowledge(ctx, result.dir)
	defer save()
	all, err := a.storeCopies(ctx, receipt, result, opts, files)
	if errors.Is(err, errDiffer) && files.Forget() {
		all, err = a.storeCopies(ctx, receipt, result, opts, files)
	}
	if err != nil {
		return nil, err
	}
	if opts.UnlessSame {
		if entry, err := a.same(ctx, receipt); entry != nil || err != nil {
			return entry, err
		}
	}
	entry, err := a.append(ctx, receipt, opts)
	if entry == nil {
		return nil, err
	}
	for _, r := range all {
		if confirmErr := r.confirm(context.WithoutCancel(ctx), *receipt); confirmErr != nil {
			return entry, fmt.Errorf("recorded %s, but not all of its blobs are there: %w", entry.ID, confirmErr)
		}
	}
	return entry, err
}

// same finds the receipt that says the same as another but for the time, nil for none.
func (a *Archive) same(ctx context.Context, receipt *receipts.Receipt) (*ledger.Entry, error) {
	if len(receipt.Input) == 0 { // what has its id by its time is always new
		return nil, nil
	}
	l, err := ledger.Open(ctx, a.Repository, receipt.Branch)
	if err != nil {
		return nil, err
	}
	entry, err := l.Find(ctx, receipt.ID())
	if err != nil {
		return nil, nil // none, or none that can be read: it is put right
	}
	with := *receipt
	with.Timestamp = entry.Receipt.Timestamp
	was, err := entry.Receipt.Encode()
	if err != nil {
		return nil, nil
	}
	is, err := with.Encode()
	if err != nil || !bytes.Equal(was, is) {
		return nil, err
	}
	return entry, nil
}

func (a *Archive) append(ctx context.Context, receipt *receipts.Receipt, opts *RecordOptions) (*ledger.Entry, error) {
	a.appending.Lock()
	defer a.appending.Unlock()
	return ledger.Append(ctx, a.Repository, receipt, &opts.Commit)
}

// Draft is the receipt of a result without its outputs. It has the id that the
// recording will have, unless it has no inputs.
func Draft(branch string, result *Result, opts *RecordOptions) *receipts.Receipt {
	finished := opts.Finished
	if finished.IsZero() {
		finished = time.Now()
	}
	receipt := &receipts.Receipt{
		Branch:    branch,
		Input:     receipts.SortInputs(slices.Concat(result.Seeds, opts.Inputs), opts.InputOrder),
		Metadata:  slices.Concat(opts.Metadata, result.Metadata),
		Timestamp: receipts.NewTimestamp(finished),
	}
	if job := opts.Job; job != nil && (job.Config != "" || job.Docker != "" || job.Image != "" || job.Code != nil) {
		receipt.Job = job
	}
	return receipt
}

// A recording is one call of Record at work.
type recording struct {
	blobs  *blobs.Store
	result *Result
	opts   *RecordOptions
	known  *known.Files
	upload *blobs.Upload // the last one
	branch string
	meter  meter
	packed map[string]bool // paths of the folders that are packed, as they are stored
	read   atomic.Bool     // a file was
}

// storeTries is how often files are stored whose blobs are deleted meanwhile.
const storeTries = 5

// storeAll stores every file as an output of the receipt. What a collection of
// garbage deletes for good meanwhile is stored again.
func (r *recording) storeAll(ctx context.Context, receipt *receipts.Receipt) (err error) {
	for range storeTries {
		if err = r.storeOnce(ctx, receipt); !isGone(err) {
			break
		}
	}
	return err
}

func isGone(err error) bool {
	_, gone := errors.AsType[*blobs.GoneError](err)
	return gone
}

func (r *recording) storeOnce(ctx context.Context, receipt *receipts.Receipt) (err error) {
	if r.upload, err = r.blobs.NewUpload(ctx); err != nil {
		return err
	}
	defer r.upload.Close()
	if receipt.Output, err = r.outputs(ctx); err != nil {
		return err
	}
	if err := receipt.Validate(); err != nil {
		return err
	}
	return r.upload.Commit(ctx)
}

// confirm makes sure that the blobs of a receipt that is committed are there: a
// collection of garbage that looked for receipts before the commit may have set them
// aside after they were stored. It takes a copy of the receipt.
func (r *recording) confirm(ctx context.Context, receipt receipts.Receipt) error {
	err := r.upload.Confirm(ctx)
	for try := 0; isGone(err) && try < storeTries; try++ {
		if err = r.storeAll(ctx, &receipt); err == nil {
			err = r.upload.Confirm(ctx)
		}
	}
	return err
}

// outputs stores every file, and makes sure that the directory is still as it was
// listed when the last one is stored.
func (r *recording) outputs(ctx context.Context) ([]receipts.Output, error) {
	files, packs, err := r.sort()
	if err != nil {
		return nil, err
	}
	r.meter.reset(r.opts.Progress, Amount{Files: len(r.result.Files)})
	for _, file := range r.result.Files {
		r.meter.total.Bytes += file.Info.Size()
	}
	outputs := make([]receipts.Output, len(files), len(files)+len(packs))
	done, err := r.storeKnown(ctx, files, outputs)
	if err != nil {
		return nil, err
	}
	err = each(len(files), r.blobs.Transfers(), func(i int) (err error) {
		if !done[i] {
			outputs[i], err = r.store(ctx, files[i])
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, p := range packs { // one after the other: each takes all processors
		output, err := r.storePack(ctx, p)
		if err != nil {
			return nil, err
		}
		outputs = append(outputs, output)
	}
	if len(packs) > 0 || r.read.Load() { // else it was listed just now
		if err := r.result.unchanged(); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(outputs, func(a, b receipts.Output) int { return strings.Compare(a.Path, b.Path) })
	return outputs, nil
}

// store puts one file into the upload.
func (r *recording) store(ctx context.Context, file ResultFile) (receipts.Output, error) {
	r.read.Store(true)
	began, shrinks := time.Now(), known.Unknown
	f, err := r.open(file)
	if err != nil {
		return receipts.Output{}, err
	}
	defer f.Close()
	chain, err := r.choose(file, sampled(f, file.Info.Size(), &shrinks))
	if err != nil {
		return receipts.Output{}, err
	}
	stored, err := r.upload.Put(ctx, r.branch, &reading{io.NewSectionReader(f, 0, file.Info.Size()), &r.meter, file.Path}, chain)
	if errors.Is(err, blobs.ErrChanged) {
		return receipts.Output{}, changedError(file.Path)
	}
	if err != nil {
		return receipts.Output{}, fmt.Errorf("storing output %q: %w", file.Path, err)
	}
	info, err := f.Stat()
	if err != nil || !sameState(file.Info, info) || stored.Content.Size != info.Size() {
		return receipts.Output{}, errors.Join(err, changedError(file.Path))
	}
	if limit := chain.Limit(stored.Size); stored.Content.Size > limit {
		return receipts.Output{}, gitcmd.WithHint(fmt.Errorf("storing output %q: %v makes %d bytes of %d, which no fetch would believe", file.Path, chain, stored.Size, stored.Content.Size),
			"choose one filter for it, with --filter or in the job")
	}
	r.known.Note(file.Info, info, began, factsOf(stored, formOf(r.branch, chain), shrinks))
	r.meter.add(file.Path, 1, 0)
	return describe(file, chain, stored), nil
}

// open opens a file that is still as it was listed.
func (r *recording) open(file ResultFile) (*os.File, error) {
	f, err := r.result.root.Open(file.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, changedError(file.Path)
	}
	if err != nil {
		return nil, fmt.Errorf("reading output: %w", err)
	}
	if info, err := f.Stat(); err != nil || !sameState(file.Info, info) {
		return nil, errors.Join(err, changedError(file.Path), f.Close())
	}
	return f, nil
}

// choose finds the filters of a file. Where the built-in rule would give it the name of
// another output or of a folder, or one that is too long, it is stored as it is. It asks
// whether the file gets smaller where that matters.
func (r *recording) choose(file ResultFile, shrinks func() (bool, error)) (filters.Chain, error) {
	chain, told, err := chainFor(r.opts.Filters, file, shrinks)
	if err != nil {
		return nil, err
	}
	stored := chain.StoredPath(file.Path)
	long := receipts.CheckPath(stored) != nil || receipts.LongElement(stored)
	if stored == file.Path || !long && !r.taken(stored) && chain.OriginalPath(stored) == file.Path {
		return chain, nil
	}
	if told && long {
		return nil, fmt.Errorf("output %q stored through %v would have too long a path", file.Path, chain)
	}
	if told {
		return nil, fmt.Errorf("output %q stored through %v would be %q, which is another output", file.Path, chain, stored)
	}
	return nil, nil
}

// taken reports whether a path is that of a file, of a folder, or of one that is packed.
func (r *recording) taken(name string) bool { return r.packed[name] || r.result.has(name) }

func namesOf(chain filters.Chain) []string {
	var names []string
	for _, name := range chain {
		names = append(names, string(name))
	}
	return names
}

func describe(file ResultFile, chain filters.Chain, stored blobs.Stored) receipts.Output {
	output := receipts.Output{
		Blob:     stored.Blob,
		Checksum: receipts.Checksum{SHA256: stored.SHA256},
		Path:     chain.StoredPath(file.Path),
		Size:     stored.Size,
	}
	output.Filters = namesOf(chain)
	if len(chain) > 0 {
		output.Content = &receipts.Content{SHA256: stored.Content.SHA256, Size: stored.Content.Size}
	}
	if file.Info.Mode().Perm()&0o111 != 0 {
		output.Mode = executableMode
	}
	return output
}
