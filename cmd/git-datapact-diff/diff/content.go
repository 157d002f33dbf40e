package diff

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/cmd/internal/storeflag"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/receipts/archive"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// content has git show how one output differs. What one receipt does not have is as good as
// empty there, as a file that is new or gone is for git.
func (c *command) content(ctx context.Context, env *frame.Env, repository *gitcmd.Repository, catalog jobs.Opener, before, after *ledger.Entry) (err error) {
	if !filepath.IsLocal(c.Content) {
		return gitcmd.Usage(fmt.Errorf("--content %q: want the path of an output", c.Content))
	}
	a, err := c.FindArchive(ctx, env, repository, catalog, storeflag.Reading)
	if err != nil {
		return err
	}
	defer storeflag.CloseArchive(a)
	defer c.MissingHint(ctx, repository, catalog, &err)
	folder, err := os.MkdirTemp("", "git-datapact-diff-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	sides := []string{path.Join("a", c.Content), path.Join("b", c.Content)}
	missing := 0
	for i, entry := range []*ledger.Entry{before, after} {
		err := bring(ctx, a, entry, c.Content, filepath.Join(folder, filepath.FromSlash(sides[i])))
		if errors.Is(err, archive.ErrNoOutput) {
			sides[i] = os.DevNull
			missing++
			err = nil
		}
		if err != nil {
			return err
		}
	}
	if missing == 2 {
		return gitcmd.WithHint(gitcmd.Negative(fmt.Errorf("output %q: %w in either receipt", c.Content, gitcmd.ErrNotFound)), "'git datapact ls' lists the outputs")
	}
	status, err := env.Attached(ctx, folder, "git", "diff", "--no-index", "--no-prefix", "--exit-code", "--", sides[0], sides[1])
	switch {
	case err != nil:
		return fmt.Errorf("showing how %q differs: %w", c.Content, err)
	case status == 1:
		return gitcmd.ErrNegative
	case status != 0:
		return fmt.Errorf("showing how %q differs: git diff ended with status %d", c.Content, status)
	}
	return nil
}

// bring writes an output into a file, verified. The error where the receipt has none of that
// name is [archive.ErrNoOutput].
func bring(ctx context.Context, a *archive.Archive, entry *ledger.Entry, name, file string) error {
	content, err := a.Open(ctx, entry, name, nil)
	if err != nil {
		return err
	}
	defer content.Close()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fs.FileMode(0o600))
	if err != nil {
		return err
	}
	_, err = io.Copy(f, content)
	return errors.Join(err, f.Close())
}
