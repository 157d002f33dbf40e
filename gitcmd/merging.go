package gitcmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A MergeDriver is a command that git merges some files with, see gitattributes(5).
type MergeDriver struct {
	Name    string
	Title   string // what messages call it
	Command string // with %O, %A, %B and %P
	Pattern string // of the files
}

// MergeWith has all worktrees of the repository merge files by a driver. What is configured
// for its name already stays.
func (r *Repository) MergeWith(ctx context.Context, d MergeDriver) error {
	for key, value := range map[string]string{"name": d.Title, "driver": d.Command} {
		key = "merge." + d.Name + "." + key
		if _, set, err := r.Config(ctx, key); err != nil {
			return err
		} else if set {
			continue
		}
		if err := r.SetConfig(ctx, key, value); err != nil {
			return err
		}
	}
	return r.addAttribute(ctx, d.Pattern+" merge="+d.Name)
}

// addAttribute adds a line to the attributes that are the repository's own, and no file
// of a branch.
func (r *Repository) addAttribute(ctx context.Context, line string) error {
	where, err := r.where(ctx)
	if err != nil {
		return err
	}
	file := filepath.Join(where.common, "info", "attributes")
	data, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	lines := strings.Split(string(data), "\n")
	if slices.Contains(lines, line) {
		return nil
	}
	if len(data) > 0 && !strings.HasSuffix(string(data), "\n") {
		line = "\n" + line
	}
	sharing, err := r.Sharing(ctx)
	if err != nil {
		return err
	}
	if err := sharing.MkdirAll(filepath.Dir(file)); err != nil {
		return err
	}
	if err := sharing.WriteFile(file, append(data, line+"\n"...)); err != nil {
		return fmt.Errorf("setting git attributes: %w", err)
	}
	return nil
}
