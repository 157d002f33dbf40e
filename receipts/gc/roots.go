package gc

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
	"github.com/git-datapact/git-datapact/receipts/names"
)

const (
	// portion is how many receipts are read at once, and portionSize how many bytes
	// of them there are to be.
	portion     = 500
	portionSize = 16 << 20
	// maxFaults is how many receipts that cannot be read are named.
	maxFaults = 10
)

// A digest stands for an object's key: a million are to fit into memory.
type digest [16]byte

func digestOf(key blobs.Key) digest {
	sum := sha256.Sum256([]byte(key))
	return digest(sum[:])
}

// roots are the receipts of a repository, as far as they were read, and what they
// name.
type roots struct {
	repository *gitcmd.Repository
	opts       *Options
	used       map[digest]struct{}   // what receipts name
	seen       map[[20]byte]struct{} // git blobs that were read
	branches   map[string]bool       // that there are, or were when a receipt was recorded
	tips       map[gitcmd.Hash]bool  // commits up to which all is read
	receipts   int

	pending []version
	size    int64 // of the last portion, in bytes
	last    int   // how many that were
	faults  []error
	faulty  int
}

// A version is a receipt's file as a commit has it.
type version struct {
	file   gitcmd.File
	commit gitcmd.Hash
}

func newRoots(repository *gitcmd.Repository, opts *Options) *roots {
	return &roots{
		repository: repository, opts: opts, used: map[digest]struct{}{}, seen: map[[20]byte]struct{}{},
		branches: map[string]bool{}, tips: map[gitcmd.Hash]bool{},
	}
}

// uses reports whether a receipt names an object.
func (r *roots) uses(key blobs.Key) bool {
	_, ok := r.used[digestOf(key)]
	return ok
}

// read reads all receipts, also those of some commits that no ref need lead to.
func (r *roots) read(ctx context.Context, also []gitcmd.Hash) error {
	if head, err := r.repository.Head(ctx); err == nil { // it may be unborn
		r.branches[head] = true
	}
	refs, err := r.refs(ctx)
	if err != nil {
		return err
	}
	if r.opts.TipsOnly {
		err = r.current(ctx, refs, also)
	} else {
		err = r.history(ctx, gitcmd.HistoryRange{Reflogs: true, Also: also})
	}
	if err != nil {
		return err
	}
	r.walked(refs)
	return r.refusal()
}

// refresh reads the receipts that came since. It costs little when none did.
func (r *roots) refresh(ctx context.Context) error {
	refs, err := r.refs(ctx)
	if err != nil {
		return err
	}
	known := !slices.ContainsFunc(refs, func(ref gitcmd.Ref) bool { return !r.tips[ref.Hash] })
	if known {
		return nil
	}
	since := gitcmd.HistoryRange{}
	for tip := range r.tips {
		since.Not = append(since.Not, tip)
	}
	if err := r.history(ctx, since); err != nil {
		return err
	}
	r.walked(refs)
	return r.refusal()
}

// refs lists those that name commits, and takes note of the branches.
func (r *roots) refs(ctx context.Context) ([]gitcmd.Ref, error) {
	refs, err := r.repository.Refs(ctx)
	if err != nil {
		return nil, err
	}
	for _, ref := range refs {
		if branch, ok := ref.Branch(); ok {
			r.branches[branch.Name] = true
		}
	}
	return slices.DeleteFunc(refs, func(ref gitcmd.Ref) bool { return ref.Kind != gitcmd.Commit }), nil
}

func (r *roots) walked(refs []gitcmd.Ref) {
	for _, ref := range refs {
		r.tips[ref.Hash] = true
	}
}

// history reads every version of every receipt in a range.
func (r *roots) history(ctx context.Context, commits gitcmd.HistoryRange) error {
	for entry, err := range r.repository.History(ctx, commits) {
		if err != nil {
			return err
		}
		for _, file := range entry.Files {
			if err := r.add(ctx, version{file, entry.Commit}); err != nil {
				return err
			}
		}
	}
	return r.flush(ctx)
}

// current reads the receipts that branches, tags and some commits hold now.
func (r *roots) current(ctx context.Context, refs []gitcmd.Ref, also []gitcmd.Hash) error {
	commits := map[gitcmd.Hash]bool{}
	for _, ref := range refs {
		for _, prefix := range []string{"refs/heads/", "refs/remotes/", "refs/tags/"} {
			if strings.HasPrefix(ref.Name, prefix) {
				commits[ref.Hash] = true
			}
		}
	}
	for _, hash := range also {
		commit, err := r.repository.ResolveCommit(ctx, string(hash))
		if err == nil {
			commits[commit] = true
		}
	}
	for commit := range commits {
		for file, err := range r.repository.Files(ctx, string(commit), "result") {
			if err == nil {
				err = r.add(ctx, version{file, commit})
			}
			if err != nil {
				return err
			}
		}
	}
	return r.flush(ctx)
}

// add takes a file as a receipt, if it is one by its name and was not read before.
func (r *roots) add(ctx context.Context, v version) error {
	if _, ok := receipts.IDFromPath(v.file.Path); !ok || v.file.Hash == "" || v.file.Mode == "120000" {
		return nil
	}
	var hash [20]byte
	if _, err := hex.Decode(hash[:], []byte(v.file.Hash)); err != nil {
		return fmt.Errorf("reading receipt %s: %q is no object", v.file.Path, v.file.Hash)
	}
	if _, ok := r.seen[hash]; ok {
		return nil
	}
	r.seen[hash] = struct{}{}
	if r.pending = append(r.pending, v); len(r.pending) < r.portion() {
		return nil
	}
	return r.flush(ctx)
}

// portion is how many receipts to read at once if they are as big as the last ones.
func (r *roots) portion() int {
	if r.size == 0 {
		return portion
	}
	return int(min(portion, max(1, portionSize*int64(r.last)/r.size)))
}

// flush reads what is pending.
func (r *roots) flush(ctx context.Context) error {
	hashes := make([]string, len(r.pending))
	for i, v := range r.pending {
		hashes[i] = string(v.file.Hash)
	}
	objects, err := r.repository.Objects(ctx, hashes)
	if err != nil {
		return fmt.Errorf("reading receipts: %w", err)
	}
	r.size, r.last = 0, len(objects)
	for i, object := range objects {
		r.size += object.Size
		if err := r.take(object); err != nil && !slices.Contains(r.opts.Ignore, object.Hash) {
			r.fault(r.pending[i], err)
		}
	}
	r.pending = r.pending[:0]
	if r.opts.Progress != nil {
		r.opts.Progress(Reading, r.receipts)
	}
	return nil
}

// take remembers what a receipt names.
func (r *roots) take(object *gitcmd.Object) error {
	if object.Size > receipts.MaxSize {
		return receipts.TooLarge(object.Size)
	}
	if object.Kind != gitcmd.Blob {
		return fmt.Errorf("a %s, want a file", object.Kind)
	}
	receipt, err := receipts.Parse(object.Data)
	if errors.Is(err, receipts.ErrNull) {
		return nil
	}
	if err != nil {
		return err
	}
	r.receipts++
	r.branches[receipt.Branch] = true
	for _, output := range receipt.Output {
		r.used[digestOf(blobs.Key(receipt.Branch+"/"+output.Blob))] = struct{}{}
		if folded := names.Fold(output.Blob); folded != output.Blob { // as the store may list it
			r.used[digestOf(blobs.Key(receipt.Branch+"/"+folded))] = struct{}{}
		}
	}
	return nil
}

func (r *roots) fault(v version, err error) {
	if r.faulty++; r.faulty <= maxFaults {
		r.faults = append(r.faults, fmt.Errorf("%w (git object %s)", &ledger.ReceiptError{Branch: v.commit.Short(), Path: v.file.Path, Err: err}, v.file.Hash))
	}
}

// refusal is the error about all receipts that cannot be read.
func (r *roots) refusal() error {
	if r.faulty == 0 {
		return nil
	}
	if r.faulty > maxFaults {
		r.faults = append(r.faults, fmt.Errorf("and %d more", r.faulty-maxFaults))
	}
	return gitcmd.WithHint(errors.Join(r.faults...),
		"what they name is not known, so nothing can be deleted; --ignore=OBJECT gives up what one of them may name")
}
