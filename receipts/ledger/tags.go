package ledger

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
)

// tagLine is what the message of a tag of a receipt ends with: BRANCH@ID, as in a
// retraction's on a line of its own.
const tagLine = `{"receipt":"`

// Tag gives a receipt a name of git's: a tag of the commit that recorded it.
func Tag(ctx context.Context, repository *gitcmd.Repository, name string, entry *Entry, message string, replace bool) error {
	branch := entry.Receipt.Branch
	if message == "" {
		message = fmt.Sprintf("%s@%s", branch, entry.ID[:12])
	}
	tag := gitcmd.Tag{Name: name, Commit: entry.Commit, Message: message + "\n\n" + tagLine + branch + "@" + string(entry.ID) + lineEnd + "\n"}
	err := repository.MakeTag(ctx, tag, replace)
	if errors.Is(err, gitcmd.ErrExists) {
		err = gitcmd.WithHint(err, "choose another name, or move it with --force")
	}
	return err
}

// A Tagged is a tag that names a receipt.
type Tagged struct {
	gitcmd.Tag
	Branch string
	ID     receipts.ID
}

// Tags lists the tags that say which receipt they name, sorted by name.
func Tags(ctx context.Context, repository *gitcmd.Repository) ([]Tagged, error) {
	tags, err := repository.Tags(ctx)
	if err != nil {
		return nil, err
	}
	var list []Tagged
	for _, tag := range tags {
		if tagged, ok := parseTag(tag); ok {
			list = append(list, tagged)
		}
	}
	return list, nil
}

func parseTag(tag gitcmd.Tag) (Tagged, bool) {
	at := strings.LastIndex(tag.Message, "\n"+tagLine)
	if at < 0 {
		return Tagged{}, false
	}
	line, _, _ := strings.Cut(tag.Message[at+1+len(tagLine):], "\n") // a signature may follow
	line, ok := strings.CutSuffix(line, lineEnd)
	i := strings.LastIndexByte(line, '@')
	if !ok || i < 0 {
		return Tagged{}, false
	}
	id, err := receipts.ParseID(line[i+1:])
	if err != nil || gitcmd.CheckBranchName(line[:i]) != nil {
		return Tagged{}, false
	}
	return Tagged{tag, line[:i], id}, true
}

// FindTag finds the receipt that a tag names: as it says itself, or else the one that the
// commit recorded. The error for no such tag is [gitcmd.ErrNotFound].
func FindTag(ctx context.Context, repository *gitcmd.Repository, name string) (Tagged, error) {
	tag, err := repository.Tag(ctx, name)
	if err != nil {
		return Tagged{}, err
	}
	return ReadTag(ctx, repository, tag)
}

// ReadTag is [FindTag] for a tag that was found.
func ReadTag(ctx context.Context, repository *gitcmd.Repository, tag gitcmd.Tag) (Tagged, error) {
	if tagged, ok := parseTag(tag); ok {
		return tagged, nil
	}
	name := tag.Name
	entries, err := At(repository, gitcmd.Branch{Name: name, Ref: name, Commit: tag.Commit}).Recorded(ctx, tag.Commit)
	switch {
	case err != nil:
		return Tagged{}, err
	case len(entries) == 1:
		return Tagged{tag, entries[0].Receipt.Branch, entries[0].ID}, nil
	case len(entries) > 1:
		return Tagged{}, ambiguous("tag "+name, entries)
	}
	return Tagged{}, gitcmd.WithHint(fmt.Errorf("tag %s names no receipt: commit %s recorded none", name, tag.Commit.Short()),
		"'git datapact tag' lists those that do, 'git datapact tag NAME SELECTOR' makes one")
}

// openTag opens the branch of a receipt that a tag names, as it was when it was tagged. A
// receipt that the branch has taken back since is an error, [*RetractedError].
func openTag(ctx context.Context, repository *gitcmd.Repository, name string) (*Ledger, Selector, error) {
	tagged, err := FindTag(ctx, repository, name)
	if err != nil {
		return nil, Selector{}, err
	}
	selector := Selector{Branch: tagged.Branch, Revision: string(tagged.ID)}
	now, err := repository.FindBranch(ctx, tagged.Branch)
	if err == nil {
		if _, err = At(repository, now).Find(ctx, tagged.ID); errors.Is(err, gitcmd.ErrNotFound) {
			if retracted := At(repository, now).Retracted(ctx, string(tagged.ID)); retracted != nil {
				return nil, selector, gitcmd.Negative(retracted)
			}
		}
	}
	if err != nil && !errors.Is(err, gitcmd.ErrNotFound) {
		return nil, selector, err
	}
	return At(repository, gitcmd.Branch{Name: tagged.Branch, Ref: "refs/tags/" + name, Commit: tagged.Commit}), selector, nil
}
