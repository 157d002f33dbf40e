package gitcmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// heads are the refs in which a worktree notes what it is at, or in the middle of.
var heads = []string{"HEAD", "ORIG_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "REBASE_HEAD", "BISECT_HEAD", "AUTO_MERGE", "MERGE_AUTOSTASH"}

// headFiles are like them, and can name several objects. They are files however a repository
// keeps its refs, see "pseudoref" in gitglossary(7).
var headFiles = []string{"FETCH_HEAD", "MERGE_HEAD"}

// Heads lists what the HEAD of every worktree holds where it names no branch, and its
// FETCH_HEAD, MERGE_HEAD and their like; of tags, what is tagged. What git has thrown
// away since is left out.
func (r *Repository) Heads(ctx context.Context) ([]Ref, error) {
	where, err := r.where(ctx)
	if err != nil {
		return nil, err
	}
	dirs, err := r.gitDirs(ctx)
	if err != nil {
		return nil, err
	}
	var hashes []Hash
	for _, dir := range dirs {
		files := headFiles
		if where.files {
			files = slices.Concat(heads, headFiles)
		} else {
			found, err := r.rootRefs(ctx, dir)
			if err != nil {
				return nil, err
			}
			hashes = append(hashes, found...)
		}
		for _, name := range files {
			found, err := readHead(filepath.Join(dir, name))
			if err != nil {
				return nil, err
			}
			hashes = append(hashes, found...)
		}
	}
	refs, err := r.Peel(ctx, hashes)
	if err != nil {
		err = fmt.Errorf("looking for what the worktrees are at: %w", err)
	}
	return refs, err
}

// rootRefs are what the heads of a git directory hold, where they are not files.
func (r *Repository) rootRefs(ctx context.Context, dir string) (hashes []Hash, err error) {
	git := r.git.with("GIT_DIR=" + dir)
	git.dir = dir
	out, warnings, err := git.run(ctx, nil, append([]string{"for-each-ref", "--include-root-refs", "--format=%(objectname) %(symref)"}, heads...)...)
	if err == nil && warnings != "" {
		err = errors.New(firstComplaint(warnings))
	}
	if err == nil {
		err = git.findHead(ctx, "HEAD")
	}
	if err != nil {
		return nil, fmt.Errorf("looking for what %s is at: %w", dir, err)
	}
	for line := range strings.Lines(string(out)) {
		if hash, symref, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " "); symref == "" {
			hashes = append(hashes, Hash(hash))
		}
	}
	return hashes, nil
}

// readHead reads such a file, which need not be there.
func readHead(path string) ([]Hash, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	hashes, ok := parseHead(string(text))
	if !ok && (filepath.Base(path) != "FETCH_HEAD" || len(text) > 0) { // a fetch can bring nothing
		return nil, WithHint(fmt.Errorf("file %s cannot be read: it does not name an object", path),
			"end what git is in the middle of there, such as a merge, or delete the file")
	}
	return hashes, nil
}

// parseHead reads the hashes of such a file, each at the beginning of a line; none of
// one that names a ref.
func parseHead(text string) (hashes []Hash, ok bool) {
	if strings.HasPrefix(text, "ref: ") {
		return nil, true
	}
	for line := range strings.Lines(text) {
		text, _, _ := strings.Cut(strings.TrimSpace(line), "\t")
		hash, err := ParseHash(text)
		if err != nil {
			return nil, false
		}
		hashes = append(hashes, hash)
	}
	return hashes, len(hashes) > 0
}

// gitDirs are the git directories of all worktrees.
func (r *Repository) gitDirs(ctx context.Context) ([]string, error) {
	where, err := r.where(ctx)
	if err != nil {
		return nil, err
	}
	dirs := []string{where.common}
	linked, err := os.ReadDir(filepath.Join(where.common, "worktrees"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, dir := range linked {
		if dir.IsDir() {
			dirs = append(dirs, filepath.Join(where.common, "worktrees", dir.Name()))
		}
	}
	return dirs, nil
}

// An Index is that of a worktree, as it was written last.
type Index struct {
	path    string
	size    int64
	written time.Time
}

// Indexes lists those of all worktrees. Two are equal that are the same file with the
// same content.
func (r *Repository) Indexes(ctx context.Context) ([]Index, error) {
	dirs, err := r.gitDirs(ctx)
	if err != nil {
		return nil, err
	}
	var list []Index
	for _, dir := range dirs {
		path := filepath.Join(dir, "index")
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		list = append(list, Index{path, info.Size(), info.ModTime()})
	}
	return list, nil
}

// Indexed lists the files of an index, each once for every side of a conflict.
func (r *Repository) Indexed(ctx context.Context, index Index) iter.Seq2[File, error] {
	git := r.git.with("GIT_DIR="+filepath.Dir(index.path), "GIT_INDEX_FILE="+index.path)
	git.dir = filepath.Dir(index.path)
	return func(yield func(File, error) bool) {
		err := git.stream(ctx, func(out io.Reader) error {
			return readRecords(out, func(record string) error {
				head, path, _ := strings.Cut(record, "\t") // "<mode> <hash> <stage>" and the path
				fields := strings.Fields(head)
				if len(fields) != 3 {
					return fmt.Errorf("git ls-files answered %q", record)
				}
				if !yield(File{Path: path, Mode: fields[0], Hash: Hash(fields[1])}, nil) {
					return errStop
				}
				return nil
			})
		}, "ls-files", "--stage", "-z")
		if err != nil {
			yield(File{}, fmt.Errorf("listing %s: %w", index.path, err))
		}
	}
}
