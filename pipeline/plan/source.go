package plan

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// A Source is where a planner finds what there is. Its answers do not change while a
// planner uses it.
type Source interface {
	// Job is the job of a branch, nil where it has none, or one that cannot be read.
	Job(ctx context.Context, branch string) (*jobs.Job, error)
	// Receipts are the current receipts of a branch, without outputs. An entry need not be
	// valid after the next one. The error for a branch that is not there is [fs.ErrNotExist].
	Receipts(ctx context.Context, branch string) iter.Seq2[*ledger.Entry, error]
	// Firsts tells of every receipt of a branch when it was recorded first, the zero time
	// where that is the time the receipt tells, and how far from the beginning of the
	// history.
	Firsts(ctx context.Context, branch string, visit func(id receipts.ID, at receipts.Timestamp, depth int)) error
	// Changed is when the job or the container environment of a branch was changed last,
	// the zero time where that cannot be told.
	Changed(ctx context.Context, job *jobs.Job) (receipts.Timestamp, error)
	// HasTree reports whether a name is that of a folder in git.
	HasTree(ctx context.Context, name string) (bool, error)
}

// A gitSource is the branches of a repository.
type gitSource struct {
	repository *gitcmd.Repository
	catalog    *jobs.Catalog
}

func (s *gitSource) Job(ctx context.Context, branch string) (*jobs.Job, error) {
	job, err := s.catalog.Job(ctx, branch)
	if err != nil && ctx.Err() == nil {
		return nil, nil // whoever plans that job says so
	}
	return job, err
}

func (s *gitSource) Receipts(ctx context.Context, branch string) iter.Seq2[*ledger.Entry, error] {
	return func(yield func(*ledger.Entry, error) bool) {
		l, err := s.open(ctx, branch)
		if err != nil {
			yield(nil, err)
			return
		}
		l.Sketches(ctx)(yield)
	}
}

func (s *gitSource) open(ctx context.Context, branch string) (*ledger.Ledger, error) {
	found, err := s.catalog.Branch(ctx, branch)
	if err != nil {
		return nil, err
	}
	return ledger.At(s.repository, found), nil
}

func (s *gitSource) Firsts(ctx context.Context, branch string, visit func(receipts.ID, receipts.Timestamp, int)) error {
	l, err := s.open(ctx, branch)
	if err != nil {
		return err
	}
	if err := s.repository.WholeHistory(ctx); err != nil {
		return fmt.Errorf("finding out when the receipts of %s were first recorded: %w", branch, err)
	}
	return l.Firsts(ctx, visit)
}

// Newest looks at the branch as it is now, with what was recorded since it was read.
func (s *gitSource) Newest(ctx context.Context, branch string, accept func(receipts.ID) bool) (receipts.ID, error) {
	l, err := ledger.Open(ctx, s.repository, branch)
	if err != nil {
		return "", err
	}
	newest, err := ledger.Newest(func(yield func(*ledger.Entry, error) bool) {
		for entry, err := range l.Log(ctx) {
			if (err != nil || accept(entry.ID)) && !yield(entry, err) {
				return
			}
		}
	})
	if err == nil && newest == nil {
		err = ledger.NoReceipts(branch)
	}
	if err != nil {
		return "", err
	}
	return newest.ID, nil
}

func (s *gitSource) Changed(ctx context.Context, job *jobs.Job) (receipts.Timestamp, error) {
	if job.Commit == "" {
		return receipts.Timestamp{}, nil
	}
	entry, err := s.repository.LastChange(ctx, job.Commit, "config", "docker")
	if err != nil || entry.Time.IsZero() {
		return receipts.Timestamp{}, err
	}
	return receipts.NewTimestamp(entry.Time), nil
}

func (s *gitSource) HasTree(ctx context.Context, name string) (bool, error) {
	if _, err := gitcmd.ParseHash(name); err != nil {
		return false, nil
	}
	objects, err := s.repository.Headers(ctx, []string{name})
	if errors.Is(err, gitcmd.ErrNotFound) {
		return false, nil
	}
	return err == nil && objects[0].Kind == gitcmd.Tree, err
}

// CodeChanges compares by the patterns of today: where these choose something else of the
// commit, it does not tell which files changed.
func (s *gitSource) CodeChanges(ctx context.Context, code *jobs.Code, ref, tree string) ([]string, error) {
	if _, err := gitcmd.ParseHash(ref); err != nil {
		return nil, nil
	}
	objects, err := s.repository.Headers(ctx, []string{ref})
	if errors.Is(err, gitcmd.ErrNotFound) || err == nil && objects[0].Kind != gitcmd.Commit {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	was, err := jobs.SelectCode(ctx, s.repository, gitcmd.Branch{Name: code.Branch, Commit: gitcmd.Hash(ref)}, code.Patterns)
	if err != nil || string(was.Tree) != tree {
		return nil, ctx.Err()
	}
	return code.Files.Differences(&was), nil
}
