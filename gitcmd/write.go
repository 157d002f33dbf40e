package gitcmd

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/storage/memory"
)

// A NewCommit is a commit to be made.
type NewCommit struct {
	Parent  Hash // "" for the first commit of a branch
	Changes []Change
	Message string
	// Env is added to git's environment, for GIT_AUTHOR_DATE and its like.
	Env []string
}

// Commit writes the blobs, the changed trees and the commit, and returns its
// hash. No ref names it yet: see [Repository.UpdateRef]. Author, committer and
// their dates follow git's own rules.
func (r *Repository) Commit(ctx context.Context, c NewCommit) (Hash, error) {
	var base Hash
	if c.Parent != "" {
		root, err := r.Object(ctx, string(c.Parent)+"^{tree}")
		if err != nil {
			return "", err
		}
		base = root.Hash
	}
	editor := treeEditor{repository: r, written: newPack()}
	tree, err := editor.edit(ctx, base, c.Changes)
	if err != nil {
		return "", err
	}
	if err := r.writePack(ctx, editor.written); err != nil {
		return "", fmt.Errorf("writing objects: %w", err)
	}
	return r.commitTree(ctx, tree, c)
}

// Recommit makes the commit again on another parent, with its author and its
// message, from the changes given.
func (r *Repository) Recommit(ctx context.Context, original, parent Hash, changes []Change) (Hash, error) {
	raw, err := r.Object(ctx, string(original))
	if err != nil {
		return "", err
	}
	var c object.Commit
	if err := c.Decode(memoryObject(plumbing.CommitObject, raw.Data)); err != nil {
		return "", fmt.Errorf("decoding commit %s: %w", original, err)
	}
	return r.Commit(ctx, NewCommit{Parent: parent, Changes: changes, Message: c.Message, Env: []string{
		"GIT_AUTHOR_NAME=" + c.Author.Name,
		"GIT_AUTHOR_EMAIL=" + c.Author.Email,
		"GIT_AUTHOR_DATE=" + fmt.Sprintf("@%d %s", c.Author.When.Unix(), c.Author.When.Format("-0700")),
	}})
}

func (r *Repository) commitTree(ctx context.Context, tree Hash, c NewCommit) (Hash, error) {
	args := []string{"commit-tree", string(tree)}
	if c.Parent != "" {
		args = append(args, "-p", string(c.Parent))
	}
	git := r.git
	if len(c.Env) > 0 {
		git = git.with(c.Env...)
	}
	out, err := git.pipe(ctx, strings.NewReader(c.Message), append(args, "-F", "-")...)
	if err != nil {
		return "", identHint(fmt.Errorf("making the commit: %w", err))
	}
	return Hash(strings.TrimSpace(string(out))), nil
}

func identHint(err error) error {
	if text := err.Error(); strings.Contains(text, "ident") {
		return WithHint(err, "tell git who you are: git config --global user.name NAME, user.email ADDRESS")
	}
	return err
}

// writePack sends the objects to git, which stores each under its own rules for
// compression and syncing.
func (r *Repository) writePack(ctx context.Context, p *pack) error {
	data, err := p.encode()
	if err != nil {
		return err
	}
	_, err = r.git.pipe(ctx, bytes.NewReader(data), "unpack-objects", "-q")
	return err
}

// A pack collects new objects in memory.
type pack struct {
	storage *memory.Storage
	hashes  []plumbing.Hash
}

func newPack() *pack { return &pack{storage: memory.NewStorage()} }

func (p *pack) put(o *plumbing.MemoryObject) plumbing.Hash {
	hash := o.Hash()
	if _, known := p.storage.Objects[hash]; !known {
		_, _ = p.storage.SetEncodedObject(o) // to memory: it cannot fail
		p.hashes = append(p.hashes, hash)
	}
	return hash
}

// encode returns the pack's bytes, every object whole (no deltas).
func (p *pack) encode() ([]byte, error) {
	var out bytes.Buffer
	_, err := packfile.NewEncoder(&out, p.storage, false).Encode(p.hashes, 0)
	return out.Bytes(), err
}
