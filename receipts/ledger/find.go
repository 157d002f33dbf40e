package ledger

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
)

// portion is how many objects are asked for, and held, at a time.
const portion = 512

// Find returns the current receipt of an id. The error for none, and for the
// null receipt, is [gitcmd.ErrNotFound].
func (l *Ledger) Find(ctx context.Context, id receipts.ID) (*Entry, error) {
	return l.findAt(ctx, l.branch.Commit, id)
}

func (l *Ledger) findAt(ctx context.Context, commit gitcmd.Hash, id receipts.ID) (*Entry, error) {
	objects, err := l.repository.Objects(ctx, []string{string(commit) + ":" + id.Path()})
	if err == nil {
		var entry *Entry
		entry, err = l.validated(l.decode(gitcmd.File{Path: id.Path(), Hash: objects[0].Hash}, objects[0]))
		if entry != nil || err != nil {
			return entry, err
		}
		err = gitcmd.ErrNotFound
	}
	if errors.Is(err, gitcmd.ErrNotFound) {
		return nil, fmt.Errorf("receipt %s@%s: %w", l.branch.Name, id, gitcmd.ErrNotFound)
	}
	return nil, err
}

// FindAll reads those of some receipts that the branch has, in bulk. After a [*ReceiptError]
// it goes on with the next. The entries name no commit.
func (l *Ledger) FindAll(ctx context.Context, ids []receipts.ID) iter.Seq2[*Entry, error] {
	files := func(yield func(gitcmd.File, error) bool) {
		for part := range slices.Chunk(ids, portion) {
			names := make([]string, len(part))
			for i, id := range part {
				names[i] = string(l.branch.Commit) + ":" + id.Path()
			}
			headers, err := l.repository.Headers(ctx, names)
			if err != nil && !errors.Is(err, gitcmd.ErrNotFound) {
				yield(gitcmd.File{}, err)
				return
			}
			for i, header := range headers {
				if header != nil && !yield(gitcmd.File{Path: part[i].Path(), Hash: header.Hash}, nil) {
					return
				}
			}
		}
	}
	return l.Read(ctx, files)
}

// All reads every current receipt of the branch, in the order of their ids. After
// a [*ReceiptError] it goes on with the next. The entries name no commit.
func (l *Ledger) All(ctx context.Context) iter.Seq2[*Entry, error] {
	return l.Read(ctx, l.repository.Files(ctx, string(l.branch.Commit), folder))
}

// unchecked is All without the validation, for a first look at many.
func (l *Ledger) unchecked(ctx context.Context) iter.Seq2[*Entry, error] {
	return l.readAhead(ctx, l.repository.Files(ctx, string(l.branch.Commit), folder))
}

// Match finds the current receipts whose id begins with the digits given, at
// least two. The entries name no commit.
func (l *Ledger) Match(ctx context.Context, prefix string) ([]*Entry, error) {
	if len(prefix) < 2 {
		return nil, fmt.Errorf("%q is too short for the id of a receipt, want at least 2 digits", prefix)
	}
	if begins, err := l.begins(ctx, prefix); !begins || err != nil {
		return nil, err
	}
	var files []gitcmd.File
	for file, err := range l.repository.Files(ctx, string(l.branch.Commit), folder+"/"+prefix[:2]) {
		if err != nil {
			return nil, err
		}
		if id, ok := receipts.IDFromPath(file.Path); ok && strings.HasPrefix(string(id), prefix) {
			files = append(files, file)
		}
	}
	var entries []*Entry
	var failed error
	l.read(ctx, files, func(entry *Entry, err error) bool {
		entries, failed = append(entries, entry), err
		return err == nil
	})
	return entries, failed
}

// begins reports whether the name of a file of the branch begins as that of a receipt whose
// id begins with the digits given, without starting a process: of many branches, few have one.
func (l *Ledger) begins(ctx context.Context, prefix string) (bool, error) {
	found, err := l.repository.Headers(ctx, []string{string(l.branch.Commit) + ":" + folder + "/" + prefix[:2]})
	if errors.Is(err, gitcmd.ErrNotFound) || err == nil && found[0].Kind != gitcmd.Tree {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	_, files, err := l.repository.Tree(ctx, found[0].Hash)
	for name := range files {
		if strings.HasPrefix(name, prefix[2:]) {
			return true, err
		}
	}
	return false, err
}

// Locate finds the commit that recorded an entry of the tip.
func (l *Ledger) Locate(ctx context.Context, entry *Entry) error {
	if entry.Commit != "" {
		return nil
	}
	// The commit is, but for odd clocks, the last one made before an hour after
	// the execution finished; finding that one compares no trees.
	before := entry.Receipt.Timestamp.Time().Add(time.Hour)
	from := l.branch.Commit
	if a := l.knownAnnals(ctx); a != nil {
		from = a.before(before)
	}
	var near gitcmd.Hash
	var err error
	if from != "" {
		near, err = l.repository.CommitBefore(ctx, from, before)
	}
	if err != nil {
		return err
	}
	for _, start := range []gitcmd.Hash{near, l.branch.Commit} {
		if start == "" {
			continue
		}
		commit, err := l.repository.LogLast(ctx, string(start), entry.ID.Path())
		if err != nil && !errors.Is(err, gitcmd.ErrNotFound) {
			return err
		}
		if err == nil && commit.Files[0].Hash == entry.Blob {
			entry.Commit = commit.Commit
			return nil
		}
	}
	return fmt.Errorf("no commit of %s records %s", l.branch.Name, entry.ID)
}
