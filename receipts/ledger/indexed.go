package ledger

import (
	"context"
	"encoding/hex"
	"errors"
	"io/fs"
	"iter"
	"path/filepath"
	"slices"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/index"
)

// indexConfig is the git configuration that turns the index off: "false".
const indexConfig = "datapact.index"

// indexStore is where the index of the branch is kept, nil where there is to be none. What
// cannot be found out is no error: the index is a help and nothing else. Whether there may be
// one is asked when it comes to using or writing it, since that takes a process of git.
func (l *Ledger) indexStore(ctx context.Context) *index.Store {
	if l.branch.Commit == "" || l.branch.Name == "" {
		return nil
	}
	data, err := l.repository.DataDir(ctx)
	if err != nil {
		return nil
	}
	writable := func() (gitcmd.Sharing, error) {
		if !MayIndex(ctx, l.repository) {
			return gitcmd.Sharing{}, errForbidden
		}
		return l.repository.Sharing(ctx)
	}
	return &index.Store{Folder: filepath.Join(data, "index"), Writable: writable}
}

var errForbidden = errors.New("the index is disabled")

// MayIndex reports whether what commits and trees hold may be kept elsewhere too, by their
// hashes: not where these stand for something else, or the configuration forbids it.
func MayIndex(ctx context.Context, repository *gitcmd.Repository) bool {
	if text, set, err := repository.Config(ctx, indexConfig); err != nil || set && gitcmd.IsFalse(text) {
		return false
	}
	replaced, err := repository.MayReplace(ctx)
	return !replaced && err == nil
}

// receiptsTree is the tree of the receipts, "" where the branch has none.
func (l *Ledger) receiptsTree(ctx context.Context) (gitcmd.Hash, error) {
	objects, err := l.repository.Headers(ctx, []string{string(l.branch.Commit) + ":" + folder})
	if errors.Is(err, gitcmd.ErrNotFound) {
		return "", nil
	}
	if err != nil || objects[0].Kind != gitcmd.Tree {
		return "", err
	}
	return objects[0].Hash, nil
}

// openIndex opens the index of the branch as it is now. It is nil where there is none, or it
// is in doubt: then build says where to make one.
func (l *Ledger) openIndex(ctx context.Context) (stack *index.Stack, build *index.Store) {
	store := l.indexStore(ctx)
	if store == nil {
		return nil, nil
	}
	stack, err := store.Open(l.branch.Name)
	if !errors.Is(err, fs.ErrNotExist) && !MayIndex(ctx, l.repository) {
		if stack != nil {
			_ = stack.Close() // it was only read
		}
		return nil, nil
	}
	if err == nil {
		err = l.catchUp(ctx, stack)
		if err == nil && !gitcmd.Receiving() {
			_ = store.Save(l.branch.Name, stack) // the next one does, or does without
		}
	}
	if err == nil {
		return stack, nil
	}
	if stack != nil {
		_ = stack.Close() // it was only read
	}
	if ctx.Err() != nil || gitcmd.Receiving() {
		return nil, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		store.Drop(l.branch.Name)
	}
	return nil, store
}

// dropIndex gives up an index that is damaged.
func (l *Ledger) dropIndex(ctx context.Context) {
	if store := l.indexStore(ctx); store != nil && !gitcmd.Receiving() {
		store.Drop(l.branch.Name)
	}
}

// mostBehind bounds how many receipts are laid over an index.
const mostBehind = 1 << 17

// errBehind says that an index is too far from what it is to be of.
var errBehind = errors.New("the index is too old")

// catchUp lays over an index what the branch has that it does not, and the other way round.
func (l *Ledger) catchUp(ctx context.Context, stack *index.Stack) error {
	tree, err := l.receiptsTree(ctx)
	if err != nil {
		return err
	}
	if tree == "" {
		return errBehind
	}
	if string(tree) == stack.Tree {
		return nil
	}
	most := min(mostBehind, max(index.Fewest, stack.Rows()/2))
	var changed []gitcmd.File
	for file, err := range l.repository.Differences(ctx, gitcmd.Hash(stack.Tree), tree) {
		if err != nil {
			return err
		}
		file.Path = folder + "/" + file.Path
		if _, ok := receipts.IDFromPath(file.Path); ok {
			changed = append(changed, file)
		}
		if len(changed) > most {
			return errBehind
		}
	}
	return stack.Overlay(string(tree), func(add func(*index.Record) error) error {
		for part := range slices.Chunk(changed, portion) {
			if err := l.describe(ctx, part, add); err != nil {
				return err
			}
		}
		return nil
	})
}

// describe makes records of files, in their order.
func (l *Ledger) describe(ctx context.Context, files []gitcmd.File, add func(*index.Record) error) error {
	objects, err := l.objects(ctx, present(files))
	if err != nil {
		return err
	}
	for _, file := range files {
		var entry *Entry
		var bad error
		if file.Hash != "" {
			entry, bad = l.decode(file, objects[0])
			objects = objects[1:]
		}
		record := l.describeOne(file, entry, bad)
		if err := add(&record); err != nil {
			return err
		}
	}
	return nil
}

// describeOne makes the record of a file from what it was decoded to: of a file with neither
// an entry nor an error, that there is no receipt.
func (l *Ledger) describeOne(file gitcmd.File, entry *Entry, bad error) (record index.Record) {
	id, _ := receipts.IDFromPath(file.Path)
	record.ID, _ = receipts.KeyOf(string(id))
	if entry == nil && bad == nil {
		return record
	}
	if _, bad = l.validated(entry, bad); bad != nil {
		record.Bad = true
	} else {
		record.Receipt = entry.Receipt
	}
	record.Blob, _ = hex.DecodeString(string(file.Hash)) // a hash is hexadecimal
	return record
}

// Sketches lists the current receipts of the branch in the order of their ids, as
// [Ledger.All] does, but of each only what it says of itself, of its inputs and of the job,
// and without what is extra. An entry is valid until the next one.
func (l *Ledger) Sketches(ctx context.Context) iter.Seq2[*Entry, error] {
	return l.sketches(ctx, false)
}

// Named is Sketches with the blobs, sizes, paths and filters of outputs, of many without the
// paths and filters.
func (l *Ledger) Named(ctx context.Context) iter.Seq2[*Entry, error] { return l.sketches(ctx, true) }

// Pathless reports whether [Ledger.Named] left out the paths and filters of an entry's outputs.
func (e *Entry) Pathless() bool { return index.LeftOut(e.Receipt.Output) }

func (l *Ledger) sketches(ctx context.Context, outputs bool) iter.Seq2[*Entry, error] {
	return func(yield func(*Entry, error) bool) {
		stack, store := l.openIndex(ctx)
		if stack == nil {
			for entry, err := range l.indexing(ctx, store) {
				if !yield(l.validated(entry, err)) {
					return
				}
			}
			return
		}
		defer stack.Close()
		if outputs {
			stack.WithOutputs()
		}
		var last receipts.ID
		ended := errors.New("ended")
		err := stack.Each(func(r *index.Record) error {
			last = r.ID.ID()
			entry := &Entry{ID: last, Receipt: r.Receipt, Blob: hashOf(r.Blob)}
			if !r.Bad && yield(entry, nil) || r.Bad && l.read(ctx, []gitcmd.File{{Path: last.Path(), Hash: entry.Blob}}, yield) {
				return nil
			}
			return ended
		})
		if err == nil || errors.Is(err, ended) {
			return
		}
		l.dropIndex(ctx)
		l.Read(ctx, after(last, l.repository.Files(ctx, string(l.branch.Commit), folder)))(yield)
	}
}

// after are the files that come after the receipt of an id.
func after(id receipts.ID, files iter.Seq2[gitcmd.File, error]) iter.Seq2[gitcmd.File, error] {
	return func(yield func(gitcmd.File, error) bool) {
		for file, err := range files {
			if err == nil && id != "" && file.Path <= id.Path() {
				continue
			}
			if !yield(file, err) {
				return
			}
		}
	}
}

func hashOf(raw []byte) gitcmd.Hash { return gitcmd.Hash(hex.EncodeToString(raw)) }

// indexing reads all current receipts, not validated, and makes the index of them on the way
// where a store is given.
func (l *Ledger) indexing(ctx context.Context, store *index.Store) iter.Seq2[*Entry, error] {
	if store == nil {
		return l.unchecked(ctx)
	}
	return func(yield func(*Entry, error) bool) {
		tree, err := l.receiptsTree(ctx)
		if tree == "" || err != nil {
			l.unchecked(ctx)(yield)
			return
		}
		builder := store.Build(l.branch.Name, len(tree)/2)
		defer builder.Discard()
		for entry, err := range l.unchecked(ctx) {
			var file gitcmd.File
			if bad, ok := errors.AsType[*ReceiptError](err); ok {
				file.Path, file.Hash = bad.Path, bad.blob
			} else if err != nil {
				yield(nil, err)
				return
			} else {
				file.Path, file.Hash = entry.ID.Path(), entry.Blob
			}
			record := l.describeOne(file, entry, err)
			builder.Add(&record)
			if !yield(entry, err) {
				return
			}
		}
		if ctx.Err() != nil { // the list may have ended for that alone
			return
		}
		_ = builder.Save(string(tree)) // the next one does, or does without
	}
}
