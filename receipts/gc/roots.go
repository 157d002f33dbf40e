package gc

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"path"
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

// keyOf is the key of an object.
func keyOf(object blobs.Key) key {
	sum := sha256.Sum256([]byte(object))
	return key(sum[:])
}

// keyOfBlob is the key of a git blob.
func keyOfBlob(hash gitcmd.Hash) (k key, err error) {
	if _, err := gitcmd.ParseHash(string(hash)); err != nil {
		return k, err
	}
	_, err = hex.Decode(k[:], []byte(hash[:2*len(k)]))
	return k, err
}

// roots are the receipts of a repository, as far as they were read, and what they
// name.
type roots struct {
	repository *gitcmd.Repository
	opts       *Options
	used       *keys                 // what receipts name
	seen       *keys                 // git blobs that were read
	branches   map[string]bool       // that there are, or were when a receipt was recorded
	tips       map[gitcmd.Hash]bool  // commits up to which all is read
	others     map[gitcmd.Hash]bool  // trees and blobs that are read
	indexes    map[gitcmd.Index]bool // that are read
	keepers    map[string]*keeper    // of branches that do not keep all
	receipts   int
	visit      func(*ledger.Entry, error) bool // is given what is read, which is not remembered then; nil for nobody

	pending []version
	ended   bool  // visit has had enough
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

// newRoots has nothing read yet. The caller closes the roots.
func newRoots(ctx context.Context, repository *gitcmd.Repository, opts *Options) (*roots, error) {
	folder, err := repository.DataDir(ctx)
	if err != nil {
		return nil, err
	}
	return &roots{
		repository: repository, opts: opts, used: newKeys(folder), seen: newKeys(folder),
		branches: map[string]bool{}, tips: map[gitcmd.Hash]bool{},
		others: map[gitcmd.Hash]bool{}, indexes: map[gitcmd.Index]bool{},
	}, nil
}

// Close lets go of what was read.
func (r *roots) Close() error { return errors.Join(r.used.Close(), r.seen.Close()) }

// errEnded ends the reading that nobody wants to go on.
var errEnded = errors.New("ended")

// Receipts yields every version of every receipt whose objects [Collect] keeps, each once:
// of all branches, remote-tracking branches and tags, with their history. One that cannot
// be read is a [*ledger.ReceiptError], and does not end it. A repository that does not hold
// the whole history is refused.
func Receipts(ctx context.Context, repository *gitcmd.Repository) iter.Seq2[*ledger.Entry, error] {
	return func(yield func(*ledger.Entry, error) bool) {
		err := whole(ctx, repository)
		if err == nil {
			err = visit(ctx, repository, yield)
		}
		if err != nil && !errors.Is(err, errEnded) {
			yield(nil, err)
		}
	}
}

func visit(ctx context.Context, repository *gitcmd.Repository, yield func(*ledger.Entry, error) bool) error {
	r, err := newRoots(ctx, repository, &Options{})
	if err != nil {
		return err
	}
	r.visit = yield
	err = r.read(ctx, nil)
	return errors.Join(err, r.Close())
}

// uses reports whether a receipt names an object.
func (r *roots) uses(object blobs.Key) (bool, error) { return r.used.has(keyOf(object)) }

// read reads all receipts, also those of some commits that no ref need lead to.
func (r *roots) read(ctx context.Context, also []gitcmd.Hash) error {
	if head, err := r.repository.Head(ctx); err == nil { // it may be unborn
		r.branches[head] = true
	}
	refs, err := r.refs(ctx)
	if err != nil {
		return err
	}
	theirs, err := r.repository.Peel(ctx, also)
	if err != nil {
		return err
	}
	refs = append(refs, theirs...)
	if err := r.tipsOf(ctx); err != nil {
		return err
	}
	if r.opts.TipsOnly {
		err = r.current(ctx, refs)
	} else {
		err = r.history(ctx, refs, gitcmd.HistoryRange{Reflogs: true})
	}
	if err != nil {
		return err
	}
	return r.refusal()
}

// tipsOf takes the current receipts of all branches from the index, so that they need not be
// read. Those that are damaged are left to who reads the history.
func (r *roots) tipsOf(ctx context.Context) error {
	if r.visit != nil || !ledger.MayIndex(ctx, r.repository) { // who visits wants all of a receipt
		return nil
	}
	branches, err := r.repository.ReadableBranches(ctx)
	if err != nil {
		return err
	}
	for _, branch := range branches {
		for entry, err := range ledger.At(r.repository, branch).Named(ctx) {
			if _, bad := errors.AsType[*ledger.ReceiptError](err); bad {
				continue
			}
			if err != nil {
				return err
			}
			if known, err := r.know(entry.Blob); known || err != nil {
				continue
			}
			if err := r.count(entry.Receipt, entry.Blob); err != nil {
				return err
			}
			if r.opts.Progress != nil && r.receipts%portion == 0 {
				r.opts.Progress(Reading, r.receipts, 0)
			}
		}
	}
	return nil
}

// know takes note of a receipt's file, and reports whether it was known.
func (r *roots) know(file gitcmd.Hash) (bool, error) {
	k, err := keyOfBlob(file)
	if err != nil {
		return false, err
	}
	return r.seen.add(k)
}

// refresh reads the receipts that came since. It costs little when none did.
func (r *roots) refresh(ctx context.Context) error {
	refs, err := r.refs(ctx)
	if err != nil {
		return err
	}
	since := gitcmd.HistoryRange{}
	for tip := range r.tips {
		since.Not = append(since.Not, tip)
	}
	if err := r.history(ctx, refs, since); err != nil {
		return err
	}
	return r.refusal()
}

// refs lists what is kept: what refs name and, unless only what is current counts, what
// worktrees are at or in the middle of, which have no name here. It takes note of the
// branches.
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
	if r.opts.TipsOnly {
		return refs, nil
	}
	heads, err := r.repository.Heads(ctx)
	return append(refs, heads...), err
}

// history reads every version of every receipt in a range, of what refs name, and of the
// indexes of worktrees.
func (r *roots) history(ctx context.Context, refs []gitcmd.Ref, commits gitcmd.HistoryRange) error {
	known := true
	for _, ref := range refs {
		if ref.Kind != gitcmd.Commit {
			continue
		}
		known = known && r.tips[ref.Hash]
		if ref.Name == "" {
			commits.Also = append(commits.Also, ref.Hash)
		}
	}
	if !known || len(r.tips) == 0 {
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
	}
	if err := r.trees(ctx, refs); err != nil {
		return err
	}
	if err := r.staged(ctx); err != nil {
		return err
	}
	r.walked(refs)
	return r.flush(ctx)
}

func (r *roots) walked(refs []gitcmd.Ref) {
	for _, ref := range refs {
		if ref.Kind == gitcmd.Commit {
			r.tips[ref.Hash] = true
		}
	}
}

// current reads the receipts that branches and tags hold now, here and on remotes.
func (r *roots) current(ctx context.Context, refs []gitcmd.Ref) error {
	defer r.walked(slices.Clone(refs))
	refs = slices.DeleteFunc(refs, func(ref gitcmd.Ref) bool {
		return ref.Name != "" && !strings.HasPrefix(ref.Name, "refs/heads/") && !strings.HasPrefix(ref.Name, "refs/remotes/") &&
			!strings.HasPrefix(ref.Name, "refs/tags/")
	})
	read := map[gitcmd.Hash]bool{}
	for _, ref := range refs {
		if ref.Kind != gitcmd.Commit || read[ref.Hash] {
			continue
		}
		read[ref.Hash] = true
		for file, err := range r.repository.Files(ctx, string(ref.Hash), "result") {
			if err == nil {
				err = r.add(ctx, version{file, ref.Hash})
			}
			if err != nil {
				return err
			}
		}
	}
	if err := r.trees(ctx, refs); err != nil {
		return err
	}
	return r.flush(ctx)
}

// trees reads what refs name that is no commit: of a tree, which can be a part of that of
// a branch, every file with the name of a receipt; a blob, if it is a receipt.
func (r *roots) trees(ctx context.Context, refs []gitcmd.Ref) error {
	for _, ref := range refs {
		if ref.Kind == gitcmd.Commit || r.others[ref.Hash] {
			continue
		}
		r.others[ref.Hash] = true
		if ref.Kind == gitcmd.Blob {
			objects, err := r.repository.Objects(ctx, []string{string(ref.Hash)})
			if err != nil {
				return fmt.Errorf("reading %s: %w", ref.Name, err)
			}
			if receipt, err := parse(objects[0]); err == nil && receipt != nil { // most are no receipts
				if err := r.take(receipt, ref.Hash); err != nil {
					return err
				}
			}
			continue
		}
		for file, err := range r.repository.Files(ctx, string(ref.Hash), ".") {
			if err == nil && isReceipt(file.Path) {
				err = r.enqueue(ctx, version{file, ref.Hash})
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// isReceipt reports whether a path can be that of a receipt below a folder that is not
// known.
func isReceipt(file string) bool {
	name, ok := strings.CutSuffix(path.Base(file), ".json")
	return ok && len(name) == 38 && strings.Trim(name, "0123456789abcdef") == ""
}

// staged reads the indexes of all worktrees.
func (r *roots) staged(ctx context.Context) error {
	if r.opts.TipsOnly {
		return nil
	}
	indexes, err := r.repository.Indexes(ctx)
	if err != nil {
		return err
	}
	for _, index := range indexes {
		if r.indexes[index] {
			continue
		}
		for file, err := range r.repository.Indexed(ctx, index) {
			if err == nil {
				err = r.add(ctx, version{file: file})
			}
			if err != nil {
				return err
			}
		}
		r.indexes[index] = true
	}
	return nil
}

// add takes a file as a receipt, if it is one by its name.
func (r *roots) add(ctx context.Context, v version) error {
	if _, ok := receipts.IDFromPath(v.file.Path); !ok || v.file.Hash == "" {
		return nil
	}
	return r.enqueue(ctx, v)
}

// enqueue has a file read, unless it was read before.
func (r *roots) enqueue(ctx context.Context, v version) error {
	if v.file.Mode == "120000" || v.file.Mode == "160000" {
		return nil
	}
	known, err := r.know(v.file.Hash)
	if err != nil {
		return fmt.Errorf("reading receipt %s: %w", v.file.Path, err)
	}
	if known {
		return nil
	}
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
	if r.ended {
		return errEnded
	}
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
		if r.ended {
			return errEnded
		}
		r.size += object.Size
		receipt, err := parse(object)
		if err != nil && !slices.Contains(r.opts.Ignore, object.Hash) {
			r.fault(r.pending[i], err)
		}
		if err != nil || receipt == nil {
			continue
		}
		if err := r.take(receipt, object.Hash); err != nil {
			return err
		}
	}
	r.pending = r.pending[:0]
	if r.opts.Progress != nil {
		r.opts.Progress(Reading, r.receipts, 0)
	}
	return nil
}

// parse reads a receipt, which is nil where the file says that it is none.
func parse(object *gitcmd.Object) (*receipts.Receipt, error) {
	if object.Size > receipts.MaxSize {
		return nil, receipts.TooLarge(object.Size)
	}
	if object.Kind != gitcmd.Blob {
		return nil, fmt.Errorf("a %s, want a file", object.Kind)
	}
	receipt, err := receipts.Parse(object.Data)
	if errors.Is(err, receipts.ErrNull) {
		return nil, nil
	}
	return receipt, err
}

// take remembers what a receipt names.
func (r *roots) take(receipt *receipts.Receipt, file gitcmd.Hash) error {
	if r.visit != nil {
		r.ended = r.ended || !r.visit(&ledger.Entry{ID: receipt.ID(), Receipt: receipt}, nil)
		return nil
	}
	return r.count(receipt, file)
}

// count remembers what a receipt names, of which no more is known than its blobs.
func (r *roots) count(receipt *receipts.Receipt, file gitcmd.Hash) error {
	r.receipts++
	r.branches[receipt.Branch] = true
	if k := r.keepers[receipt.Branch]; k != nil && !k.keeps(receipt, file) {
		return nil
	}
	for _, output := range receipt.Output {
		if err := r.use(receipt.Branch, output.Blob); err != nil {
			return err
		}
		if folded := names.Fold(output.Blob); folded != output.Blob { // as the store may list it
			if err := r.use(receipt.Branch, folded); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *roots) use(branch, blob string) error {
	_, err := r.used.add(keyOf(blobs.Key(branch + "/" + blob)))
	return err
}

func (r *roots) fault(v version, err error) {
	bad := &ledger.ReceiptError{Branch: v.commit.Short(), Path: v.file.Path, Err: err}
	if r.visit != nil {
		r.ended = r.ended || !r.visit(nil, bad)
		return
	}
	if r.faulty++; r.faulty <= maxFaults {
		r.faults = append(r.faults, fmt.Errorf("%w (git object %s)", bad, v.file.Hash))
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
