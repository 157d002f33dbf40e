package gitcmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Modes of files that are not regular ones.
const (
	SymlinkMode   = "120000"
	SubmoduleMode = "160000"
)

// treesAtOnce is how many folders are read in one exchange.
const treesAtOnce = 1000

// FilesWithin lists the files below a folder of a commit, "" for its top, without those in
// folders that enter refuses, sorted by path. It starts no process for it. A folder that is
// not there has none.
func (r *Repository) FilesWithin(ctx context.Context, commit Hash, folder string, enter func(folder string) bool) ([]File, error) {
	var files []File
	folders, trees := []string{folder}, []string{string(commit) + ":" + folder}
	for len(trees) > 0 {
		n := min(len(trees), treesAtOnce)
		read, err := r.Objects(ctx, trees[:n])
		if errors.Is(err, ErrNotFound) && len(files) == 0 && folders[0] == folder {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("listing the files of %s: %w", commit.Short(), err)
		}
		at := folders[:n]
		folders, trees = folders[n:], trees[n:]
		for i, tree := range read {
			if tree.Kind != Tree {
				continue // a file, where a folder was named
			}
			entries, err := decodeTree(tree)
			if err != nil {
				return nil, err
			}
			for _, entry := range entries {
				name := strings.TrimPrefix(at[i]+"/"+entry.Name, "/")
				if !entry.isFolder() {
					files = append(files, File{Path: name, Mode: entry.canonical(), Hash: entry.Hash})
				} else if enter(name) {
					folders, trees = append(folders, name), append(trees, string(entry.Hash))
				}
			}
		}
	}
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return files, nil
}

// TreeOf names the tree that holds some files and nothing else. They are sorted by path. No
// object is written.
func (r *Repository) TreeOf(ctx context.Context, files []File) (Hash, error) {
	where, err := r.where(ctx)
	if err != nil {
		return "", err
	}
	return treeOf(where.format, files, 0), nil
}

// treeOf names the tree of files in a folder whose path, with a slash at its end, is so long.
func treeOf(format Format, files []File, folder int) Hash {
	var entries []treeEntry
	for len(files) > 0 {
		name, _, below := strings.Cut(files[0].Path[folder:], "/")
		entry := treeEntry{files[0].Mode, name, files[0].Hash}
		n := 1
		if below {
			path := files[0].Path[:folder+len(name)+1]
			for n < len(files) && strings.HasPrefix(files[n].Path, path) {
				n++
			}
			entry.Mode, entry.Hash = folderMode, treeOf(format, files[:n], len(path))
		}
		entries = append(entries, entry)
		files = files[n:]
	}
	sortTree(entries)
	return format.name(Tree, encodeTree(entries))
}

// ExportFiles writes files into a folder that exists, as a checkout would. It uses no
// worktree and no index of the repository.
func (r *Repository) ExportFiles(ctx context.Context, files []File, dir string) error {
	var list bytes.Buffer
	for _, file := range files {
		fmt.Fprintf(&list, "%s %s\t%s\x00", file.Mode, file.Hash, file.Path)
	}
	if err := r.export(ctx, dir, &list, "update-index", "-z", "--index-info"); err != nil {
		return fmt.Errorf("exporting files: %w", err)
	}
	return nil
}
