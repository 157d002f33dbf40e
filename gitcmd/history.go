package gitcmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
)

// A HistoryRange says which commits [Repository.History] walks.
type HistoryRange struct {
	Reflogs bool   // beside all refs, what they were before as far as git remembers it
	Also    []Hash // commits, whether or not a ref leads to them
	Not     []Hash // nothing that these lead to
}

// History walks all commits that any ref of the repository leads to, in every
// worktree, through all parents, and yields what each did to any path. A merge
// comes once for each parent. So every version of every file is among the Files of
// some entry, and under each of its paths. Grafts and replaced objects do not count.
func (r *Repository) History(ctx context.Context, what HistoryRange) iter.Seq2[LogEntry, error] {
	args := []string{"log", "--all", "--root", "--diff-merges=separate", "--raw", "-z", "--no-abbrev", "--no-renames", "--no-relative",
		"--no-color", "--no-show-signature", "--no-follow", "--no-notes", "--no-mailmap", "--format=%x01%H %ct %P"}
	if what.Reflogs {
		args = append(args, "--reflog")
	}
	var revisions bytes.Buffer
	for _, hash := range what.Also {
		fmt.Fprintln(&revisions, hash)
	}
	for _, hash := range what.Not {
		fmt.Fprintf(&revisions, "^%s\n", hash)
	}
	return func(yield func(LogEntry, error) bool) {
		git := r.git.with("GIT_NO_REPLACE_OBJECTS=1")
		git.stdin = &revisions
		err := git.stream(ctx, func(out io.Reader) error {
			return readLog(out, func(entry LogEntry) error {
				if !yield(entry, nil) {
					return errStop
				}
				return nil
			})
		}, append(args, "--stdin")...)
		if err != nil {
			yield(LogEntry{}, fmt.Errorf("reading the history of all branches: %w", err))
		}
	}
}

// Incomplete says what makes this repository hold only a part of its history, ""
// if nothing does.
func (r *Repository) Incomplete(ctx context.Context) (string, error) {
	where, err := r.where(ctx)
	if err != nil {
		return "", err
	}
	if where.shallow {
		return "a shallow clone", nil
	}
	if _, err := r.ConfigAll(ctx, "extensions.partialclone"); err != nil { // reads all of it
		return "", err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for key, values := range r.config {
		partial := strings.HasPrefix(key, "remote.") && (strings.HasSuffix(key, ".partialclonefilter") ||
			strings.HasSuffix(key, ".promisor") && values[len(values)-1].value != "false")
		if partial || key == "extensions.partialclone" {
			return "a partial clone", nil
		}
	}
	grafts, err := os.Stat(filepath.Join(where.common, "info", "grafts"))
	if err == nil && grafts.Size() > 0 {
		return "a repository with grafts", nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return "", err
}

// RemoteRefs asks a remote for its branches and tags.
func (r *Repository) RemoteRefs(ctx context.Context, remote string) ([]Ref, error) {
	out, err := r.talk(ctx, r.git, remote, "ls-remote", "--quiet", "--heads", "--tags", "--", remote)
	if err != nil {
		return nil, fmt.Errorf("listing the branches of %s: %w", WithoutSecrets(remote), err)
	}
	var refs []Ref
	for line := range strings.Lines(string(out)) {
		if hash, name, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok {
			refs = append(refs, Ref{Name: name, Hash: Hash(hash)})
		}
	}
	return refs, nil
}

// Peel finds objects by their hashes; of tags, what is tagged. Those that are not in the
// repository are left out.
func (r *Repository) Peel(ctx context.Context, hashes []Hash) ([]Ref, error) {
	names := make([]string, len(hashes))
	for i, hash := range hashes {
		names[i] = string(hash) + "^{}"
	}
	objects, err := r.Headers(ctx, names)
	if err = exceptNotFound(err); err != nil {
		return nil, err
	}
	var found []Ref
	for _, object := range objects {
		if object != nil {
			found = append(found, Ref{Hash: object.Hash, Kind: object.Kind})
		}
	}
	return found, nil
}

// Missing lists those of some objects that are not in the repository.
func (r *Repository) Missing(ctx context.Context, hashes []Hash) ([]Hash, error) {
	var names bytes.Buffer
	for _, hash := range hashes {
		fmt.Fprintln(&names, hash)
	}
	out, err := r.git.pipe(ctx, &names, "cat-file", "--batch-check", "--buffer")
	if err != nil {
		return nil, fmt.Errorf("looking for objects: %w", err)
	}
	var missing []Hash
	for line := range strings.Lines(string(out)) {
		if name, ok := strings.CutSuffix(strings.TrimSpace(line), " missing"); ok {
			missing = append(missing, Hash(name))
		}
	}
	return missing, nil
}
