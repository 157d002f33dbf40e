package resource

import (
	"context"
	"errors"
	"fmt"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/gitcmd/remote"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/archive"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// In brings the receipt of a version into a folder, with its outputs unless the
// parameters say otherwise.
func In(ctx context.Context, request *Request, dir string, opts *Options) (*Answer, error) {
	entry, err := opts.lookUp(ctx, request)
	if err != nil {
		return nil, err
	}
	a := archive.Archive{}
	if !request.In.ReceiptOnly {
		if a.Store, err = opts.openStore(ctx, request); err != nil {
			return nil, err
		}
		defer a.Store.Close()
	}
	_, err = a.Fetch(ctx, entry, dir, &archive.FetchOptions{
		ReceiptOnly: request.In.ReceiptOnly, Paths: request.In.Paths, Raw: request.In.Raw, Progress: opts.Progress,
	})
	if err != nil {
		return nil, err
	}
	opts.logf("%s@%s", entry.Receipt.Branch, entry.ID)
	if !request.In.ReceiptOnly {
		opts.logOutputs(entry.Receipt)
	}
	return answer(entry), nil
}

// lookUp reads the receipt of the request's version.
func (o *Options) lookUp(ctx context.Context, request *Request) (entry *ledger.Entry, err error) {
	server, err := o.server(request.Source)
	if err != nil {
		return nil, err
	}
	defer server.Close()
	c, err := server.clone(ctx, func(ctx context.Context, c *remote.Clone) (err error) {
		entry, err = readVersionOf(ctx, c, request)
		return err
	})
	if err != nil {
		return nil, err
	}
	return entry, c.Close()
}

func (o *Options) openStore(ctx context.Context, request *Request) (*blobs.Store, error) {
	address, env, err := request.Source.Store()
	if err != nil {
		return nil, err
	}
	return o.OpenStore(ctx, address, env)
}

// readVersionOf reads the receipt that a version names from the commit it names.
func readVersionOf(ctx context.Context, c *remote.Clone, request *Request) (*ledger.Entry, error) {
	v, branch := request.Version, request.Source.Branch
	gone := gitcmd.WithHint(fmt.Errorf("version %s of branch %s no longer exists: the server does not have the commit", v.Ref, branch),
		"the branch was replaced; check finds the versions there are now")
	if c.Whole() {
		if err := c.FetchBranches(ctx, remote.Extent{}, branch); err != nil {
			return nil, err
		}
	} else if err := c.FetchCommit(ctx, v.Ref); errors.Is(err, gitcmd.ErrNotFound) {
		return nil, gone
	} else if err != nil {
		return nil, err
	}
	commit, err := c.ReadCommit(ctx, v.Ref)
	if errors.Is(err, gitcmd.ErrNotFound) {
		return nil, gone
	}
	if err != nil {
		return nil, err
	}
	found, err := c.Find(ctx, remote.Place{Tree: commit.Tree, Path: v.Receipt.Path()})
	if err != nil {
		return nil, err
	}
	if found[0] == "" {
		return nil, fmt.Errorf("version %s of branch %s has no receipt %s", v.Ref, branch, v.Receipt)
	}
	entry, err := ledger.At(c.Repository, gitcmd.Branch{Name: branch, Commit: v.Ref}).Find(ctx, v.Receipt)
	if err != nil {
		return nil, err
	}
	if entry.Receipt.Branch != branch {
		return nil, fmt.Errorf("version %s is of branch %s, and not of %s", v.Ref, entry.Receipt.Branch, branch)
	}
	entry.Commit = v.Ref
	return entry, checkStanding(ctx, c, branch, commit, v.Receipt)
}

// checkStanding refuses a receipt that was taken back since a commit recorded it, and says
// why as far as the server tells.
func checkStanding(ctx context.Context, c *remote.Clone, branch string, recorded gitcmd.CommitInfo, id receipts.ID) error {
	if !c.Whole() {
		err := c.FetchBranches(ctx, remote.Extent{Filter: remote.TwoLevels, Depth: 1}, branch)
		if errors.Is(err, gitcmd.ErrNotFound) {
			return nil // the branch is gone, and the version is all there is
		}
		if err != nil {
			return err
		}
	}
	tip, err := c.Tip(ctx, branch)
	if err != nil {
		return err
	}
	found, err := c.Find(ctx, remote.Place{Tree: tip.Tree, Path: id.Path()})
	if err != nil || found[0] != "" {
		return err
	}
	if !c.Whole() {
		err := c.FetchBranches(ctx, remote.Extent{Filter: remote.NoFolders, Since: recorded.Time}, branch)
		if err != nil && !errors.Is(err, remote.ErrNoneSince) {
			return err
		}
	}
	retraction, err := ledger.FindRetraction(ctx, c.Repository, tip.Hash, recorded.Hash, id)
	if err != nil {
		return err
	}
	if retraction == nil {
		return fmt.Errorf("receipt %s@%s was taken back: the branch does not have it any more", branch, id)
	}
	return &ledger.RetractedError{Branch: branch, ID: id, Retraction: *retraction}
}
