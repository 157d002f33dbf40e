package ledger

import (
	"context"
	"errors"
	"fmt"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
)

// A Change is a receipt that a branch does not have as it had it.
type Change struct {
	ID      receipts.ID
	Was, Is *Entry // nil for none
}

// ErrManyChanges says that there are more changes than were asked for.
var ErrManyChanges = errors.New("too many receipts have changed")

// Changes lists the current receipts in which the branch is unlike an earlier commit of it, or
// any other commit, at most so many: the error for more is [ErrManyChanges], that for a commit
// that has no receipts, or is not here, [gitcmd.ErrNotFound]. The entries name no commit.
func (l *Ledger) Changes(ctx context.Context, since gitcmd.Hash, most int) ([]Change, error) {
	before := At(l.repository, gitcmd.Branch{Name: l.branch.Name, Commit: since})
	trees := make([]gitcmd.Hash, 2)
	for i, one := range []*Ledger{before, l} {
		tree, err := one.receiptsTree(ctx)
		if err == nil && tree == "" {
			err = fmt.Errorf("receipts of %s at %s: %w", l.branch.Name, one.branch.Commit.Short(), gitcmd.ErrNotFound)
		}
		if err != nil {
			return nil, err
		}
		trees[i] = tree
	}
	if trees[0] == trees[1] {
		return nil, nil
	}
	var was, is []gitcmd.File
	places := map[receipts.ID]int{}
	var list []Change
	for file, err := range l.repository.Differences(ctx, trees[0], trees[1]) {
		if err != nil {
			return nil, err
		}
		file.Path = folder + "/" + file.Path
		id, ok := receipts.IDFromPath(file.Path)
		if !ok {
			continue
		}
		if len(list) == most {
			return nil, ErrManyChanges
		}
		places[id], list = len(list), append(list, Change{ID: id})
		if file.Hash != "" {
			is = append(is, file)
		}
		for _, hash := range file.Before {
			was = append(was, gitcmd.File{Path: file.Path, Hash: hash})
		}
	}
	err := l.readEach(ctx, was, func(entry *Entry) { list[places[entry.ID]].Was = entry })
	if err == nil {
		err = l.readEach(ctx, is, func(entry *Entry) { list[places[entry.ID]].Is = entry })
	}
	return list, err
}

// readEach reads files that are receipts. What is wrong with one of them is an error.
func (l *Ledger) readEach(ctx context.Context, files []gitcmd.File, visit func(*Entry)) error {
	for from := 0; from < len(files); from += portion {
		var failed error
		l.read(ctx, files[from:min(from+portion, len(files))], func(entry *Entry, err error) bool {
			if failed = err; err == nil {
				visit(entry)
			}
			return err == nil
		})
		if failed != nil {
			return failed
		}
	}
	return ctx.Err()
}
