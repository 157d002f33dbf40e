package folder

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/git-datapact/git-datapact/blobs/backend"
)

// A folderBatch stages files beside the objects, on the same file system.
type folderBatch struct {
	folder  *Folder
	staging *staging
	opened  *os.File // the staging's folder, open since before the first write
}

// Begin starts a batch whose files are beside the objects.
func (f *Folder) Begin(ctx context.Context) (backend.Batch, error) {
	b, err := f.stage(ctx)
	if err != nil {
		return nil, f.explain(fmt.Errorf("staging an upload: %w", err))
	}
	return b, nil
}

func (f *Folder) stage(ctx context.Context) (*folderBatch, error) {
	if err := makeDurable(f.dir); err != nil {
		return nil, err
	}
	parent := filepath.Join(f.dir, backend.Incoming)
	if _, err := makeFolder(parent); err != nil {
		return nil, err
	}
	s, err := newStaging(ctx, parent, sharingOf(f.dir))
	if err != nil {
		return nil, err
	}
	opened, err := os.Open(s.Dir)
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return &folderBatch{folder: f, staging: s, opened: opened}, nil
}

// Create is part of [backend.Batch].
func (b *folderBatch) Create(context.Context, int64) (backend.StagedFile, error) {
	f, err := b.staging.createFile()
	if err != nil {
		return nil, err
	}
	return &writeBehind{File: f}, nil
}

// Discard is part of [backend.StagedFile].
func (w *writeBehind) Discard() error { return backend.Drop(w.Name()) }

// Close is part of [backend.Batch].
func (b *folderBatch) Close() error {
	return errors.Join(b.opened.Close(), b.staging.close())
}

// Publish syncs the staged bytes before any of them shows under its key, and
// then the folders in which keys appeared.
func (b *folderBatch) Publish(ctx context.Context, items []backend.Item) error {
	var staged []string
	for _, it := range items {
		if it.Path != "" {
			staged = append(staged, it.Path)
		}
	}
	if err := syncStaged(ctx, b.opened, staged); err != nil {
		return fmt.Errorf("syncing staged blobs: %w", err)
	}
	touched, err := b.placeAll(ctx, items)
	if err != nil {
		return err
	}
	if err := backend.Each(ctx, touched, syncDir); err != nil {
		return fmt.Errorf("syncing stored blobs: %w", err)
	}
	return nil
}

// placeAll gives the items their names. It returns the folders those are in
// and the ones above, up to the store's own.
func (b *folderBatch) placeAll(ctx context.Context, items []backend.Item) ([]string, error) {
	touched := make(map[string]bool)
	for _, it := range items {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("storing blob %q: %w", string(it.Key), err)
		}
		name, err := b.folder.locate(it.Key)
		if err == nil && it.Path != "" {
			err = b.place(ctx, it, name)
		}
		if err != nil {
			return nil, err
		}
		for dir := filepath.Dir(name); len(dir) >= len(b.folder.dir) && !touched[dir]; dir = filepath.Dir(dir) {
			touched[dir] = true
		}
	}
	return slices.Collect(maps.Keys(touched)), nil
}

// place gives a staged file its name, which another process may have taken.
func (b *folderBatch) place(ctx context.Context, it backend.Item, name string) error {
	rename := renameExclusive
	if it.Replace {
		rename = os.Rename
	}
	err := rename(it.Path, name)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err = makeFolder(filepath.Dir(name)); err == nil {
			err = rename(it.Path, name)
		}
	}
	if errors.Is(err, fs.ErrExist) {
		if same, holdsErr := backend.Holds(ctx, b.folder, it); holdsErr != nil || same {
			return holdsErr
		}
	}
	if err != nil {
		return b.folder.explain(fmt.Errorf("storing blob %q: %w", string(it.Key), err))
	}
	return nil
}

// makeDurable makes dir and what is missing above it, and syncs what it made.
func makeDurable(dir string) error {
	made, err := makeFolder(dir)
	if err != nil {
		return err
	}
	for _, d := range made {
		if err := syncDir(filepath.Dir(d)); err != nil {
			return err
		}
	}
	return nil
}
