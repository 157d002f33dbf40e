package jobs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// nothing is the text of a job that says nothing.
const nothing = "{}\n"

// Text is the job of a local branch as it is written there, and the blob that holds it:
// "" where the branch has none.
func Text(ctx context.Context, repository *gitcmd.Repository, name string) ([]byte, gitcmd.Hash, error) {
	branch, err := ledger.LocalBranch(ctx, repository, name)
	if err != nil {
		return nil, "", err
	}
	return textAt(ctx, repository, branch)
}

func textAt(ctx context.Context, repository *gitcmd.Repository, branch gitcmd.Branch) ([]byte, gitcmd.Hash, error) {
	if branch.Commit == "" {
		return []byte(nothing), "", nil
	}
	object, err := repository.Object(ctx, string(branch.Commit)+":"+File)
	if errors.Is(err, fs.ErrNotExist) {
		return []byte(nothing), "", nil
	}
	if err == nil && object.Kind != gitcmd.Blob {
		err = fmt.Errorf("%s:%s is not a file", branch.Name, File)
	}
	if err != nil {
		return nil, "", err
	}
	return object.Data, object.Hash, nil
}

// Revise commits another text of the job of a local branch, in the place of the blob
// before. A text that is not a job is refused ([gitcmd.ErrNegative]), and so is any where
// the job is not as it was before. After a [gitcmd.SyncError] the commit is returned beside it.
func Revise(ctx context.Context, repository *gitcmd.Repository, name string, before gitcmd.Hash, text []byte, message string) (gitcmd.Hash, error) {
	for try := 0; ; try++ {
		commit, err := reviseOnce(ctx, repository, name, before, text, message)
		if !errors.Is(err, gitcmd.ErrMoved) {
			return commit, err
		}
		if err := gitcmd.Backoff(ctx, try); err != nil {
			return "", err
		}
	}
}

func reviseOnce(ctx context.Context, repository *gitcmd.Repository, name string, before gitcmd.Hash, text []byte, message string) (gitcmd.Hash, error) {
	branch, err := ledger.LocalBranch(ctx, repository, name)
	if err != nil {
		return "", err
	}
	_, now, err := textAt(ctx, repository, branch)
	if err != nil {
		return "", err
	}
	if now != before {
		return "", fmt.Errorf("the job of %s was changed meanwhile", name)
	}
	commit, err := repository.Commit(ctx, gitcmd.NewCommit{
		Parent: branch.Commit, Changes: []gitcmd.Change{{Path: File, Data: text}}, Message: message + "\n",
	})
	if err != nil {
		return "", err
	}
	if err := checkRevision(ctx, repository, gitcmd.Branch{Name: name, Commit: commit}); err != nil {
		return "", err
	}
	err = repository.Advance(ctx, branch, commit, []string{File}, "datapact: change the job of "+name)
	if err != nil && !gitcmd.IsSyncError(err) {
		return "", err
	}
	return commit, err
}

// checkRevision reads the job of a commit that no branch has yet: as every other command
// will, with what its program sees of the environment here.
func checkRevision(ctx context.Context, repository *gitcmd.Repository, branch gitcmd.Branch) error {
	value, err := commitTree(repository, branch).Evaluate(ctx, File)
	var job *Job
	if err == nil {
		job, err = readJob(branch, value)
	}
	if err == nil {
		err = checkCircle(ctx, repository, branch.Name, job.InputBranches())
	}
	if err != nil && ctx.Err() == nil {
		return gitcmd.Negative(err)
	}
	return err
}
