package edit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"

	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/gitcmd"
)

// A draft is the job of a branch while a person edits it: a file in the git directory,
// which stays where it could not be committed.
type draft struct {
	dir  string
	path string // of the text
	lock *flock.Flock
}

// openDraft makes the draft of a branch from its job, or finds an earlier one that was
// made from the same.
func openDraft(ctx context.Context, repository *gitcmd.Repository, branch string, text []byte) (*draft, error) {
	dir, sharing, err := repository.DataFolder(ctx, "edit", fmt.Sprintf("%x", sha256.Sum256([]byte(branch)))[:16])
	if err != nil {
		return nil, err
	}
	d := &draft{dir: dir, path: filepath.Join(dir, "job.json")}
	if d.lock, err = sharing.Lock(dir + ".lock"); err != nil {
		return nil, err
	}
	locked, err := d.lock.TryLock()
	if err == nil && !locked {
		err = fmt.Errorf("the job of %s is being edited", branch)
	}
	if err == nil {
		err = d.fill(sharing, text)
	}
	if err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

// fill writes the draft, unless there is one of the same job.
func (d *draft) fill(sharing gitcmd.Sharing, text []byte) error {
	base := filepath.Join(d.dir, "base.json")
	was, err := os.ReadFile(base)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	kept, err := os.ReadFile(d.path)
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	case err == nil && bytes.Equal(was, text):
		return nil
	case err == nil && !bytes.Equal(was, kept):
		return gitcmd.WithHint(fmt.Errorf("%s is left of an earlier edit, and the job has changed since", d.path),
			"take from it what you need, and delete it")
	}
	return errors.Join(sharing.WriteFile(base, text), sharing.WriteFile(d.path, text))
}

// edit opens the draft in the editor of whoever is there.
func (d *draft) edit(ctx context.Context, repository *gitcmd.Repository) ([]byte, error) {
	editor, err := repository.Git(ctx, nil, "var", "GIT_EDITOR")
	if err != nil {
		return nil, gitcmd.WithHint(fmt.Errorf("looking for an editor: %w", err), "set core.editor or $GIT_EDITOR, or give the job with --file")
	}
	if err := frame.Edit(strings.TrimSpace(string(editor)), d.path); err != nil {
		return nil, err
	}
	return os.ReadFile(d.path)
}

// drop removes the draft.
func (d *draft) drop() error { return os.RemoveAll(d.dir) }

// close lets somebody else edit the job.
func (d *draft) close() { _ = d.lock.Close() }
