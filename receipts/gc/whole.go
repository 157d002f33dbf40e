package gc

import (
	"context"
	"fmt"
	"strings"

	"github.com/git-datapact/git-datapact/gitcmd"
)

// whole refuses a repository that does not hold all receipts there are: one with a
// part of the history, and one that is behind a remote. It returns the commits that
// the remotes' branches and tags are at.
func (c *collection) whole(ctx context.Context) ([]gitcmd.Hash, error) {
	if err := whole(ctx, c.repository); err != nil {
		return nil, err
	}
	if c.opts.Offline {
		return nil, nil
	}
	remotes, err := c.repository.Remotes(ctx)
	if err != nil {
		return nil, err
	}
	var tips []gitcmd.Hash
	for _, remote := range remotes {
		known, err := c.current(ctx, remote)
		if err != nil {
			return nil, err
		}
		tips = append(tips, known...)
	}
	return tips, nil
}

// whole refuses a repository with a part of the history.
func whole(ctx context.Context, repository *gitcmd.Repository) error {
	why, err := repository.Incomplete(ctx)
	if err == nil && why != "" {
		err = gitcmd.WithHint(fmt.Errorf("this is %s, which does not hold every receipt", why),
			"run it in a full clone, or make this one full with 'git fetch --unshallow' or 'git fetch --refetch'")
	}
	return err
}

// shown is how many of many names an error shows.
const shown = 5

// current refuses when a remote has branches or tags at commits that are not here.
func (c *collection) current(ctx context.Context, remote string) ([]gitcmd.Hash, error) {
	refs, err := c.repository.RemoteRefs(ctx, remote)
	if err != nil {
		return nil, gitcmd.WithHint(err, "its receipts may not all be here; with --offline they are taken to be")
	}
	hashes := make([]gitcmd.Hash, len(refs))
	names := make(map[gitcmd.Hash]string, len(refs))
	for i, ref := range refs {
		hashes[i] = ref.Hash
		names[ref.Hash] = strings.TrimPrefix(strings.TrimPrefix(ref.Name, "refs/heads/"), "refs/")
	}
	missing, err := c.repository.Missing(ctx, hashes)
	if err != nil || len(missing) == 0 {
		return hashes, err
	}
	var behind []string
	for _, hash := range missing {
		behind = append(behind, names[hash])
	}
	return nil, gitcmd.WithHint(fmt.Errorf("remote %s has commits that are not here, of %s", remote, few(behind)),
		fmt.Sprintf("bring them with 'git fetch --tags %s'", remote))
}

// few lists the first of some names.
func few(names []string) string {
	if len(names) > shown {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:shown], ", "), len(names)-shown)
	}
	return strings.Join(names, ", ")
}
