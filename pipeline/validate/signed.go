package validate

import (
	"context"
	"fmt"
	"slices"

	"github.com/git-datapact/git-datapact/gitcmd"
)

// A made commit is one whose signature counts.
type made struct {
	branch string
	commit gitcmd.Hash
}

// checkSignatures wants a good signature by an allowed signer of each commit.
func (c *checker) checkSignatures(ctx context.Context) error {
	for part := range slices.Chunk(c.commits, portion) {
		hashes := make([]gitcmd.Hash, len(part))
		for i, m := range part {
			hashes[i] = m.commit
		}
		signatures, err := c.repository.Signatures(ctx, hashes)
		if err != nil {
			return err
		}
		for _, m := range part {
			s := signatures[m.commit]
			if s.State == gitcmd.GoodSignature {
				continue
			}
			if err := c.find(Finding{Rule: Signed, Branch: m.branch, Commit: m.commit, Message: fmt.Sprintf("the commit %s", s.Says())}); err != nil {
				return err
			}
		}
	}
	return nil
}
