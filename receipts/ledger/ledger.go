// Package ledger keeps the receipts of a dataset branch in git: it finds, lists,
// appends and pushes them.
//
// A branch holds one file per receipt, result/ab/cdef….json, and its history one
// commit per execution. Nothing here needs a worktree: a receipt is appended by
// writing one blob, the folders on its way and one commit, and by moving the ref
// from the commit that was read to the new one. Whoever loses that race begins
// again on top of the winner, so that no receipt is lost. Where the branch is
// checked out, index and files follow.
//
// # Cost
//
// Looking up an id reads three objects, whatever the branch holds. Appending
// reads and writes the folders on one path. [Ledger.Log] reads as much of the
// history as it is asked for. Only [Ledger.All], and a search for a value that is
// not there, read every receipt.
//
// # Order
//
// Newest first means by the receipts' timestamps, which say when an execution
// finished, and within a second by history: the later commit has the newer receipt.
// [Append] dates no recording before those that the branch holds, so that the last one
// is the newest, whatever the clock says. Only what others committed, and what [Push]
// put on top of them, can be older than what comes before it.
//
// The history is read from its newest commit and put in that order on the way, on the
// grounds that a commit is no older than the receipts in it and that commit dates do
// not go back along the first parents. Where clocks broke that rule, the order is right
// among receipts that are near each other: a few, or, where one is seen to be newer than
// its own commit, some hundreds.
package ledger

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
)

// folder is where a branch keeps its receipts.
const folder = "result"

// A Ledger is a branch as it was when it was opened. Its methods may be used
// from several goroutines; those that change the branch do not change what the
// others see.
type Ledger struct {
	repository *gitcmd.Repository
	branch     gitcmd.Branch
	leave      Leave // nil to leave nothing out

	readAnnals sync.Once
	annals     *annals // nil for none
}

// An Entry is a receipt with its place in git.
type Entry struct {
	ID      receipts.ID
	Receipt *receipts.Receipt
	Blob    gitcmd.Hash // of the receipt's file
	Commit  gitcmd.Hash // that recorded it; "" until [Ledger.Locate] found it

	// Tied says that there are others of the same second, and that the history which
	// tells which one is newer is not in this shallow clone.
	Tied bool

	// Retraction is why the branch does not hold it any more; nil unless [Ledger.Search]
	// or [Ledger.Executions] found it.
	Retraction *Retraction

	Expiry *Expiry // where its blobs are not kept any more; nil unless [Show] found it

	Signature *gitcmd.Signature // of the commit; nil until [CheckSignatures]
}

// Input is the entry as an input of an execution that reads it.
func (e *Entry) Input() receipts.Input {
	r := e.Receipt
	return receipts.Input{Branch: r.Branch, Result: string(e.ID), Timestamp: r.Timestamp, Metadata: r.Metadata}
}

// Open opens a branch: the local one, else a remote-tracking one, which may be named with
// its remote. The repository stays the caller's to close.
func Open(ctx context.Context, repository *gitcmd.Repository, name string) (*Ledger, error) {
	l, err := openBranch(ctx, repository, name)
	return l, withNextStep(ctx, repository, err)
}

// openBranch is Open, whose [missingBranch] has no hint.
func openBranch(ctx context.Context, repository *gitcmd.Repository, name string) (*Ledger, error) {
	branch, err := repository.FindBranch(ctx, name)
	if errors.Is(err, gitcmd.ErrNotFound) && strings.Contains(name, "/") {
		branch, err = repository.FindTracking(ctx, name)
	}
	if errors.Is(err, gitcmd.ErrNotFound) {
		return nil, &missingBranch{name: name}
	}
	if err != nil {
		return nil, err
	}
	return At(repository, branch), nil
}

// NoReceipts says that a branch has no receipts. It is a [gitcmd.ErrNotFound].
func NoReceipts(branch string) error {
	return gitcmd.WithHint(&missingReceipts{branch, "no receipts"}, "name a branch that has some: 'git datapact status' lists those with jobs")
}

type missingReceipts struct{ branch, has string }

func (e *missingReceipts) Error() string { return "branch " + e.branch + " has " + e.has }

func (*missingReceipts) Unwrap() error { return gitcmd.ErrNotFound }

// A missingBranch says that there is no branch of a name.
type missingBranch struct{ name, hint string }

func (e *missingBranch) Error() string { return "there is no branch " + e.name }

// Hint is the next step.
func (e *missingBranch) Hint() string { return e.hint }

// withNextStep gives a [missingBranch] its hint, for which it lists the branches there are.
func withNextStep(ctx context.Context, repository *gitcmd.Repository, err error) error {
	if missing, ok := errors.AsType[*missingBranch](err); ok {
		return &missingBranch{missing.name, missingHint(ctx, repository, missing.name)}
	}
	return err
}

// missingHint is the next step where there is no branch of a name.
func missingHint(ctx context.Context, repository *gitcmd.Repository, name string) string {
	if strings.Contains(name, "@") {
		return "after '@' comes an id or a commit, of at least 4 hexadecimal digits, or something in braces such as @{yesterday}"
	}
	there, _ := repository.ReadableBranches(ctx) // without them, nothing is similar
	return gitcmd.SimilarBranch(name, there, "'git branch -a' lists the branches that are here, 'git fetch' brings those of a remote")
}

// A ReceiptError says that a file that should be a receipt is none, or one that
// breaks a rule of the format. The others can still be read.
type ReceiptError struct {
	Branch string
	Path   string
	Err    error

	blob gitcmd.Hash // of the file
}

func (e *ReceiptError) Error() string {
	return fmt.Sprintf("reading receipt %s:%s: %v", e.Branch, e.Path, e.Err)
}

func (e *ReceiptError) Unwrap() error { return e.Err }

// decode reads the receipt in a blob. It returns nil and no error for a null
// receipt and for a file that is no receipt by its name.
func (l *Ledger) decode(file gitcmd.File, object *gitcmd.Object) (*Entry, error) {
	id, ok := receipts.IDFromPath(file.Path)
	if !ok || file.Mode == "120000" {
		return nil, nil
	}
	if object.Size > receipts.MaxSize {
		return nil, &ReceiptError{l.branch.Name, file.Path, receipts.TooLarge(object.Size), file.Hash}
	}
	receipt, err := receipts.Parse(object.Data)
	switch {
	case errors.Is(err, receipts.ErrNull):
		return nil, nil
	case err != nil:
		return nil, &ReceiptError{l.branch.Name, file.Path, err, file.Hash}
	case receipt.ID() != id:
		return nil, &ReceiptError{l.branch.Name, file.Path, fmt.Errorf("its inputs give it the id %s", receipt.ID()), file.Hash}
	}
	return &Entry{ID: id, Receipt: receipt, Blob: file.Hash}, nil
}

// validated makes an entry whose receipt breaks a rule of the format an error.
func (l *Ledger) validated(entry *Entry, err error) (*Entry, error) {
	if entry == nil || err != nil {
		return entry, err
	}
	if err := entry.Receipt.Validate(); err != nil {
		return nil, &ReceiptError{l.branch.Name, entry.ID.Path(), err, entry.Blob}
	}
	return entry, nil
}

// At is the ledger of a branch that is known already.
func At(repository *gitcmd.Repository, branch gitcmd.Branch) *Ledger {
	return &Ledger{repository: repository, branch: branch}
}
