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
	standing, err := true, error(nil) // the branch is there
	if c.Whole() {
		err = c.FetchBranches(ctx, remote.Extent{}, branch)
	} else if standing, err = c.FetchCommitWith(ctx, v.Ref, branch); errors.Is(err, gitcmd.ErrNotFound) {
		err = gone
	}
	if err != nil {
		return nil, err
	}
	commit, err := c.ReadCommit(ctx, v.Ref)
	if errors.Is(err, gitcmd.ErrNotFound) {
		return nil, gone
	}
	if err != nil {
		return nil, err
	}
	place := remote.Place{Tree: commit.Tree, Path: v.Receipt.Path()}
	places := []remote.Place{place}
	var tip gitcmd.CommitInfo
	if standing {
		if tip, err = c.Tip(ctx, branch); err != nil {
			return nil, err
		}
		places = append(places, remote.Place{Tree: tip.Tree, Path: place.Path})
	}
	found, err := c.Find(ctx, places...)
	if err != nil {
		return nil, err
	}
	if found[0] == "" {
		return nil, fmt.Errorf("version %s of branch %s has no receipt %s", v.Ref, branch, v.Receipt)
	}
	if err := c.Bring(ctx, nil, place); err != nil {
		return nil, err
	}
	entry, err := ledger.At(c.Here(), gitcmd.Branch{Name: branch, Commit: v.Ref}).Find(ctx, v.Receipt)
	if err != nil {
		return nil, err
	}
	if entry.Receipt.Branch != branch {
		return nil, fmt.Errorf("version %s belongs to branch %s, not to %s", v.Ref, entry.Receipt.Branch, branch)
	}
	entry.Commit = v.Ref
	if standing && found[1] == "" {
		return nil, takenBack(ctx, c, branch, tip, commit, v.Receipt)
	}
	return entry, nil // where the branch is gone, the version is all there is
}

// takenBack is the error about a receipt that the tip of a branch does not have any more. It
// says why as far as the server tells.
func takenBack(ctx context.Context, c *remote.Clone, branch string, tip, recorded gitcmd.CommitInfo, id receipts.ID) error {
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
