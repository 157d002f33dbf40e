package exchange

import (
	"context"

	"github.com/git-datapact/git-datapact/gitcmd"
)

// A Distance tells how a dataset branch stands to that of the remote.
type Distance struct {
	Branch        string
	Ahead, Behind int  // commits, which are recordings for the most part
	Missing       bool // only the remote has it
}

// Distances compares the dataset branches with those of the main remote, as they were when
// it was last fetched from, or as they are now. Branches that the remote does not have are
// left out, and all are where there is no main remote, "".
func Distances(ctx context.Context, repository *gitcmd.Repository, fetch bool) (distances []Distance, remote string, err error) {
	if remote, err = repository.MainRemote(ctx); err != nil || remote == "" {
		return nil, "", err
	}
	tracking, err := repository.Tracking(ctx, remote)
	if err == nil && fetch {
		_, err = repository.Fetch(ctx, tracking)
	}
	if err != nil {
		if !fetch {
			err = nil // a remote whose branches are not kept here
		}
		return nil, remote, err
	}
	pairs, err := pairUp(ctx, repository, tracking)
	if err != nil {
		return nil, remote, err
	}
	for _, p := range pairs {
		d := Distance{Branch: p.name, Missing: p.local.Commit == ""}
		if p.theirs.Commit == "" {
			continue
		}
		if !d.Missing && p.local.Commit != p.theirs.Commit {
			if d.Ahead, d.Behind, err = p.apart(ctx); err != nil {
				return nil, remote, err
			}
		}
		distances = append(distances, d)
	}
	return distances, remote, nil
}
