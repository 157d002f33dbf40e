package ledger

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
)

// A Selector names one receipt of a branch. At most one of Revision, Key and
// Before is set; with none of them it names the newest, or Back before it.
//
//	BRANCH               the newest by timestamp
//	BRANCH@ID            by its id, or the first digits of it
//	BRANCH@COMMIT        as a commit recorded it
//	BRANCH@{KEY=VALUE}   the newest of which the nearest metadata say so, see [Lineage.Values]
//	BRANCH@{tag=NAME}    the one that a tag names; metadata where there is no such tag
//	BRANCH@{2016-10-12}  the newest at or before a day or a time (UTC)
//	BRANCH@{2 days ago}  likewise, see [ParseTime]
//	BRANCH@{N}           the N-th before the newest
//	TAG                  the one that a tag names, where no branch has the name
//	ID                   the one of any branch, where neither a branch nor a tag has the name
//	HEAD, @              the current branch
//
// An id has 4 to 40 hexadecimal digits, a commit as many or, where objects are named by
// SHA-256, up to 64; any other @ is part of the branch's name.
type Selector struct {
	Branch   string // "" for the current branch
	Revision string
	Key      string
	Value    string
	Before   time.Time
	Back     int
}

// mostDigits are those of a commit that is named by SHA-256.
const mostDigits = 64

// isRevision reports whether text can be the id of a receipt or a commit, or the
// first digits of one.
func isRevision(text string) bool {
	return len(text) >= 4 && len(text) <= mostDigits && strings.Trim(text, "0123456789abcdef") == ""
}

// ParseSelector reads a selector as a person writes it. Its errors are of the command
// line, see [gitcmd.Usage].
func ParseSelector(text string) (Selector, error) {
	s, err := parseSelector(text)
	if err != nil {
		return s, gitcmd.Usage(err)
	}
	return s, nil
}

func parseSelector(text string) (Selector, error) {
	if branch, inner, ok := strings.Cut(text, "@{"); ok {
		inner, closed := strings.CutSuffix(inner, "}")
		if !closed {
			return Selector{}, fmt.Errorf("selector %q: the brace is not closed", text)
		}
		return parseBraces(text, branch, inner)
	}
	s := Selector{Branch: text}
	if text == "@" { // as git has it
		s.Branch = "HEAD"
	}
	if at := strings.LastIndexByte(text, '@'); at >= 0 && isRevision(strings.ToLower(text[at+1:])) {
		s.Branch, s.Revision = text[:at], strings.ToLower(text[at+1:])
	}
	return s, s.checkBranch(text)
}

func parseBraces(text, branch, inner string) (Selector, error) {
	s := Selector{Branch: branch}
	var ok bool
	if s.Key, s.Value, ok = strings.Cut(inner, "="); ok {
		if s.Key == "" {
			return Selector{}, fmt.Errorf("selector %q: the key is empty", text)
		}
		return s, s.checkBranch(text)
	}
	s.Key = ""
	if n, err := strconv.ParseUint(inner, 10, 31); err == nil {
		s.Back = int(n)
		return s, s.checkBranch(text)
	}
	before, err := ParseTime(inner)
	if err != nil {
		return Selector{}, fmt.Errorf("selector %q: want KEY=VALUE, a number, or a date such as 2016-10-12 or '2 days ago' in the braces", text)
	}
	s.Before = before
	return s, s.checkBranch(text)
}

func (s Selector) checkBranch(text string) error {
	if s.Branch == "" || s.Branch == "HEAD" {
		return nil
	}
	if err := gitcmd.CheckBranchName(s.Branch); err != nil {
		return fmt.Errorf("selector %q: %w", text, err)
	}
	return nil
}

// conditions are those of the selector's braces.
func (s Selector) conditions() []receipts.Condition {
	if s.Key == "" {
		return nil
	}
	return []receipts.Condition{{Key: s.Key, Op: "=", Value: s.Value}}
}

// Resolve returns the entry that a selector names on this branch. The error for
// none is [gitcmd.ErrNotFound].
func (l *Ledger) Resolve(ctx context.Context, s Selector) (*Entry, error) {
	if s.Revision != "" {
		return l.resolveRevision(ctx, s.Revision)
	}
	var unseen []string
	lineage := NewLineage(l.repository, func(err error) { unseen = append(unseen, err.Error()) })
	if entry, err := Newest(l.pick(ctx, s, lineage)); entry != nil || err != nil {
		return entry, err
	}
	switch {
	case s.Key != "":
		err := fmt.Errorf("receipt of %s with %s=%s: %w", l.branch.Name, s.Key, s.Value, gitcmd.ErrNotFound)
		if len(unseen) > 0 {
			err = gitcmd.WithHint(err, "some of its lineage could not be read: "+strings.Join(unseen, "; "))
		}
		return nil, err
	case s.Back > 0:
		return nil, fmt.Errorf("receipt of %s, %d before the newest: %w", l.branch.Name, s.Back, gitcmd.ErrNotFound)
	case !s.Before.IsZero():
		return nil, fmt.Errorf("receipt of %s at or before %s: %w", l.branch.Name, s.Before.Format(time.RFC3339), gitcmd.ErrNotFound)
	}
	return nil, l.noReceipts(ctx)
}

// noReceipts is [NoReceipts], or says that all that the branch has are left out.
func (l *Ledger) noReceipts(ctx context.Context) error {
	for _, err := range l.Log(ctx) {
		if err == nil && l.leave != nil {
			return gitcmd.WithHint(&missingReceipts{l.branch.Name, "only unplanned receipts"},
				fmt.Sprintf("'git datapact status --explain %s' says why; each can still be named by its id", l.branch.Name))
		}
		break
	}
	return NoReceipts(l.branch.Name)
}

// Newest is the first of a list that is newest first, nil for an empty one. The error is
// that of the first entry, and that a shallow clone does not know which one it is.
func Newest(list iter.Seq2[*Entry, error]) (*Entry, error) {
	var first *Entry
	for entry, err := range list {
		switch {
		case err != nil:
			return nil, err
		case first == nil && !entry.Tied:
			return entry, nil
		case first == nil:
			first = entry
		case entry.Tied && entry.Receipt.Timestamp == first.Receipt.Timestamp:
			return nil, gitcmd.WithHint(fmt.Errorf("the newest receipt of %s is not known in this shallow clone: several were recorded at %s",
				first.Receipt.Branch, first.Receipt.Timestamp), "bring the whole history with 'git fetch --unshallow', or name one by its id, as 'git datapact log' lists them")
		default:
			return first, nil
		}
	}
	return first, nil
}

func (l *Ledger) resolveRevision(ctx context.Context, revision string) (*Entry, error) {
	if id, err := receipts.ParseID(revision); err == nil {
		if entry, err := l.Find(ctx, id); !errors.Is(err, gitcmd.ErrNotFound) {
			return entry, err
		}
		return l.notCurrent(ctx, revision)
	}
	entries, err := l.Match(ctx, revision)
	if err != nil {
		return nil, err
	}
	switch len(entries) {
	case 0:
		return l.notCurrent(ctx, revision)
	case 1:
		return entries[0], nil
	}
	return nil, ambiguous(fmt.Sprintf("%s@%s", l.branch.Name, revision), entries)
}

// notCurrent resolves a revision that is the id of none of the branch's receipts: it names
// a commit, or a receipt that was retracted.
func (l *Ledger) notCurrent(ctx context.Context, revision string) (*Entry, error) {
	entry, err := l.resolveCommit(ctx, revision)
	if errors.Is(err, gitcmd.ErrNotFound) {
		if retracted := l.Retracted(ctx, revision); retracted != nil {
			return nil, retracted
		}
	}
	return entry, err
}

// resolveCommit finds the receipt that a commit of the branch recorded.
func (l *Ledger) resolveCommit(ctx context.Context, revision string) (*Entry, error) {
	name := l.branch.Name + "@" + revision
	commit, err := l.repository.ResolveCommit(ctx, revision)
	if errors.Is(err, gitcmd.ErrNotFound) {
		return nil, fmt.Errorf("receipt or commit %s: %w", name, gitcmd.ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	if on, err := l.repository.Ancestor(ctx, commit, l.branch.Commit); err != nil || !on {
		return nil, errors.Join(err, fmt.Errorf("commit %s is not on branch %s: %w", commit.Short(), l.branch.Name, gitcmd.ErrNotFound))
	}
	entries, err := l.Recorded(ctx, commit)
	switch {
	case err != nil:
		return nil, err
	case len(entries) == 0:
		return nil, fmt.Errorf("receipt in commit %s: %w", commit.Short(), gitcmd.ErrNotFound)
	case len(entries) > 1:
		return nil, ambiguous(name, entries)
	}
	return entries[0], nil
}

// Recorded lists the receipts that one commit recorded, by path.
func (l *Ledger) Recorded(ctx context.Context, commit gitcmd.Hash) ([]*Entry, error) {
	logged, err := l.repository.LogLast(ctx, string(commit), folder)
	if errors.Is(err, gitcmd.ErrNotFound) || err == nil && logged.Commit != commit {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var entries []*Entry
	l.read(ctx, present(logged.Files), func(entry *Entry, failed error) bool {
		if err = failed; err == nil {
			entry.Commit = commit
			entries = append(entries, entry)
		}
		return err == nil
	})
	return entries, err
}

func ambiguous(name string, entries []*Entry) error {
	var ids []string
	for _, entry := range entries {
		if ids = append(ids, string(entry.ID)); len(ids) == 5 {
			break
		}
	}
	return gitcmd.WithHint(fmt.Errorf("%s is ambiguous: it names %d receipts", name, len(entries)),
		"they are "+strings.Join(ids, ", "))
}

// A Leave reports whether a receipt is left out where it is not named by its id or its
// commit.
type Leave func(context.Context, *Entry) (bool, error)

// Select lists the current receipts that a selector's braces accept, newest first, but for
// those that are left out as the ledger was opened.
func (l *Ledger) Select(ctx context.Context, s Selector) iter.Seq2[*Entry, error] {
	return l.pick(ctx, s, NewLineage(l.repository, func(error) {}))
}

func (l *Ledger) pick(ctx context.Context, s Selector, lineage *Lineage) iter.Seq2[*Entry, error] {
	choice := Query{Selector: s}.choice()
	all := l.Choose(ctx, choice, choice.may)
	if !choice.narrows() {
		all = l.newestFirst(ctx, all)
	}
	all = lineage.fulfilling(ctx, choice.Where, all)
	if l.leave == nil && s.Back == 0 {
		return all
	}
	return func(yield func(*Entry, error) bool) {
		back := s.Back
		for entry, err := range all {
			left := false
			if err == nil && l.leave != nil {
				left, err = l.leave(ctx, entry)
			}
			if err == nil && !left && back > 0 {
				left, back = true, back-1
			}
			if !left && !yield(entry, err) {
				return
			}
		}
	}
}

// OpenSelector reads a selector and opens its branch, the current one where it names
// none, and leaves out what leave, if it is not nil, says.
func OpenSelector(ctx context.Context, repository *gitcmd.Repository, text string, leave Leave) (*Ledger, Selector, error) {
	selector, err := ParseSelector(text)
	if err != nil {
		return nil, selector, err
	}
	current := selector.Branch == "" || selector.Branch == "HEAD"
	if current {
		if selector.Branch, err = CurrentBranch(ctx, repository); err != nil {
			return nil, selector, err
		}
	}
	l, selector, err := openSelected(ctx, repository, selector)
	if missing, ok := errors.AsType[*missingBranch](err); ok && current {
		err = gitcmd.WithHint(fmt.Errorf("the current branch %s has no commits yet", missing.name),
			"name a dataset branch, as 'git datapact status' lists them, or start one with 'git datapact branch'")
	}
	if err == nil {
		l.leave = leave
	}
	return l, selector, err
}

// openSelected opens the branch of a selector. One that a tag stands for names the receipt
// of the tag.
func openSelected(ctx context.Context, repository *gitcmd.Repository, selector Selector) (*Ledger, Selector, error) {
	if selector.Key == "tag" {
		l, tagged, err := openTag(ctx, repository, selector.Value)
		if err == nil && tagged.Branch != selector.Branch {
			err = gitcmd.Negative(fmt.Errorf("tag %s names a receipt of %s, not of %s", selector.Value, tagged.Branch, selector.Branch))
		}
		if !errors.Is(err, gitcmd.ErrNotFound) || isRetracted(err) {
			return l, tagged, err
		}
	}
	l, err := openBranch(ctx, repository, selector.Branch)
	if missing, ok := errors.AsType[*missingBranch](err); ok && selector == (Selector{Branch: missing.name}) {
		if l, tagged, tagErr := openTag(ctx, repository, selector.Branch); !errors.Is(tagErr, gitcmd.ErrNotFound) || isRetracted(tagErr) {
			return l, tagged, tagErr
		}
		if isRevision(selector.Branch) {
			return openHolder(ctx, repository, selector.Branch, err)
		}
	}
	return l, selector, withNextStep(ctx, repository, err)
}

// openHolder opens the one branch that has a receipt whose id begins so. The error for none
// is that of a branch of this name.
func openHolder(ctx context.Context, repository *gitcmd.Repository, id string, none error) (*Ledger, Selector, error) {
	branches, err := repository.ReadableBranches(ctx)
	if err != nil {
		return nil, Selector{}, err
	}
	var holder *Ledger
	var whole receipts.ID
	var found []string
	for _, branch := range branches {
		l := At(repository, branch)
		entries, err := l.Match(ctx, id)
		if err != nil {
			return nil, Selector{}, err
		}
		for _, entry := range entries {
			holder, whole = l, entry.ID
			found = append(found, branch.Name+"@"+string(entry.ID[:12]))
		}
	}
	switch {
	case len(found) == 0:
		return nil, Selector{}, withNextStep(ctx, repository, none)
	case len(found) > 1:
		return nil, Selector{}, gitcmd.WithHint(gitcmd.Negative(fmt.Errorf("%s is ambiguous: it names %d receipts", id, len(found))),
			"they are "+strings.Join(found[:min(len(found), 5)], ", "))
	}
	return holder, Selector{Branch: holder.branch.Name, Revision: string(whole)}, nil
}

func isRetracted(err error) bool {
	_, ok := errors.AsType[*RetractedError](err)
	return ok
}

// CurrentBranch is the branch that a command works on when it is told none.
func CurrentBranch(ctx context.Context, repository *gitcmd.Repository) (string, error) {
	name, err := repository.Head(ctx)
	if errors.Is(err, gitcmd.ErrDetached) {
		return "", gitcmd.WithHint(err, "name the branch")
	}
	return name, err
}

// Lookup returns the entry that a selector names, but for what leave says. That there is
// none is a negative answer.
func Lookup(ctx context.Context, repository *gitcmd.Repository, text string, leave Leave) (*Entry, error) {
	l, selector, err := OpenSelector(ctx, repository, text, leave)
	if err != nil {
		return nil, err
	}
	return l.Lookup(ctx, selector)
}

// Lookup is [Ledger.Resolve], for which there is no answer but no.
func (l *Ledger) Lookup(ctx context.Context, selector Selector) (*Entry, error) {
	entry, err := l.Resolve(ctx, selector)
	if errors.Is(err, gitcmd.ErrNotFound) {
		err = gitcmd.Negative(err)
	}
	return entry, err
}

// SplitPath splits SELECTOR:PATH.
func SplitPath(text string) (selector, path string, err error) {
	start := 0
	if open := strings.Index(text, "@{"); open >= 0 {
		start = max(open, strings.LastIndex(text, "}:"))
	}
	if i := strings.IndexByte(text[start:], ':'); i >= 0 {
		selector, path = text[:start+i], text[start+i+1:]
	}
	if path == "" {
		return "", "", fmt.Errorf("%q names no output, want SELECTOR:PATH", text)
	}
	return selector, path, nil
}
