package archive

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/known"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// besideDepth is how many folders down inputs are looked for around a result directory,
// which may stand beside anything.
const besideDepth = 4

// A Request is a recording as a person asks for it.
type Request struct {
	Dir        string           // the result directory
	Beside     string           // the folder to look for inputs in, "" for that which holds Dir
	Branch     string           // to record on
	Inputs     []string         // folders with .datapact/result, or selectors; none: the folders beside Dir
	Seeds      []receipts.Input // inputs of pseudo-branches, beside all others
	Read       []receipts.Input // what the execution read, if not nil: then Inputs does not count
	Job        *receipts.Job    // what ran, nil when unknown
	Order      []string         // branches that the job reads, in the order that the receipt lists their receipts in
	Metadata   []string         // KEY=VALUE
	Filters    []string         // GLOB=NAME, the first that matches; then git config datapact.filter, the last that matches
	AllowEmpty bool             // record a result without files
	Finished   time.Time
	Push       bool
	Remote     string // to push to, "" for the branch's own
	Progress   Progress
	Ignored    func(paths []string) // is told what .datapactignore leaves out, nil for nobody
}

// RecordDir records a result directory, and pushes the branch if asked to. After a [gitcmd.SyncError], and when the push
// fails, the entry is returned beside the error: it is recorded.
func (a *Archive) RecordDir(ctx context.Context, request Request) (*ledger.Entry, error) {
	result, opts, _, err := a.prepare(ctx, request)
	if err != nil {
		return nil, err
	}
	defer result.Close()
	entry, err := a.Record(ctx, request.Branch, result, opts)
	if err != nil {
		return entry, err
	}
	if request.Push {
		moved, err := a.push(ctx, request)
		if entry = moved.Now(entry); err != nil {
			return entry, gitcmd.WithHint(fmt.Errorf("recorded %s, but not pushed: %w", entry.ID, err), "push the branch again; the receipt is on the local one")
		}
	}
	_ = a.Repository.Maintain(ctx) // the recording is done, whether or not git tidies up
	return entry, nil
}

// A Preview is what a recording of a result directory would be.
type Preview struct {
	Entry    *ledger.Entry // without outputs and without a commit
	Files    []PreviewFile
	Warnings []string // of names that cannot be fetched everywhere
}

// A PreviewFile is an output to be, and the filters that it would be stored through.
type PreviewFile struct {
	Path    string // of a folder that would be packed, with a slash at its end
	Size    int64
	Filters []string // none: it would be stored as it is
	Files   int      // in a folder, 0 for a file
}

// Preview tells what [Archive.RecordDir] would record, and what it would refuse before
// it stores a file. It changes nothing.
func (a *Archive) Preview(ctx context.Context, request Request) (*Preview, error) {
	result, opts, draft, err := a.prepare(ctx, request)
	if err != nil {
		return nil, err
	}
	defer result.Close()
	if err := draft.Validate(); err != nil {
		return nil, err
	}
	if err := ledger.Date(ctx, a.Repository, draft); err != nil {
		return nil, err
	}
	preview := &Preview{Entry: &ledger.Entry{ID: draft.ID(), Receipt: draft}}
	r := recording{result: result, opts: opts, branch: request.Branch}
	files, packs, err := r.sort()
	if err != nil {
		return nil, err
	}
	for _, p := range packs {
		preview.Files = append(preview.Files, PreviewFile{p.folder + "/", p.size, namesOf(p.chain), len(p.files)})
	}
	for _, file := range files {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		f, err := r.open(file)
		if err != nil {
			return nil, err
		}
		chain, err := r.choose(file, sampled(f, file.Info.Size(), new(known.Answer)))
		if err := errors.Join(err, f.Close()); err != nil {
			return nil, err
		}
		preview.Files = append(preview.Files, PreviewFile{file.Path, file.Info.Size(), namesOf(chain), 0})
	}
	paths := make([]string, len(result.Files))
	for i, file := range result.Files {
		paths[i] = file.Path
	}
	slices.SortFunc(preview.Files, func(a, b PreviewFile) int { return strings.Compare(a.Path, b.Path) })
	preview.Warnings = warningsOf(paths)
	return preview, nil
}

// prepare reads a result directory, which the caller closes, and drafts its receipt. It
// refuses what cannot be recorded.
func (a *Archive) prepare(ctx context.Context, request Request) (result *Result, opts *RecordOptions, draft *receipts.Receipt, err error) {
	if result, err = ReadResult(ctx, request.Dir); err != nil {
		return nil, nil, nil, err
	}
	if opts, draft, err = a.draft(ctx, request, result); err != nil {
		_ = result.Close()
		return nil, nil, nil, err
	}
	return result, opts, draft, nil
}

func (a *Archive) draft(ctx context.Context, request Request, result *Result) (*RecordOptions, *receipts.Receipt, error) {
	if request.Ignored != nil && len(result.Ignored) > 0 {
		request.Ignored(result.Ignored)
	}
	if result.Empty() && !request.AllowEmpty {
		return nil, nil, gitcmd.WithHint(fmt.Errorf("result directory %s holds no files", request.Dir),
			"a stage that keeps nothing is recorded with --allow-empty")
	}
	if err := a.refuseReceipts(ctx, result); err != nil {
		return nil, nil, err
	}
	opts, err := a.options(ctx, request)
	if err != nil {
		return nil, nil, err
	}
	draft := Draft(request.Branch, result, opts)
	if err := ledger.CheckInputs(ctx, a.Repository, draft.Input); err != nil {
		return nil, nil, err
	}
	return opts, draft, nil
}

func (a *Archive) push(ctx context.Context, request Request) (moved ledger.Moved, err error) {
	if request.Remote == "" {
		if request.Remote, err = a.Repository.Remote(ctx, request.Branch); err != nil {
			return nil, err
		}
	}
	return ledger.Push(ctx, a.Repository, request.Branch, request.Remote)
}

// options turns the request into what Record takes.
func (a *Archive) options(ctx context.Context, request Request) (opts *RecordOptions, err error) {
	if err := ledger.CheckBranch(ctx, a.Repository, request.Branch); err != nil {
		return nil, err
	}
	opts = &RecordOptions{InputOrder: request.Order, Job: request.Job, Finished: request.Finished, Progress: request.Progress}
	if opts.Metadata, err = MetadataOf(request.Metadata); err != nil {
		return nil, err
	}
	if opts.Filters, err = a.rules(ctx, request.Filters); err != nil {
		return nil, err
	}
	opts.Inputs, err = a.inputs(ctx, request)
	opts.Inputs = slices.Concat(request.Seeds, opts.Inputs)
	return opts, err
}

// refuseReceipts refuses the folder result/ of a checked-out dataset branch,
// which holds the receipts and not the outputs of an execution.
func (a *Archive) refuseReceipts(ctx context.Context, result *Result) error {
	for _, file := range result.Files {
		if _, ok := receipts.IDFromPath("result/" + file.Path); !ok {
			continue
		}
		tracked, err := a.Repository.Tracked(ctx, filepath.Join(result.dir, filepath.FromSlash(file.Path)))
		if err != nil || !tracked {
			return err
		}
		return gitcmd.WithHint(fmt.Errorf("folder %s holds the receipts of a branch (%s)", result.dir, file.Path),
			"let the execution write to a folder of its own, outside of the checkout, and record that")
	}
	return nil
}

// MetadataOf reads metadata as a command line gives it: KEY=VALUE each.
func MetadataOf(texts []string) ([]receipts.Metadata, error) {
	var list []receipts.Metadata
	for _, text := range texts {
		key, value, ok := strings.Cut(text, "=")
		if !ok || key == "" {
			return nil, fmt.Errorf("metadata %q: want KEY=VALUE", text)
		}
		if !utf8.ValidString(text) {
			return nil, fmt.Errorf("metadata %q is not UTF-8, which receipts are", text)
		}
		list = append(list, receipts.Metadata{Key: key, Value: value})
	}
	return list, nil
}

func (a *Archive) rules(ctx context.Context, texts []string) ([]FilterRule, error) {
	configured, err := a.Repository.ConfigAll(ctx, "datapact.filter")
	if err != nil {
		return nil, err
	}
	slices.Reverse(configured) // the strongest first
	var rules []FilterRule
	for _, text := range append(texts, configured...) {
		rule, err := ParseFilterRule(text)
		if err != nil {
			return nil, err
		}
		rules = append(rules, rule)
	}
	return rules, nil
}

func (a *Archive) inputs(ctx context.Context, request Request) ([]receipts.Input, error) {
	if request.Read != nil {
		return request.Read, nil
	}
	if len(request.Inputs) == 0 {
		dir, err := filepath.Abs(request.Dir)
		if err != nil {
			return nil, err
		}
		return FindInputs(Surroundings{
			Build: cmp.Or(request.Beside, filepath.Dir(dir)), Result: dir, Branch: request.Branch, Depth: besideDepth, Reads: request.Order,
		})
	}
	var inputs []receipts.Input
	for _, name := range request.Inputs {
		found, err := ReadInput(name)
		if errors.Is(err, fs.ErrNotExist) {
			found, err = a.selectInput(ctx, name)
		}
		if err != nil {
			return nil, err
		}
		inputs = append(inputs, found...)
	}
	return inputs, nil
}

func (a *Archive) selectInput(ctx context.Context, selector string) ([]receipts.Input, error) {
	entry, err := ledger.Lookup(ctx, a.Repository, selector, a.Leave)
	if err != nil {
		return nil, gitcmd.WithHint(fmt.Errorf("input %s: %w", filepath.ToSlash(selector), err),
			"an input is a folder with .datapact/result, or a selector of a receipt")
	}
	return []receipts.Input{entry.Input()}, nil
}
