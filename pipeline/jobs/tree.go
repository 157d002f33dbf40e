package jobs

import (
	"context"
	"errors"
	"fmt"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jq"
)

// commitTree is the tree of a branch's commit.
func commitTree(repository *gitcmd.Repository, branch gitcmd.Branch) jq.Tree {
	return jq.Tree{Prefix: branch.Name + ":", Read: func(ctx context.Context, file string) ([]byte, error) {
		object, err := repository.Object(ctx, string(branch.Commit)+":"+file)
		if errors.Is(err, gitcmd.ErrNotFound) {
			return nil, fmt.Errorf("file %s of branch %s: %w", file, branch.Name, gitcmd.ErrNotFound)
		}
		if err != nil {
			return nil, err
		}
		if object.Kind != gitcmd.Blob {
			return nil, fmt.Errorf("%s:%s: not a file", branch.Name, file)
		}
		if object.Size > jq.MaxProgram {
			return nil, fmt.Errorf("%s:%s: %d bytes, more than %d", branch.Name, file, object.Size, jq.MaxProgram)
		}
		return object.Data, nil
	}}
}
