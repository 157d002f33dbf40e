package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
)

// MergeDriver is the command that git is told to merge receipts with: it calls [Newer].
const MergeDriver = "git datapact pull --merge-driver %O %A %B %P"

// SetUpMerge has git's own merge, pull and rebase merge receipts by [MergeDriver], unless
// the repository has another driver of that name.
func SetUpMerge(ctx context.Context, repository *gitcmd.Repository) error {
	return repository.MergeWith(ctx, gitcmd.MergeDriver{
		Name: "datapact", Title: "the newer execution of a receipt", Command: MergeDriver, Pattern: folder + "/**/*.json",
	})
}

// Newer chooses between two recordings of the execution that a path names: the one with the
// later timestamp or, of one second, that whose bytes are greater, so that everybody who
// merges the two chooses the same. Anything but two receipts of that path is an error, and so
// are two different ones without inputs: the second alone gave both their id, and neither is
// another execution of the other.
func Newer(path string, ours, theirs []byte) ([]byte, error) {
	id, ok := receipts.IDFromPath(path)
	if !ok {
		return nil, fmt.Errorf("%s is not the path of a receipt", path)
	}
	inputs := 0
	read := func(side string, data []byte) (receipts.Timestamp, error) {
		receipt, err := receipts.Parse(data)
		if err == nil {
			err = receipt.Validate()
		}
		if err == nil && receipt.ID() != id {
			err = fmt.Errorf("its inputs give it the id %s", receipt.ID())
		}
		if err != nil {
			return receipts.Timestamp{}, fmt.Errorf("reading receipt %s of %s: %w", path, side, err)
		}
		inputs = len(receipt.Input)
		return receipt.Timestamp, nil
	}
	our, err := read("our side", ours)
	their, theirErr := read("their side", theirs)
	if err = errors.Join(err, theirErr); err != nil {
		return nil, gitcmd.WithHint(err, "choose one of the two with 'git checkout --ours' or '--theirs', then 'git add' it")
	}
	if inputs == 0 && !bytes.Equal(ours, theirs) {
		return nil, gitcmd.WithHint(fmt.Errorf("%s: both sides recorded a receipt without inputs at %s, with different results", path, our),
			"give up with 'git merge --abort' or 'git rebase --abort'; 'git datapact pull' keeps both")
	}
	if c := our.Compare(their); c > 0 || c == 0 && bytes.Compare(ours, theirs) > 0 {
		return ours, nil
	}
	return theirs, nil
}
