package gitcmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// A NewCommit is a commit to be made.
type NewCommit struct {
	Parent  Hash // "" for the first commit of a branch
	Changes []Change
	Message string
	// NotBefore is the earliest date of the commit; its parent's is another.
	NotBefore time.Time
	author    []string // the author's variables, where they are another commit's
	signed    bool     // the other commit was
}

// Commit writes the blobs, the changed trees and the commit, and returns its
// hash. No ref names it yet: see [Repository.UpdateRef]. Author, committer and
// their dates follow git's own rules, but the commit is never dated before its
// parent. It is signed as [Repository.SignWith] and git's configuration say.
func (r *Repository) Commit(ctx context.Context, c NewCommit) (Hash, error) {
	where, err := r.where(ctx)
	if err != nil {
		return "", err
	}
	var base Hash
	if c.Parent != "" {
		parent, err := r.readCommit(ctx, c.Parent)
		if err != nil {
			return "", err
		}
		base = parent.tree
		if at := parent.committer.at(); at.After(c.NotBefore) {
			c.NotBefore = at
		}
	}
	editor := treeEditor{repository: r, written: newPack(where.format)}
	tree, err := editor.edit(ctx, base, c.Changes)
	if err != nil {
		return "", err
	}
	sign, err := r.signArgs(ctx, c.signed)
	if err != nil {
		return "", err
	}
	var again *commitObject
	if sign == nil { // only git signs
		again, err = r.commitAgain(ctx, tree, c)
	}
	if err != nil {
		return "", err
	}
	var commit Hash
	if again != nil {
		commit = editor.written.put(Commit, again.encode())
	}
	if err := r.writePack(ctx, editor.written); err != nil {
		return "", fmt.Errorf("writing objects: %w", err)
	}
	if again != nil {
		return commit, nil
	}
	return r.commitTree(ctx, tree, c, sign)
}

// commitAgain makes a commit by whoever made the last one of this Repository: that
// saves a process for each commit after the first. It returns nil where the first is
// still to be made, or git has more to say in a commit than a name and a time.
func (r *Repository) commitAgain(ctx context.Context, tree Hash, c NewCommit) (*commitObject, error) {
	r.mu.Lock()
	last := r.committed
	r.mu.Unlock()
	if last == "" || len(c.author) > 0 || os.Getenv("GIT_AUTHOR_DATE") != "" || os.Getenv("GIT_COMMITTER_DATE") != "" {
		return nil, nil
	}
	made, err := r.readCommit(ctx, last)
	if err != nil || len(made.others) > 0 {
		return nil, err
	}
	now := time.Now().In(made.committer.at().Location())
	again := &commitObject{tree: tree, author: made.author.again(now), committer: made.committer.again(now), body: "\n" + c.Message}
	if c.NotBefore.After(now) {
		again.committer = made.committer.again(c.NotBefore.UTC())
	}
	if c.Parent != "" {
		again.parents = []Hash{c.Parent}
	}
	return again, nil
}

// A CommitInfo is what a commit says.
type CommitInfo struct {
	Hash, Tree, Parent Hash // the first parent, "" for none
	Merge              bool // it has several parents
	Time               time.Time
	Message            string // not told where several are listed
}

// ReadCommit reads a commit. The error for one that is not there is [ErrNotFound].
func (r *Repository) ReadCommit(ctx context.Context, hash Hash) (CommitInfo, error) {
	if hash == "" {
		return CommitInfo{}, ErrNotFound
	}
	decoded, err := r.readCommit(ctx, hash)
	if err != nil {
		return CommitInfo{}, err
	}
	info := CommitInfo{Hash: hash, Tree: decoded.tree, Merge: len(decoded.parents) > 1, Time: decoded.committer.at(), Message: decoded.message()}
	if len(decoded.parents) > 0 {
		info.Parent = decoded.parents[0]
	}
	return info, nil
}

// Recommit makes the commit again on another parent, with its author and what edit
// makes of its message, from the changes given. One that was signed is signed again, by whoever
// makes it now.
func (r *Repository) Recommit(ctx context.Context, original, parent Hash, changes []Change, edit func(string) string) (Hash, error) {
	c, err := r.readCommit(ctx, original)
	if err != nil {
		return "", err
	}
	name, address := c.author.by()
	at := c.author.at()
	return r.Commit(ctx, NewCommit{Parent: parent, Changes: changes, Message: edit(c.message()), signed: c.signed(), author: []string{
		"GIT_AUTHOR_NAME=" + name,
		"GIT_AUTHOR_EMAIL=" + address,
		"GIT_AUTHOR_DATE=" + fmt.Sprintf("@%d %s", at.Unix(), at.Format("-0700")),
	}})
}

func (r *Repository) readCommit(ctx context.Context, hash Hash) (*commitObject, error) {
	raw, err := r.Object(ctx, string(hash))
	if err != nil {
		return nil, err
	}
	if raw.Kind != Commit {
		return nil, fmt.Errorf("object %s is a %s, want a commit", hash, raw.Kind)
	}
	c, err := parseCommit(raw.Hash.Format(), raw.Data)
	if err != nil {
		return nil, fmt.Errorf("decoding commit %s: %w", hash, err)
	}
	return c, nil
}

func (r *Repository) commitTree(ctx context.Context, tree Hash, c NewCommit, sign []string) (Hash, error) {
	args := append([]string{"commit-tree", string(tree)}, sign...)
	if c.Parent != "" {
		args = append(args, "-p", string(c.Parent))
	}
	env := c.author
	if c.NotBefore.After(time.Now()) && os.Getenv("GIT_COMMITTER_DATE") == "" {
		env = append(env, fmt.Sprintf("GIT_COMMITTER_DATE=@%d +0000", c.NotBefore.Unix()))
	}
	out, err := r.git.with(env...).pipe(ctx, strings.NewReader(c.Message), append(args, "-F", "-")...)
	if err != nil {
		return "", identHint(signHint(fmt.Errorf("making the commit: %w", err), sign != nil))
	}
	commit := Hash(strings.TrimSpace(string(out)))
	if len(c.author) == 0 {
		r.mu.Lock()
		r.committed = commit
		r.mu.Unlock()
	}
	return commit, nil
}

// CheckIdentity refuses, before work is done that leads to a commit, where git does not
// know who commits.
func (r *Repository) CheckIdentity(ctx context.Context) error {
	for _, who := range []string{"GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"} {
		if _, err := r.git.output(ctx, "var", who); err != nil {
			return identHint(fmt.Errorf("looking for who commits: %w", err))
		}
	}
	return nil
}

func identHint(err error) error {
	if failed, ok := errors.AsType[*ExecError](err); ok && strings.Contains(failed.Stderr, "tell me who you are") {
		return WithHint(err, "tell git who you are: git config --global user.name NAME, user.email ADDRESS")
	}
	return err
}
