package gitcmd

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A File is a path of a tree and the blob it holds.
type File struct {
	Path string // slash-separated, from the root of the tree
	Mode string // "100644", "100755", "120000"; "160000" for a commit of another repository
	Hash Hash

	// Before is what a change replaced, in each parent that had the file; none in a
	// list of files.
	Before []Hash
}

// Files lists the files below a folder of a commit or tree, sorted by path. A
// folder that is not there has none.
func (r *Repository) Files(ctx context.Context, treeish, folder string) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		for file, err := range r.listed(ctx, []string{"ls-tree", "-r", "-z", "--full-tree", treeish, folder + "/"}) {
			if err != nil {
				err = fmt.Errorf("listing %s of %s: %w", folder, treeish, err)
			}
			if !yield(file, err) {
				return
			}
		}
	}
}

// listed reads what `git ls-tree -z` prints.
func (r *Repository) listed(ctx context.Context, args []string) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		// Each tree is read once: to remember more of what they are deltas of takes only memory.
		args := append([]string{"-c", "core.deltaBaseCacheLimit=16m"}, args...)
		err := r.git.stream(ctx, func(out io.Reader) error {
			return readRecords(out, func(record string) error {
				file, err := parseTreeLine(record)
				if err == nil && !yield(file, nil) {
					return errStop
				}
				return err
			})
		}, args...)
		if err != nil {
			yield(File{}, err)
		}
	}
}

// parseTreeLine reads "<mode> <kind> <hash>\t<path>".
func parseTreeLine(line string) (File, error) {
	head, path, ok := strings.Cut(line, "\t")
	fields := strings.Fields(head)
	if !ok || len(fields) != 3 {
		return File{}, fmt.Errorf("git ls-tree answered %q", line)
	}
	return File{Path: path, Mode: fields[0], Hash: Hash(fields[2])}, nil
}

// readRecords calls visit with each NUL-terminated record.
func readRecords(r io.Reader, visit func(string) error) error {
	in := bufio.NewReaderSize(r, 64<<10)
	for {
		record, err := in.ReadString(0)
		if err == io.EOF && record == "" {
			return nil
		}
		if err != nil && err != io.EOF {
			return err
		}
		if err := visit(strings.TrimSuffix(record, "\x00")); err != nil {
			return err
		}
	}
}

// splitRecords splits NUL-terminated records.
func splitRecords(data []byte) []string {
	return strings.FieldsFunc(string(data), func(c rune) bool { return c == 0 })
}

// A Change puts a file at a path of a tree: new bytes, or a blob that the
// repository holds already. Or it removes the file, and folders that are empty then.
type Change struct {
	Path       string
	Data       []byte
	Blob       Hash // where set, Data is not used
	Executable bool
	Remove     bool // the others are not used
}

// A treeEditor makes the trees that a set of changes leads to. It reads the
// folders on the way and no others.
type treeEditor struct {
	repository *Repository
	written    *pack
}

// edit returns the tree that base ("" for the empty tree) becomes.
func (e *treeEditor) edit(ctx context.Context, base Hash, changes []Change) (Hash, error) {
	entries, err := e.entries(ctx, base)
	if err != nil {
		return "", err
	}
	below := map[string][]Change{}
	for _, change := range changes {
		name, rest, isFolder := strings.Cut(change.Path, "/")
		if isFolder {
			change.Path = rest
			below[name] = append(below[name], change)
			continue
		}
		if change.Remove {
			delete(entries, name)
			continue
		}
		entries[name] = e.file(name, change)
	}
	for name, changes := range below {
		var folder Hash
		if entry, ok := entries[name]; ok {
			if !entry.isFolder() {
				return "", fmt.Errorf("%s is a file on the branch, want a folder", name)
			}
			folder = entry.Hash
		}
		hash, err := e.edit(ctx, folder, changes)
		if err != nil {
			return "", err
		}
		if hash == e.written.format.emptyTree() {
			delete(entries, name)
			continue
		}
		entries[name] = treeEntry{folderMode, name, hash}
	}
	list := slices.Collect(maps.Values(entries))
	sortTree(list)
	return e.written.put(Tree, encodeTree(list)), nil
}

func (e *treeEditor) file(name string, change Change) treeEntry {
	entry := treeEntry{regularMode, name, change.Blob}
	if change.Executable {
		entry.Mode = executableMode
	}
	if entry.Hash == "" {
		entry.Hash = e.written.put(Blob, change.Data)
	}
	return entry
}

func (e *treeEditor) entries(ctx context.Context, tree Hash) (map[string]treeEntry, error) {
	entries := map[string]treeEntry{}
	if tree == "" {
		return entries, nil
	}
	raw, err := e.repository.Object(ctx, string(tree))
	if err != nil {
		return nil, err
	}
	if raw.Kind != Tree {
		return nil, fmt.Errorf("object %s is a %s, want a tree", tree, raw.Kind)
	}
	decoded, err := decodeTree(raw)
	for _, entry := range decoded {
		if _, twice := entries[entry.Name]; twice {
			return nil, Damaged(fmt.Errorf("tree %s has two entries of the name %q", raw.Hash, entry.Name))
		}
		entries[entry.Name] = entry
	}
	return entries, err
}

// Tree reads what is in a tree: its folders and its files, by name.
func (r *Repository) Tree(ctx context.Context, tree Hash) (folders, files map[string]Hash, err error) {
	entries, err := (&treeEditor{repository: r}).entries(ctx, tree)
	if err != nil {
		return nil, nil, err
	}
	folders, files = map[string]Hash{}, map[string]Hash{}
	for name, entry := range entries {
		switch {
		case entry.isFolder():
			folders[name] = entry.Hash
		case entry.canonical() != SubmoduleMode:
			files[name] = entry.Hash
		}
	}
	return folders, files, nil
}

// Changed lists the paths in which two commits differ.
func (r *Repository) Changed(ctx context.Context, a, b Hash) ([]string, error) {
	out, err := r.git.output(ctx, "diff-tree", "-r", "-z", "--name-only", "--no-renames", string(a), string(b))
	if err != nil {
		return nil, fmt.Errorf("comparing %s and %s: %w", a.Short(), b.Short(), err)
	}
	return splitRecords(out), nil
}

// Export writes the files of a tree into a folder that exists, as a checkout would.
// It uses no worktree and no index of the repository.
func (r *Repository) Export(ctx context.Context, tree Hash, dir string) error {
	if err := r.export(ctx, dir, nil, "read-tree", string(tree)); err != nil {
		return fmt.Errorf("exporting tree %s: %w", tree, err)
	}
	return nil
}

// export writes the files of an index of its own, which a command fills from its input.
func (r *Repository) export(ctx context.Context, dir string, input io.Reader, fill ...string) error {
	index, err := os.MkdirTemp("", "git-datapact-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(index)
	if dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	git := r.git.with("GIT_INDEX_FILE=" + filepath.Join(index, "index"))
	if _, err := git.pipe(ctx, input, fill...); err != nil {
		return err
	}
	git = git.with("GIT_WORK_TREE=" + dir)
	_, err = git.output(ctx, "checkout-index", "--all", "--prefix="+filepath.ToSlash(dir)+"/")
	return err
}
