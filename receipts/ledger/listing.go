package ledger

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
)

// lineEnd ends each line of a message that names a receipt; how it begins says what is said
// of that receipt.
const lineEnd = `"}`

// listing is the message of a commit that says something of receipts: a subject that names
// the first, why, if that is told, and a line for each.
func listing(subject, line string, ids []receipts.ID, why string) string {
	var message strings.Builder
	fmt.Fprintf(&message, "%s%s", subject, ids[0][:12])
	if len(ids) > 1 {
		fmt.Fprintf(&message, " and %d more", len(ids)-1)
	}
	message.WriteString("\n\n")
	if why != "" {
		message.WriteString(why + "\n\n")
	}
	for _, id := range ids {
		message.WriteString(line + string(id) + lineEnd + "\n")
	}
	return message.String()
}

// listed lists the receipts that a message names on lines of a kind.
func listed(message, line string) []receipts.ID {
	var ids []receipts.ID
	for text := range strings.Lines(message) {
		if id, ok := parseLine(text, line); ok {
			ids = append(ids, id)
		}
	}
	return ids
}

// parseLine reads a line of a message, if it is of a kind.
func parseLine(text, line string) (receipts.ID, bool) {
	text, ok := strings.CutPrefix(strings.TrimSpace(text), line)
	text, end := strings.CutSuffix(text, lineEnd)
	id, err := receipts.ParseID(text)
	return id, ok && end && err == nil
}

// announce makes a commit without changes on a local branch, whose message lists receipts.
func announce(ctx context.Context, repository *gitcmd.Repository, name, subject, line string, ids []receipts.ID, why string) (gitcmd.Hash, error) {
	message := listing(subject, line, ids, why)
	for try := 0; ; try++ {
		branch, err := LocalBranch(ctx, repository, name)
		if err != nil {
			return "", err
		}
		commit, err := repository.Commit(ctx, gitcmd.NewCommit{Parent: branch.Commit, Message: message})
		if err != nil {
			return "", err
		}
		err = repository.Advance(ctx, branch, commit, nil, "datapact: "+strings.TrimSpace(subject))
		if !errors.Is(err, gitcmd.ErrMoved) {
			return commit, err
		}
		if err := gitcmd.Backoff(ctx, try); err != nil {
			return "", err
		}
	}
}
