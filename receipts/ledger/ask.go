package ledger

import (
	"context"
	"strings"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
)

// The parts of the message of a request: a commit without changes that asks an engine
// for executions of the branch's job, by their ids, each on a line of its own.
const (
	requestSubject = "request "
	requestLine    = `{"request":"`
)

// Ask asks for executions of the job of a branch: it makes a request on the local
// branch.
func Ask(ctx context.Context, repository *gitcmd.Repository, name string, ids []receipts.ID) (gitcmd.Hash, error) {
	return announce(ctx, repository, name, requestSubject, requestLine, ids, "")
}

// Asked finds the executions that were asked for after one commit of a branch and up to
// another, and that were not recorded after that: each with the last request of it. The
// first commit is "" for the beginning.
func Asked(ctx context.Context, repository *gitcmd.Repository, from, to gitcmd.Hash) (map[receipts.ID]gitcmd.Hash, error) {
	revision := string(to)
	if from != "" {
		revision = string(from) + ".." + revision
	}
	requests := map[gitcmd.Hash][]receipts.ID{}
	for message, err := range repository.Messages(ctx, revision, "^"+requestSubject) {
		if err != nil {
			return nil, err
		}
		if ids := parseRequest(message.Text); len(ids) > 0 {
			requests[message.Commit] = ids
		}
	}
	asked := map[receipts.ID]gitcmd.Hash{}
	if len(requests) == 0 {
		return asked, nil
	}
	settled := map[receipts.ID]bool{}
	for commit, err := range repository.Log(ctx, revision, "") { // newest first
		if err != nil {
			return nil, err
		}
		for _, file := range commit.Files {
			if id, ok := receipts.IDFromPath(file.Path); ok && file.Hash != "" {
				settled[id] = true
			}
		}
		for _, id := range requests[commit.Commit] {
			if _, known := asked[id]; !known && !settled[id] {
				asked[id] = commit.Commit
			}
		}
	}
	return asked, nil
}

// parseRequest lists the executions that a message asks for, none if it is another.
func parseRequest(message string) []receipts.ID {
	if !strings.HasPrefix(message, requestSubject) {
		return nil
	}
	return listed(message, requestLine)
}
