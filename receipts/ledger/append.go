package ledger

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
)

// AppendOptions are what a recording may say beside its receipt.
type AppendOptions struct {
	// Build and URL name the build of a CI system that made the result. Build
	// becomes the subject of the commit.
	Build, URL string
	replay     bool
}

// Append records a receipt on the local branch name, which is created when it is
// the current, unborn one. It returns the entry as it was recorded.
//
// The receipt is dated no earlier than its inputs and than the newest that the branch
// holds, so that the last recording is the newest also after a clock was wrong. Within a
// second it is the history that tells. Only where that cannot tell the execution from
// one that the branch holds is the timestamp moved on: past that of an earlier execution
// on the same inputs, and, where there are no inputs and the id follows from the
// timestamp, to the next second whose id is free. Then Append waits until that second
// has come, a second at most, so that quick recordings do not run ahead of the clock.
//
// After a [gitcmd.SyncError] the entry is returned beside the error.
func Append(ctx context.Context, repository *gitcmd.Repository, receipt *receipts.Receipt, opts *AppendOptions) (*Entry, error) {
	if opts == nil {
		opts = &AppendOptions{}
	}
	if err := receipt.Validate(); err != nil {
		return nil, fmt.Errorf("receipt of %s: %w", receipt.Branch, err)
	}
	for try := 0; ; try++ {
		entry, err := appendOnce(ctx, repository, *receipt, opts)
		if !errors.Is(err, gitcmd.ErrMoved) {
			return entry, err
		}
		if err := gitcmd.Backoff(ctx, try); err != nil {
			return nil, err
		}
	}
}

func appendOnce(ctx context.Context, repository *gitcmd.Repository, receipt receipts.Receipt, opts *AppendOptions) (*Entry, error) {
	branch, err := LocalBranch(ctx, repository, receipt.Branch)
	if err != nil {
		return nil, err
	}
	l := At(repository, branch)
	known := l.recalled(ctx)
	finished, err := l.date(ctx, known, &receipt)
	if err != nil {
		return nil, err
	}
	if receipt.Timestamp != finished {
		if err := gitcmd.Wait(ctx, min(time.Until(receipt.Timestamp.Time()), time.Second)); err != nil {
			return nil, err
		}
	}
	entry := &Entry{ID: receipt.ID(), Receipt: &receipt}
	data, err := receipt.Encode()
	if err != nil {
		return nil, fmt.Errorf("encoding receipt of %s: %w", receipt.Branch, err)
	}
	message := commitMessage(entry, opts)
	entry.Commit, err = repository.Commit(ctx, gitcmd.NewCommit{
		Parent:  branch.Commit,
		Changes: []gitcmd.Change{{Path: entry.ID.Path(), Data: data}},
		Message: message,
		// Lists rely on a commit being no older than its receipt.
		NotBefore: receipt.Timestamp.Time(),
	})
	if err != nil {
		return nil, err
	}
	subject, _, _ := strings.Cut(message, "\n")
	err = repository.Advance(ctx, branch, entry.Commit, []string{entry.ID.Path()}, "datapact: "+subject)
	if err != nil && !gitcmd.IsSyncError(err) {
		return nil, err
	}
	l.noteLast(ctx, known, entry)
	return entry, err
}

// CheckBranch reports why receipts cannot be appended to a branch, before the work
// that leads to one is done.
func CheckBranch(ctx context.Context, repository *gitcmd.Repository, name string) error {
	if err := gitcmd.CheckBranchName(name); err != nil {
		return err
	}
	_, err := repository.ResolveCommit(ctx, "refs/heads/"+name)
	if errors.Is(err, gitcmd.ErrNotFound) {
		_, err = LocalBranch(ctx, repository, name)
	}
	return err
}

// LocalBranch finds the branch to commit to, which may be unborn.
func LocalBranch(ctx context.Context, repository *gitcmd.Repository, name string) (gitcmd.Branch, error) {
	branch, err := repository.Branch(ctx, name)
	if errors.Is(err, gitcmd.ErrNotFound) {
		branch, err = repository.Unborn(ctx, name)
	}
	if !errors.Is(err, gitcmd.ErrNotFound) {
		return branch, err
	}
	hint := fmt.Sprintf("start it with 'git datapact branch %s'", name)
	if local, err := repository.LocalBranches(ctx); err == nil {
		hint = gitcmd.SimilarBranch(name, local, hint)
	}
	if tracking, err := repository.FindBranch(ctx, name); err == nil {
		hint = fmt.Sprintf("start it from the remote's with 'git branch %s %s/%s'", name, tracking.Remote, name)
	}
	return branch, gitcmd.WithHint(fmt.Errorf("there is no local branch %s", name), hint)
}

// looked is how many of the last commits are looked at for the newest receipt of a
// branch. The last one has it, unless something else than Append put it there, or
// [Push] put others on top.
const looked = 8

// follow dates the receipt no earlier than its inputs and than the newest that the commit
// holds. It looks at the last recordings alone, however many there are. What a
// pseudo-branch says of its results are no dates of recordings. If the commit is the
// last recording, this has the newest.
func (l *Ledger) follow(ctx context.Context, known lastState, receipt *receipts.Receipt) error {
	commit := l.branch.Commit
	atLeast := func(t receipts.Timestamp) {
		if receipt.Timestamp.Before(t) {
			receipt.Timestamp = t
		}
	}
	for _, in := range receipt.Input {
		if !strings.HasPrefix(in.Branch, ":") {
			atLeast(in.Timestamp)
		}
	}
	if commit == "" {
		return nil
	}
	if last, err := receipts.ParseTimestamp(known.Timestamp); err == nil {
		atLeast(last)
		return nil
	}
	cut, err := l.repository.CutOff(ctx)
	if err != nil {
		return err
	}
	if cut[commit] { // all files seem to be of the last commit, which is as new as each of them
		info, err := l.repository.ReadCommit(ctx, commit)
		if err == nil {
			atLeast(receipts.NewTimestamp(info.Time))
		}
		return err
	}
	count := 0
	for logged, err := range l.repository.Log(ctx, string(commit), folder) {
		if err != nil {
			return err
		}
		files := present(logged.Files)
		if len(files) > portion { // a merge, or the last of a shallow clone: so here
			atLeast(receipts.NewTimestamp(logged.Time))
			break
		}
		objects, err := l.objects(ctx, files)
		if err != nil {
			return err
		}
		for i, object := range objects {
			if entry, err := l.decode(files[i], object); err == nil && entry != nil {
				atLeast(entry.Receipt.Timestamp)
			}
		}
		if count++; count == looked {
			break
		}
	}
	return nil
}

// date gives the receipt the timestamp that it has if it is recorded on the branch as it is,
// of which something may be known. It returns the one that it would have if no execution had
// to be told from it.
func (l *Ledger) date(ctx context.Context, known lastState, receipt *receipts.Receipt) (receipts.Timestamp, error) {
	if err := l.follow(ctx, known, receipt); err != nil {
		return receipts.Timestamp{}, err
	}
	finished := receipt.Timestamp
	return finished, l.distinguish(ctx, l.branch.Commit, receipt)
}

// Date gives a receipt the timestamp with which [Append] would record it now.
func Date(ctx context.Context, repository *gitcmd.Repository, receipt *receipts.Receipt) error {
	branch, err := LocalBranch(ctx, repository, receipt.Branch)
	if err == nil {
		l := At(repository, branch)
		_, err = l.date(ctx, l.recalled(ctx), receipt)
	}
	return err
}

// distinguish moves the receipt's timestamp on until it is not mistaken for an
// execution that the commit holds.
func (l *Ledger) distinguish(ctx context.Context, commit gitcmd.Hash, receipt *receipts.Receipt) error {
	for commit != "" {
		earlier, err := l.findAt(ctx, commit, receipt.ID())
		if _, bad := errors.AsType[*ReceiptError](err); errors.Is(err, gitcmd.ErrNotFound) || bad && len(receipt.Input) > 0 {
			return nil // there is none, or one that is none: it is put right
		}
		if err != nil {
			return err
		}
		if len(receipt.Input) > 0 {
			if next := earlier.Receipt.Timestamp.Add(time.Second); receipt.Timestamp.Compare(next) < 0 {
				receipt.Timestamp = next
			}
			return nil
		}
		next := receipt.Timestamp.Add(time.Second)
		if next == receipt.Timestamp {
			return fmt.Errorf("branch %s has a receipt of %s, and no receipt can have a later date", l.branch.Name, next)
		}
		receipt.Timestamp = next
	}
	return nil
}

// commitMessage is the message of a recording: a subject, the build's URL if
// there is one, and a line per input.
func commitMessage(entry *Entry, opts *AppendOptions) string {
	subject := "record " + string(entry.ID[:12])
	if opts.replay {
		subject = "replay " + string(entry.ID[:12])
	}
	if opts.Build != "" {
		subject = "build " + opts.Build
	}
	parts := []string{subject}
	if opts.URL != "" {
		parts = append(parts, opts.URL)
	}
	var inputs strings.Builder
	for _, input := range entry.Receipt.Input {
		inputs.WriteString(input.Line())
	}
	if inputs.Len() > 0 {
		parts = append(parts, strings.TrimSuffix(inputs.String(), "\n"))
	}
	return strings.Join(parts, "\n\n") + "\n"
}
