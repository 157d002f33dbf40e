package remote

import (
	"context"
	"errors"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/git-datapact/git-datapact/gitcmd"
)

// A Folder is one of a commit.
type Folder struct {
	Tree gitcmd.Hash // of the commit
	Path string      // of the folder, "" for the top
}

// An item is a folder, or a file, that is to be brought.
type item struct {
	Folder
	file bool // the last name of the path is that of a file
}

// Bring makes sure that folders are here, with the names of what is in them alone, and
// files, in an exchange for each of their levels at most. Those that a commit does not have
// are left out. It holds their names: ask in portions.
func (c *Clone) Bring(ctx context.Context, folders []Folder, files ...Place) error {
	if c.whole {
		return nil
	}
	level := make(map[item]gitcmd.Hash, len(folders)) // what is reached of each path
	for _, folder := range folders {
		level[item{Folder: folder}] = folder.Tree
	}
	for _, place := range files {
		level[item{Folder(place), true}] = place.Tree
	}
	filter := nextLevel
	for depth := 0; len(level) > 0; depth++ {
		if err := c.bringMissing(ctx, filter, slices.Collect(maps.Values(level))); err != nil {
			return err
		}
		var err error
		if level, err = c.below(ctx, level, depth); err != nil {
			return err
		}
		filter = NoFolders
	}
	return nil
}

// bringMissing gets those objects that are not here.
func (c *Clone) bringMissing(ctx context.Context, filter Filter, objects []gitcmd.Hash) error {
	slices.Sort(objects)
	objects = slices.Compact(objects)
	names := make([]string, len(objects))
	for i, hash := range objects {
		names[i] = string(hash)
	}
	found, err := c.here.Headers(ctx, names)
	if err == nil || !errors.Is(err, gitcmd.ErrNotFound) {
		return err
	}
	var missing []gitcmd.Hash
	for i, hash := range objects {
		if found[i] == nil {
			missing = append(missing, hash)
		}
	}
	return c.FetchObjects(ctx, filter, missing)
}

// below goes one name down on each path. A path that ends is done.
func (c *Clone) below(ctx context.Context, level map[item]gitcmd.Hash, depth int) (map[item]gitcmd.Hash, error) {
	type tree struct{ folders, files map[string]gitcmd.Hash }
	next := make(map[item]gitcmd.Hash, len(level))
	read := map[gitcmd.Hash]tree{}
	for one, hash := range level {
		names := strings.Split(one.Path, "/")
		if one.Path == "" || depth >= len(names) {
			continue
		}
		if _, known := read[hash]; !known {
			folders, files, err := c.here.Tree(ctx, hash)
			if err != nil {
				return nil, err
			}
			read[hash] = tree{folders, files}
		}
		entries := read[hash].folders
		if one.file && depth == len(names)-1 {
			entries = read[hash].files
		}
		if below, ok := entries[names[depth]]; ok {
			next[one] = below
		}
	}
	return next, nil
}

// subfolders are the folders in a tree that is here.
func (c *Clone) subfolders(ctx context.Context, tree gitcmd.Hash) (map[string]gitcmd.Hash, error) {
	folders, _, err := c.here.Tree(ctx, tree)
	return folders, err
}

// BringChanged brings the folders that tell which files below a folder commits
// changed. The commits are in the order of [Clone.Commits].
func (c *Clone) BringChanged(ctx context.Context, commits []gitcmd.CommitInfo, folder string) error {
	if c.whole || len(commits) < 2 {
		return nil
	}
	var tops []Folder
	for _, commit := range commits {
		tops = append(tops, Folder{commit.Tree, folder})
	}
	if err := c.Bring(ctx, tops); err != nil {
		return err
	}
	var changed []gitcmd.Hash
	newer, err := c.foldersIn(ctx, tops[0])
	for _, top := range tops[1:] {
		if err != nil {
			return err
		}
		var older map[string]gitcmd.Hash
		if older, err = c.foldersIn(ctx, top); err != nil {
			return err
		}
		for name, hash := range newer {
			if older[name] != hash {
				changed = append(changed, hash)
			}
		}
		for name, hash := range older {
			if newer[name] != hash {
				changed = append(changed, hash)
			}
		}
		newer = older
	}
	return c.bringMissing(ctx, NoFolders, changed)
}

// foldersIn are the folders in one that is here, none where there is no such.
func (c *Clone) foldersIn(ctx context.Context, f Folder) (map[string]gitcmd.Hash, error) {
	tree, err := c.folder(ctx, f)
	if err != nil || tree == "" {
		return nil, err
	}
	return c.subfolders(ctx, tree)
}

// Folder brings a folder, and returns its tree, "" where there is no such.
func (c *Clone) Folder(ctx context.Context, f Folder) (gitcmd.Hash, error) {
	if err := c.Bring(ctx, []Folder{f}); err != nil {
		return "", err
	}
	return c.folder(ctx, f)
}

// folder is the tree of a folder that is here, "" where there is no such.
func (c *Clone) folder(ctx context.Context, f Folder) (gitcmd.Hash, error) {
	tree := f.Tree
	if f.Path == "" {
		return tree, nil
	}
	for name := range strings.SplitSeq(f.Path, "/") {
		folders, err := c.subfolders(ctx, tree)
		if err != nil {
			return "", err
		}
		if tree = folders[name]; tree == "" {
			return "", nil
		}
	}
	return tree, nil
}

// A Place is a file of a commit's tree.
type Place struct {
	Tree gitcmd.Hash
	Path string
}

// Folder is the one that the file is in.
func (p Place) Folder() Folder {
	folder := path.Dir(p.Path)
	if folder == "." {
		folder = ""
	}
	return Folder{p.Tree, folder}
}

// Find brings the folders that files are in, and returns the names of the files:
// "" for one that is not there. The files themselves stay where they are.
func (c *Clone) Find(ctx context.Context, places ...Place) ([]gitcmd.Hash, error) {
	var folders []Folder
	for _, place := range places {
		folders = append(folders, place.Folder())
	}
	if err := c.Bring(ctx, folders); err != nil {
		return nil, err
	}
	hashes := make([]gitcmd.Hash, len(places))
	for i, place := range places {
		tree, err := c.folder(ctx, folders[i])
		if err != nil {
			return nil, err
		}
		if tree == "" {
			continue
		}
		_, files, err := c.here.Tree(ctx, tree)
		if err != nil {
			return nil, err
		}
		hashes[i] = files[path.Base(place.Path)]
	}
	return hashes, nil
}

// BringFiles brings files by the names of what they hold, in one exchange.
func (c *Clone) BringFiles(ctx context.Context, blobs []gitcmd.Hash) error {
	if c.whole {
		return nil
	}
	return c.bringMissing(ctx, NoFolders, slices.Clone(blobs))
}
