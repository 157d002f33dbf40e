package ledger

import (
	"context"
	"encoding/hex"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
)

// A commitKey is the hash of a commit in few bytes: of a longer one the first, which tell
// commits apart as well as a short one does.
type commitKey [20]byte

func keyOfCommit(hash gitcmd.Hash) (k commitKey) {
	_, _ = hex.Decode(k[:], []byte(hash[:min(len(hash), 2*len(k))])) // a hash is hexadecimal
	return k
}

// An introduction is a receipt that stands where there was none before.
type introduction struct {
	blob  gitcmd.Hash
	depth int
}

// Firsts tells of the receipts that the history of the branch knows when each was
// recorded first, the zero time where that is its only introduction and the branch
// has the receipt as it was then; and how many commits are at most between it and the
// beginning. Of several first recordings, which sides of a merge can have made, it is
// the earliest. All of it follows from the commits alone, in any clone that has them.
func (l *Ledger) Firsts(ctx context.Context, visit func(id receipts.ID, at receipts.Timestamp, depth int)) error {
	introduced, changed, err := l.introductions(ctx)
	if err != nil {
		return err
	}
	var files []gitcmd.File
	var depths []int
	for id, list := range introduced {
		if len(list) == 1 && !changed[id] {
			visit(id, receipts.Timestamp{}, list[0].depth)
			continue
		}
		for _, one := range list {
			files, depths = append(files, gitcmd.File{Path: id.Path(), Hash: one.blob}), append(depths, one.depth)
		}
	}
	return l.earliest(ctx, files, depths, visit)
}

// introductions finds where receipts were recorded first, and which have been changed
// or removed since.
func (l *Ledger) introductions(ctx context.Context) (map[receipts.ID][]introduction, map[receipts.ID]bool, error) {
	introduced, changed := map[receipts.ID][]introduction{}, map[receipts.ID]bool{}
	depths := map[commitKey]int{}
	for commit, err := range l.repository.LogFromStart(ctx, string(l.branch.Commit)) {
		if err != nil {
			return nil, nil, err
		}
		depth := 0
		for _, parent := range commit.Parents {
			depth = max(depth, depths[keyOfCommit(parent)]+1)
		}
		depths[keyOfCommit(commit.Commit)] = depth
		for _, file := range commit.Files {
			id, ok := receipts.IDFromPath(file.Path)
			switch {
			case !ok:
			case file.Hash != "" && len(file.Before) == 0 && !commit.Merge:
				introduced[id] = append(introduced[id], introduction{file.Hash, depth})
			default:
				changed[id] = true
			}
		}
	}
	return introduced, changed, nil
}

// earliest reads introductions, and visits the earliest of each receipt.
func (l *Ledger) earliest(ctx context.Context, files []gitcmd.File, depths []int, visit func(receipts.ID, receipts.Timestamp, int)) error {
	type first struct {
		at    receipts.Timestamp
		depth int
	}
	firsts := map[receipts.ID]first{}
	for from := 0; from < len(files); from += portion {
		part := files[from:min(from+portion, len(files))]
		objects, err := l.objects(ctx, part)
		if err != nil {
			return err
		}
		for i, object := range objects {
			entry, err := l.decode(part[i], object)
			if err != nil || entry == nil {
				continue // what was no receipt was no recording
			}
			one := first{entry.Receipt.Timestamp, depths[from+i]}
			known, ok := firsts[entry.ID]
			if !ok || one.at.Before(known.at) || one.at == known.at && one.depth < known.depth {
				firsts[entry.ID] = one
			}
		}
	}
	for id, one := range firsts {
		visit(id, one.at, one.depth)
	}
	return nil
}
