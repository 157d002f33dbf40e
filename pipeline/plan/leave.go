package plan

import (
	"context"
	"errors"
	"io/fs"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// Leave leaves receipts out of what selectors choose that no plan calls for, as far as
// those and what they descend from tell, see [Belongs]: joins that do not fit, and what was
// made from receipts that are gone, or that are left out themselves. What a clone does not
// have, and a job that cannot be read, leave nothing out. Each reads the jobs of a
// repository once.
func Leave(repository *gitcmd.Repository, open jobs.Opener) ledger.Leave {
	l := &leaving{repository: repository, open: open, known: map[recorded]bool{}}
	return l.leaves
}

type leaving struct {
	repository *gitcmd.Repository
	open       jobs.Opener
	known      map[recorded]bool
}

// A recorded is a receipt of a branch: branches that read the same have the same ids.
type recorded struct {
	branch string
	id     receipts.ID
}

func (l *leaving) leaves(ctx context.Context, entry *ledger.Entry) (bool, error) {
	name := recorded{entry.Receipt.Branch, entry.ID}
	if left, known := l.known[name]; known {
		return left, nil
	}
	l.known[name] = false // while it is looked at
	left, err := l.look(ctx, entry)
	l.known[name] = left
	return left, err
}

func (l *leaving) look(ctx context.Context, entry *ledger.Entry) (bool, error) {
	branches := map[string]bool{}
	for _, in := range entry.Receipt.Input {
		id, err := receipts.ParseID(in.Result)
		if isPseudo(in.Branch) || err != nil {
			continue
		}
		catalog, err := l.open(ctx)
		if err != nil {
			return false, err
		}
		if _, err := catalog.Branch(ctx, in.Branch); errors.Is(err, fs.ErrNotExist) {
			return false, nil
		} else if err != nil {
			return false, err
		}
		branches[in.Branch] = true
		read, err := l.Find(ctx, in.Branch, id)
		if errors.Is(err, fs.ErrNotExist) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		if left, err := l.leaves(ctx, read); left || err != nil {
			return left, err
		}
	}
	if len(branches) < 2 {
		return false, nil
	}
	job, err := l.Job(ctx, entry.Receipt.Branch)
	if err != nil {
		return false, ctx.Err()
	}
	why, err := Belongs(ctx, l, job, entry.Receipt.Input)
	return why != "", err
}

func (l *leaving) Job(ctx context.Context, branch string) (*jobs.Job, error) {
	catalog, err := l.open(ctx)
	if err != nil {
		return nil, err
	}
	return catalog.Job(ctx, branch)
}

func (l *leaving) Find(ctx context.Context, branch string, id receipts.ID) (*ledger.Entry, error) {
	catalog, err := l.open(ctx)
	if err != nil {
		return nil, err
	}
	found, err := catalog.Branch(ctx, branch)
	if err != nil {
		return nil, err
	}
	return ledger.At(l.repository, found).Find(ctx, id)
}
